"""A folder shows what fits on one look: at most sixteen modules, and no module of more than 400 lines."""

from collections import Counter
from pathlib import Path

import pytest

from infra.deployment.packaging import ROOT

ROOMS = ("chalicelib", "infra", "migrations")
MODULES = {file: file.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*.py")}
# One adapter beside the other, and one script after the other.
FLAT = Path("chalicelib/repositories")


def is_script(module: Path) -> bool:
    return module.parent == Path("migrations") and module.name[:1].isdigit()


def test_no_folder_has_more_than_sixteen_modules() -> None:
    floors = Counter(module.parent for module in MODULES.values() if not is_script(module) and module.parent != FLAT)
    assert {folder: number for folder, number in floors.items() if number > 16} == {}
    assert len(floors) > 30


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_no_module_has_more_than_400_lines(room: str) -> None:
    lengths = {file: len(file.read_text().splitlines()) for file in (ROOT / room).rglob("*.py")}
    assert {file: length for file, length in lengths.items() if length > 400} == {}
    assert len(lengths) > 10
