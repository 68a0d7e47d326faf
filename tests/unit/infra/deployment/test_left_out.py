"""What the package does without is removed, unless an import of the application leads there."""

import sysconfig
from pathlib import Path

import pytest

from infra.deployment.left_out import FILES, UNCALLED, leave_out
from infra.errors import DeployError

INSTALLED = Path(sysconfig.get_paths()["purelib"])
V1 = {"pydantic/__init__.py": "", "pydantic/v1/__init__.py": "", "pydantic/v1/main.py": ""}
SCHEMA = "pydantic/_internal/_generate_schema.py"


def unpacked(root: Path, app: str, sources: dict[str, str]) -> Path:
    """A package with these modules."""
    for name, source in {"app.py": app, **sources}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return root


def test_what_nobody_imports_is_removed(tmp_path: Path) -> None:
    asked = {"wing/module.py": "", "wing-1.dist-info/METADATA": ""}
    unasked = {"wing/module.pyi": "", "wing/README.md": "", "wing-1.dist-info/RECORD": "", "cffi/api.py": "import app"}
    root = unpacked(tmp_path, "import wing.module", asked | unasked)
    leave_out(root)
    left = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert left == {"app.py", *asked}


@pytest.mark.parametrize(
    "statement",
    [
        "import cffi",
        "import cffi.api",
        "from cffi.api import compiled",
        "from cffi import api as other",
        "def once():\n    import cffi",
        "try:\n    import cffi\nexcept ImportError:\n    cffi = None",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import cffi",
        "if not TYPE_CHECKING:\n    import cffi",
        "if cffi_is_there or TYPE_CHECKING:\n    import cffi",
    ],
)
def test_what_is_imported_stays_and_packaging_says_by_whom(tmp_path: Path, statement: str) -> None:
    sources = {"wing/__init__.py": "", "wing/module.py": statement, "cffi/__init__.py": "", "cffi/api.py": ""}
    root = unpacked(tmp_path, "from wing import module", sources)
    with pytest.raises(DeployError, match=r"wing\.module imports cffi.*left_out\.py"):
        leave_out(root)
    assert (root / "cffi").exists()


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("pydantic/generics.py", "from .v1 import main"),
        ("pydantic/inner/__init__.py", "from ..v1 import main"),
        ("pydantic/inner/module.py", "from ..v1.main import Model"),
        ("pydantic/__init__.py", "from . import v1"),
    ],
)
def test_a_relative_import_is_followed(tmp_path: Path, module: str, statement: str) -> None:
    root = unpacked(tmp_path, "import pydantic.generics, pydantic.inner.module", {**V1, module: statement})
    with pytest.raises(DeployError, match=r"imports pydantic\.v1"):
        leave_out(root)


@pytest.mark.parametrize(
    "statement", ["if TYPE_CHECKING:\n    import cffi", "if typing.TYPE_CHECKING:\n    from cffi import api"]
)
def test_what_a_type_checker_alone_imports_is_removed(tmp_path: Path, statement: str) -> None:
    root = unpacked(tmp_path, statement, {"cffi/__init__.py": ""})
    leave_out(root)
    assert not (root / "cffi").exists()


def test_what_is_never_called_is_removed_for_its_known_importer_alone(tmp_path: Path) -> None:
    sources = {**V1, SCHEMA: "def checked():\n    import pydantic.v1"}
    root = unpacked(tmp_path / "known", "import pydantic._internal._generate_schema", sources)
    leave_out(root)
    assert not (root / "pydantic" / "v1").exists()
    with pytest.raises(DeployError, match=r"app imports pydantic\.v1"):
        leave_out(unpacked(tmp_path / "other", "import pydantic.v1", sources))


@pytest.mark.parametrize("name", [name for name in (*FILES, *UNCALLED) if "*" not in name])
def test_each_name_is_one_of_the_dependencies(name: str) -> None:
    assert (INSTALLED / name).exists()
