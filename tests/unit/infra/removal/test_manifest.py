"""The manifest fits this project: who changes what it names changes it too."""

import ast
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from infra.removal.commands import ROOT
from infra.removal.manifest import Manifest, load
from infra.removal.removal import broken, copied, planned, remove, tracked

FIRST_SCRIPT = "migrations/001_create_display_collection.py"
OURS = ("app", "chalicelib", "infra", "migrations", "tests")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load()


@pytest.fixture(scope="module")
def left(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of the project when everything is removed that goes."""
    folder, files = tmp_path_factory.mktemp("removal"), tracked(ROOT)
    copied(ROOT, files, folder)
    remove(folder, planned(ROOT, files, manifest), manifest)
    return folder


def programs(folder: Path) -> Iterator[Path]:
    for name in OURS:
        yield from (folder / name).rglob("*.py") if (folder / name).is_dir() else [folder / f"{name}.py"]


def test_what_is_left_is_a_program(left: Path) -> None:
    assert [*broken(left, tracked(ROOT))] == []


@pytest.mark.long
def test_nothing_that_is_left_imports_what_went(left: Path) -> None:
    """Nor a name that a module does not have any more. What is imported inside of functions, types and tests find."""
    nodes = {path.relative_to(left): [*_top(ast.parse(path.read_text()).body)] for path in programs(left)}
    names = {_module(path): _names(found) for path, found in nodes.items()}
    missing = [
        f"{path}: {module}.{name}"
        for path, found in nodes.items()
        for module, name in _imports(found)
        if module.partition(".")[0] in OURS and f"{module}.{name}" not in names and name not in names.get(module, ())
    ]
    assert missing == []


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _top(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        for inner in ("body", "orelse", "handlers") if isinstance(statement, ast.If | ast.Try | ast.With) else ():
            yield from _top(getattr(statement, inner, ()))


def _imports(nodes: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def _names(nodes: Sequence[ast.stmt]) -> set[str]:
    """What a module defines or imports."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.For):
            found |= {
                name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
    return found


def test_a_database_that_has_the_first_script_need_not_have_it_again(left: Path) -> None:
    """The script is another text without the old backend, and says that today's did the same."""
    assert sha256((ROOT / FIRST_SCRIPT).read_bytes()).hexdigest() in (left / FIRST_SCRIPT).read_text()


def test_what_people_use_stays(left: Path) -> None:
    for name in (
        "chalicelib/api/v2",
        "chalicelib/api/components/views.py",
        "chalicelib/web/page",
        "chalicelib/handlers",
        "infra/simulation/memory/store.py",
        "migrations/017_create_v1_callers.py",
    ):
        assert (left / name).exists()
    for name in (
        "chalicelib/api/v1",
        "chalicelib/flags",
        "chalicelib/domain/migration",
        "chalicelib/services/migration",
        "infra/drills",
        "infra/rehearsal",
        "infra/removal",
        "infra/simulation/memory/migration",
        "infra/simulation/world.py",
    ):
        assert not (left / name).exists()
