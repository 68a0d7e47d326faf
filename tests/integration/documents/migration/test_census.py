"""The census: its document field by field, and who may go on with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRun, Tally
from chalicelib.repositories.census import MongoCensusRecords

CHARTS = Component.MONTHLY_CHARTS
FIRST, SECOND = "0123456789abcdef" * 2, "fedcba9876543210" * 2
RUNNING = CensusRun("a1", 5, 6, frozenset({SECOND, FIRST}), ("x", "w"), {CHARTS: Tally(7, 2, 1)})
FINISHED = CensusRun("a0", None, 1, frozenset(), (), {}, 9)
STORED: dict[str, Any] = {
    "running": {
        "code": "a1",
        "modeSince": 5,
        "started": 6,
        "done": bytes.fromhex(FIRST + SECOND),
        "lagging": ["x", "w"],
        "tallies": {"monthly_charts": {"views": 7, "different": 2, "failed": 1}},
        "finished": None,
    },
    "finished": {
        "code": "a0",
        "modeSince": None,
        "started": 1,
        "done": b"",
        "lagging": [],
        "tallies": {},
        "finished": 9,
    },
}


@pytest.fixture
def records(migrated: Database[Any]) -> MongoCensusRecords:
    return MongoCensusRecords(migrated)


def document(database: Database[Any]) -> dict[str, Any]:
    return dict(database["control"].find_one({"_id": "gate_census"}) or {})


def test_a_claim_and_a_step_are_these_fields(records: MongoCensusRecords, migrated: Database[Any]) -> None:
    assert records.censuses() == Censuses()
    before = datetime.now(UTC)
    claim = records.claim(60)
    assert claim is not None
    found = document(migrated)
    until = found.pop("claimedUntil")
    assert timedelta(seconds=30) < until - before < timedelta(seconds=90)
    assert found == {"_id": "gate_census", "token": claim.token, "tries": 1}
    assert (claim.censuses, claim.tries) == (Censuses(), 1)
    assert records.claim(60) is None
    assert document(migrated)["tries"] == 1
    assert records.save(claim, Censuses(RUNNING, FINISHED))
    found = document(migrated)
    assert (found.pop("claimedUntil"), found.pop("token")) == (until, claim.token)
    assert found == {"_id": "gate_census", "tries": 0, **STORED}
    records.release(claim)
    assert document(migrated) == {"_id": "gate_census", "tries": 0, **STORED}
    assert not records.save(claim, Censuses())


def test_a_document_is_read_field_by_field(records: MongoCensusRecords, migrated: Database[Any]) -> None:
    migrated["control"].insert_one({"_id": "gate_census", "tries": 4, **STORED})
    assert records.censuses() == Censuses(RUNNING, FINISHED)
    claim = records.claim(60)
    assert claim is not None
    assert (claim.censuses, claim.tries) == (Censuses(RUNNING, FINISHED), 5)


@pytest.mark.parametrize("tries", [None, "x"])
def test_who_lets_a_claim_run_out_loses_it(records: MongoCensusRecords, migrated: Database[Any], tries: Any) -> None:
    over = datetime.now(UTC) - timedelta(seconds=5)
    migrated["control"].insert_one({"_id": "gate_census", "token": "x", "claimedUntil": over, "tries": tries})
    claim = records.claim(60)
    assert claim is not None
    assert claim.tries == 1


@pytest.mark.parametrize("damage", [{"code": 5}, {"done": "x"}, {"lagging": None}, {"tallies": {"x": {}}}])
def test_what_cannot_be_read_is_no_census(
    records: MongoCensusRecords, migrated: Database[Any], damage: dict[str, Any]
) -> None:
    migrated["control"].insert_one({"_id": "gate_census", "running": STORED["running"] | damage})
    assert records.censuses() == Censuses()
