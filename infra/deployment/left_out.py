"""What of the dependencies the deployment package does without: files that nothing of the application asks for.

Packaging refuses where an import leads to something that is left out: a newer version may need it.
"""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

from infra.errors import DeployError

POWERTOOLS = "aws_lambda_powertools"
ROOT_MODULE = "app"
# Nobody imports these.
FILES = (
    *("**/*.pyi", "**/py.typed", "**/*.c", "**/*.h", "**/*.md"),  # for type checkers, compilers and readers
    *("*.dist-info/RECORD", "*.dist-info/sboms"),  # for installers and auditors, who have requirements.txt
    *("cffi", "pycparser"),  # they build what cryptography has built already: it needs ``_cffi_backend`` alone
    "gridfs",
    "pydantic/mypy.py",
    *(
        f"{POWERTOOLS}/utilities/{each}"
        for each in (
            *("auth_alpha", "batch", "circuit_breaker", "data_masking", "idempotency", "kafka"),
            *("metadata", "parser", "streaming", "validation"),
        )
    ),
)
# These are imported in a function that the application does not call: the package or module, by whom, and when.
UNCALLED = {
    "pydantic/v1": ("pydantic._internal._generate_schema", "a field's type is of pydantic 1"),
    f"{POWERTOOLS}/event_handler": (f"{POWERTOOLS}.shared.functions", "a log line holds a model of pydantic"),
    f"{POWERTOOLS}/utilities/data_classes": (f"{POWERTOOLS}.event_handler.api_gateway", "routes are Powertools'"),
}


def leave_out(root: Path) -> None:
    """Remove what an unpacked package does without. Raises DeployError where an import leads there."""
    left_out = {file for pattern in (*FILES, *UNCALLED) for file in root.glob(pattern)}
    _refuse_if_missed(root, left_out)
    for each in left_out:
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink(missing_ok=True)


def _refuse_if_missed(root: Path, left_out: set[Path]) -> None:
    uncalled = {(root / name, by) for name, (by, _) in UNCALLED.items()}
    for name, file, by in imported(root, left_out):
        missed = {(each, by) for each in left_out & {file, *file.parents}}
        if missed - uncalled:
            raise DeployError(
                f"{by} imports {name}, which the package leaves out: take it from infra/deployment/left_out.py."
            )


def imported(root: Path, left_out: set[Path]) -> Iterator[tuple[str, Path, str]]:
    """The modules in a folder that the application imports, or what it imports: name, source, by whom.

    Imports in functions count, those for type checkers do not. What is left out imports nothing.
    """
    waiting, seen = [(ROOT_MODULE, "")], set[str]()
    while waiting:
        name, by = waiting.pop()
        if name in seen or not (file := _source(root, name)):
            continue
        yield name, file, by
        if left_out.isdisjoint({file, *file.parents}):
            seen.add(name)
            waiting += [(each, name) for each in _imports_of(name, file)]


def _source(root: Path, name: str) -> Path | None:
    place = root.joinpath(*name.split("."))
    return next((file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()), None)


def _imports_of(name: str, file: Path) -> Iterator[str]:
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    for statement in _statements(ast.parse(file.read_bytes())):
        if isinstance(statement, ast.Import):
            yield from (each for alias in statement.names for each in _with_parents(alias.name))
        elif isinstance(statement, ast.ImportFrom):
            source = _absolute(package, statement)
            yield from _with_parents(source)
            yield from (f"{source}.{alias.name}" for alias in statement.names)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.If) and ast.unparse(each.test).rpartition("typing.")[2] == "TYPE_CHECKING":
            each.body = []
        yield each
        yield from _statements(each)


def _absolute(package: str, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - statement.level + 1]
    return ".".join([*above, statement.module] if statement.module else above)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
