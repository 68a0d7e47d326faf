"""Each script takes away on the way back what it brought, and nothing else."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.database import open_database
from infra.local.demo import old_energies
from migrations import runner
from migrations.errors import LockedError
from migrations.scripts import FOLDER, QuietRun, scripts
from tests.integration.repositories.inherited_database import set_mode

# Two scripts bring this one, and the later one takes it away; both bring it again on the way there.
SHARED = {("page_measurements", "user_1")}
DROPPED = {"source_energy_readings", "display_energy_data"}  # by the first script; it leaves the other collections


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database of this test's own, as the old application left it."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    old_energies.fill(database, 2, 3, 0)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


class Heard(QuietRun):
    """Remembers what a script said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


class Lost(QuietRun):
    """The lock is somebody else's by now."""

    def check(self) -> None:
        raise LockedError("lost")


def indexes(database: Database[Any]) -> set[tuple[str, str]]:
    """Those that a script has made."""
    names = database.list_collection_names()
    return {(name, index) for name in names for index in database[name].index_information() if index != "_id_"}


def test_each_later_script_takes_the_indexes_away_that_it_brought(database: Database[Any]) -> None:
    first, backfill, *later = scripts(FOLDER)
    first.load().up(database, Heard())
    set_mode(database, SyncMode.DUAL_WRITE)
    backfill.load().up(database, Heard())
    before = [indexes(database)]
    for script in later:
        script.load().up(database, Heard())
        before.append(indexes(database))
    for script in reversed(later):
        before.pop()
        script.load().down(database, Heard())
        assert indexes(database) - SHARED == before[-1] - SHARED, script.name


def test_the_first_script_makes_every_collection_and_says_what_it_keeps_of_those_that_it_drops(
    database: Database[Any],
) -> None:
    first, *_ = scripts(FOLDER)
    first.load().up(database, Heard())
    assert set(database.list_collection_names()) >= DROPPED
    database["source_energy_readings"].insert_one({"_id": "of the new side alone", "userId": "u", "type": "power"})
    heard = Heard()
    first.load().down(database, heard)
    assert heard.said == ["1 documents that energies does not have are kept: python -m infra repair runs"]
    assert set(database.list_collection_names()).isdisjoint(DROPPED)
    [kept] = database["repaired_readings"].find()
    assert kept["run"].startswith("down-20")
    assert (kept["reading"], kept["_id"]) == ("of the new side alone", f"{kept['run']}|of the new side alone")


def test_what_says_the_same_is_not_kept_and_what_differs_in_one_field_is(database: Database[Any]) -> None:
    first, *_ = scripts(FOLDER)
    first.load().up(database, Heard())
    noon, amount = datetime(2024, 1, 1, 12, tzinfo=UTC), Decimal("7")
    old = {"userId": "u", "type": "power", "date": noon, "amount": 7.0}
    new = {**old, "amount": amount}
    other = {"userId": "v", "type": "gas", "date": noon + timedelta(days=1), "amount": Decimal("8")}
    for number, field in enumerate([*other, "none"]):
        moved = noon + timedelta(hours=number)
        database["energies"].insert_one({**old, "date": moved, "_id": field})
        changed = {field: other[field]} if field in other else {}
        database["source_energy_readings"].insert_one({**new, "date": moved, "_id": field, **changed})
    database["energies"].insert_one({**old, "date": noon - timedelta(days=1), "amount": "seven", "_id": "a text"})
    database["source_energy_readings"].insert_one({**new, "date": noon - timedelta(days=1), "_id": "a text"})
    first.load().down(database, Heard())
    kept = {entry["reading"]: entry for entry in database["repaired_readings"].find()}
    assert kept.keys() == {*other, "a text"}
    assert kept["type"]["before"] == {**new, "date": noon + timedelta(hours=1), "_id": "type", "type": "gas"}
    entry = kept["type"]
    assert entry.keys() == {"_id", "run", "at", "side", "userId", "type", "reading", "before", "after"}
    assert (entry["side"], entry["after"], entry["userId"], entry["type"]) == ("new", None, "u", "gas")
    assert isinstance(entry["at"], datetime)


def test_what_was_noted_about_attempts_goes_with_their_index(database: Database[Any]) -> None:
    runner.up(database)
    database["meters"].insert_one({"_id": "u|power", "sweep": {"attempts": 3}})
    (script,) = [script for script in scripts(FOLDER) if script.name.startswith("006")]
    script.load().down(database, Heard())
    assert database["meters"].find_one({"_id": "u|power"}) == {"_id": "u|power"}


def test_who_has_lost_the_lock_changes_no_index_any_more(database: Database[Any]) -> None:
    first, backfill, *later = scripts(FOLDER)
    first.load().up(database, Heard())
    set_mode(database, SyncMode.DUAL_WRITE)
    backfill.load().up(database, Heard())
    for script in later:
        before = indexes(database)
        with suppress(LockedError):  # of a script that has nothing to do here
            script.load().up(database, Lost())
        assert indexes(database) == before, script.name
        script.load().up(database, Heard())
    for script in reversed(later):
        before = indexes(database)
        with suppress(LockedError):
            script.load().down(database, Lost())
        assert indexes(database) == before, script.name
        script.load().down(database, Heard())
