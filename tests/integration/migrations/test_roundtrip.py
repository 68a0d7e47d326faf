"""Going back and forth again on a copy: nothing may be lost by it, and what a script has lost is named."""

from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from migrations import roundtrip
from migrations.errors import RefusedError
from migrations.scripts import FOLDER, scripts
from tests.integration.migrations.conftest import READINGS, USERS
from tests.integration.repositories.inherited_database import everything, set_mode

CREATE, BACKFILL, *_ = (script.name for script in scripts(FOLDER))


def test_a_round_trip_on_a_copy_ends_where_it_began(dual: Database[Any]) -> None:
    before = everything(dual, "control", "meters", "migrations")
    outcome = roundtrip.verify(dual)
    assert outcome.differences == ()
    assert outcome.documents > 2 * USERS * READINGS * 2
    assert everything(dual, *before) == before
    assert not [name for name in dual.client.list_database_names() if name.startswith(f"{dual.name}_roundtrip")]


LOSSY = '''"""Loses a reading and an import on the way back, and an index."""
RESUMABLE = True
def refusal(database, direction):
    return None
def preview(database, direction):
    return []
def up(database, run):
    pass
def down(database, run):
    database["energies"].delete_one({"userId": "household-00000", "type": "power", "amount": {"$gt": 1010}})
    database["imports"].delete_one({})
    database["energies"].drop_index("userId_1_date_1__id_1")
    database["energies"].create_index([("userId", -1), ("date", 1), ("_id", 1)])
'''


def test_a_round_trip_names_what_a_script_has_lost(dual: Database[Any], tmp_path: Path) -> None:
    for name in (CREATE, BACKFILL):
        copy(FOLDER / f"{name}.py", tmp_path)
    (tmp_path / "003_lossy.py").write_text(LOSSY)
    dual["imports"].insert_one({"_id": "i", "userId": "u", "undone": None})
    differences = "\n".join(roundtrip.verify(dual, tmp_path).differences)
    assert "energies" in differences
    assert "after down" in differences
    assert "imports i after down" in differences
    assert "source_energy_readings" in differences
    assert "indexes of energies" in differences


def test_a_round_trip_is_refused_where_the_old_readings_are_not_the_ones_to_believe(dual: Database[Any]) -> None:
    set_mode(dual, SyncMode.NEW_ONLY)
    with pytest.raises(RefusedError, match="the mode is new_only"):
        roundtrip.verify(dual)
