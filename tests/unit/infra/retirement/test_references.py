"""Which lines name a flag that the removal leaves behind."""

from pathlib import Path

import pytest

from infra.deployment.packaging import ROOT
from infra.retirement.references import (
    MANIFEST,
    Reference,
    references,
    references_of,
    removed_by,
    texts_of,
)

FILES = {
    "app.py": "import json\nflag = 'energy_table_new_backend'\n",
    "chalicelib/flags/names.py": "name = f'{component}_new_backend'\n",
    "chalicelib/flags.py": "should_use_new_backend('energy_table')\nold_energy_table_new_backend_2 = 1\n",
}


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        ([], ["app.py:2", "chalicelib/flags/names.py:1"]),
        (["chalicelib/flags"], ["app.py:2"]),
        (["chalicelib/flags/", "app.py"], []),
        (["chalicelib/flag"], ["app.py:2", "chalicelib/flags/names.py:1"]),
    ],
)
def test_a_line_that_names_a_flag_is_found_unless_its_file_goes(removed: list[str], left: list[str]) -> None:
    assert [str(each) for each in references(FILES, removed)] == left


def test_a_manifest_takes_away_what_it_names_and_what_each_of_its_rooms_names() -> None:
    assert removed_by('remove = ["a"]\n[[rooms]]\nname = "x"\nremove = ["b", "c"]\n[[rooms]]\nname = "y"\n') == [*"abc"]
    assert removed_by("") == []


def test_without_a_manifest_nobody_can_say_what_goes(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FILES["app.py"])
    assert references_of(tmp_path) is None
    manifest = tmp_path / MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_text("")
    assert references_of(tmp_path) == [Reference("app.py", 2)]
    manifest.write_text('remove = ["app.py"]')
    assert references_of(tmp_path) == []


def test_the_tree_names_flags_in_the_rooms_of_the_migration_alone() -> None:
    rooms = ["chalicelib/flags", "chalicelib/services/status", "chalicelib/services/retirement", "infra/retirement"]
    assert references(texts_of(ROOT), rooms) == []
    assert references(texts_of(ROOT), []) != []
