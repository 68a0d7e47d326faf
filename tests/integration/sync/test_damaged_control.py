"""What jobs left in ``control`` is damaged: no traceback, no success that is none, and nothing is passed over."""

from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.walks import Walk
from infra.operations.sync.printing import sync_line
from migrations.backfill import Backfill
from migrations.scripts import QuietRun
from tests.integration.deployment import Deployment, equal_sides

GARBAGE: dict[str, Any] = {
    "a text": "banana",
    "a number": 5,
    "null": None,
    "a list": [1],
    "an empty document": {},
    "no token": {"_data": "zz", "digest": "zz"},
    "a token that is a number": {"_data": 5},
}


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


def foreign(database: Database[Any]) -> None:
    """The old application writes a reading by itself, which the sync job has not seen."""
    deployed = Deployment(database)
    user = uuid4().hex
    deployed.create(user, "2024-01-31", 1)
    database["source_energy_readings"].delete_many({"userId": user})


def damage(database: Database[Any], key: str, **fields: Any) -> None:
    database["control"].update_one({"_id": key}, {"$set": fields}, upsert=True)


def token(database: Database[Any], name: str) -> Any:
    """A resume token of another collection's stream, of now."""
    with database[name].watch(max_await_time_ms=1) as stream:
        database[name].insert_one({})
        while (change := stream.try_next()) is None:
            pass
        return {"_data": change["_id"]["_data"]}


def assert_compares_all(deployed: Deployment) -> None:
    report = deployed.sync()
    assert (report.state, report.full_difference) == ("synced", True)
    assert len(equal_sides(deployed.database)) == 1
    line = sync_line(report)
    assert "the position in the stream of changes is gone" in line
    assert "\n" not in line
    again = deployed.sync()
    assert (again.state, again.full_difference, again.notice) == ("synced", False, None)


@pytest.mark.parametrize("position", [value for value in GARBAGE.values() if value is not None], ids=str)
def test_a_position_that_is_none_means_that_everything_is_compared(deployed: Deployment, position: Any) -> None:
    deployed.sync()
    foreign(deployed.database)
    damage(deployed.database, "sync_job", position=position)
    assert_compares_all(deployed)


def test_a_position_in_another_stream_is_none(deployed: Deployment) -> None:
    """The server takes it, and goes on behind it: what happened before would never be seen."""
    deployed.sync()
    foreign(deployed.database)
    damage(deployed.database, "sync_job", position=token(deployed.database, "elsewhere"))
    assert_compares_all(deployed)


def test_a_position_that_another_database_stored_is_none(deployed: Deployment, migrated: Database[Any]) -> None:
    deployed.sync()
    foreign(deployed.database)
    other = Deployment(migrated.client.get_database(f"{migrated.name}_other", codec_options=migrated.codec_options))
    other.database.create_collection("energies")
    damage(deployed.database, "sync_job", position=other.ports.changes.position())
    migrated.client.drop_database(other.database.name)
    assert_compares_all(deployed)


@pytest.mark.parametrize(
    "difference", ["banana", {"since": "x"}, {"since": 0, "after": "u"}, {"after": ["u", "water"]}]
)
def test_a_difference_that_cannot_be_read_begins_at_the_start(deployed: Deployment, difference: Any) -> None:
    deployed.sync()
    foreign(deployed.database)
    damage(deployed.database, "sync_job", difference=difference)
    assert_compares_all(deployed)


@pytest.mark.parametrize(
    "fields",
    [
        {"differences": None},
        {"differences": "0"},
        {"differences": False},
        {"meters": "all"},
        {"at": "yesterday"},
        {"since": {}},
    ],
    ids=str,
)
def test_a_comparison_that_cannot_be_read_proves_nothing(deployed: Deployment, fields: dict[str, Any]) -> None:
    deployed.operations.consistency.verify()
    assert deployed.ports.sync_control.verified() is not None
    damage(deployed.database, "verified", **fields)
    assert deployed.ports.sync_control.verified() is None


@pytest.mark.parametrize(
    "fields",
    [
        {"after": "zzzz"},
        {"after": ["zzzz", "water"]},
        {"after": None},
        {"mode": "banana"},
        {"mode": "new_only"},
        {"since": 7},
        {"started": "x"},
        {"meters": None},
        {"findings": "none"},
        {"findings": [{"type": "gas"}]},
    ],
    ids=str,
)
def test_a_walk_of_another_mode_or_that_cannot_be_read_begins_at_the_start(
    deployed: Deployment, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    foreign(deployed.database)
    state = deployed.ports.sync_control.state()
    whole = {"started": now(), "since": state.since, "after": ["zzzz", "power"], "mode": "dual_write"}
    seen = {"meters": 1, "lagging": 0, "differences": 0, "findings": []}
    damage(deployed.database, Walk.VERIFY.value, **{**whole, **seen, **fields})
    verified = deployed.operations.consistency.verify()
    assert verified.resumed is None
    assert verified.differences == 1, "the walk did not pass over the meter that differs"
    assert "is not taken up" in caplog.text or "cannot be read" in caplog.text


class Said(QuietRun):
    """Remembers the messages to the operator."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.mark.parametrize(
    "fields",
    [{"userId": 5}, {"type": "water"}, {"type": {}}, {"since": "x"}, {"since": 7}, {"userId": None}],
    ids=str,
)
def test_a_checkpoint_of_another_mode_or_that_cannot_be_read_begins_at_the_start(
    deployed: Deployment, fields: dict[str, Any]
) -> None:
    foreign(deployed.database)
    state, said = deployed.ports.sync_control.state(), Said()
    assert state.mode is SyncMode.DUAL_WRITE
    whole = {"since": state.since, "userId": "zzzz", "type": "power"}
    damage(deployed.database, "backfill", **{**whole, **fields})
    Backfill(deployed.database, said).run()
    assert len(equal_sides(deployed.database)) == 1
    assert any("all meters are looked at" in line for line in said.lines)
