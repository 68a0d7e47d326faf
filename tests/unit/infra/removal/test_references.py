"""Which lines name a flag that the removal leaves behind."""

from pathlib import Path

import pytest

from infra.deployment.packaging import ROOT
from infra.errors import OperatorError
from infra.removal.manifest import Manifest, Room
from infra.removal.references import left_by, references_of

FILES = {
    "app.py": "import json\nflag = 'energy_table_new_backend'\n",
    "chalicelib/flags/names.py": "def named(component):\n    return f'{component}_new_backend'\n",
    "chalicelib/flags.py": "should_use_new_backend('energy_table')\nold_energy_table_new_backend_2 = 1\n",
    "tests/test_flags.py": "flag = 'energy_table_new_backend'\n",
    "README.md": "energy_table_new_backend\n",
}
FLAG, BOTH = "flag = 'energy_table_new_backend'", ["app.py:2", "chalicelib/flags/names.py:2"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("room", "left"),
    [
        (Room(name="x"), BOTH),
        (Room(name="x", remove=("chalicelib/flags",)), BOTH[:1]),
        (Room(name="x", remove=("chalicelib/flags", "app.py")), []),
        (Room(name="x", remove=("chalicelib/flags.py",)), BOTH),
        (Room(name="x", lines={"app.py": (FLAG,)}), BOTH[1:]),
        (Room(name="x", lines={"app.py": ("import json",)}), BOTH),
        (Room(name="x", blocks={"chalicelib/flags/names.py": ("def named(component):",)}), BOTH[:1]),
    ],
)
def test_a_line_that_names_a_flag_is_found_unless_it_goes(project: Path, room: Room, left: list[str]) -> None:
    assert [*map(str, left_by(Manifest(rooms=(room,)), project, [*FILES]))] == left


def test_what_goes_by_several_rooms_is_gone(project: Path) -> None:
    rooms = (Room(name="x", lines={"app.py": (FLAG,)}), Room(name="y", remove=("chalicelib/flags",)))
    assert left_by(Manifest(rooms=rooms), project, [*FILES]) == []


def test_where_the_manifest_does_not_fit_nobody_can_say_what_is_left(project: Path) -> None:
    with pytest.raises(OperatorError, match="does not fit the project"):
        left_by(Manifest(rooms=(Room(name="x", remove=("nowhere",)),)), project, [*FILES])


def test_the_removal_leaves_no_flag_in_this_project() -> None:
    assert references_of(ROOT) == []
