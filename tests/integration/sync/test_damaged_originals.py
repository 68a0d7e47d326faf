"""A document of the authoritative side that somebody has damaged: its twin is the last good copy, and stays.

It is quarantined with its reason, verify counts and names it in every mode, and when it is corrected everything comes
back together.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import ConflictError, DuplicateReadingError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.ports.values import PageRequest, ReadingFilter
from migrations.backfill import Backfill
from tests.depth import combined, share
from tests.integration.deployment import POWER, Deployment, contents, equal_sides
from tests.integration.infra.operator_shell import Shell
from tests.integration.repositories.inherited_database import set_mode

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
SKIP = ImportOptions(on_conflict="skip")
OLD, NEW, QUARANTINE = "energies", "source_energy_readings", "quarantined_readings"
DAMAGES: list[tuple[dict[str, Any], str, str]] = [
    ({"amount": "abc"}, "unusable amount", "amount is a string, not a number"),
    ({"amount": float("nan")}, "unusable amount", "amount is NaN, not a number"),
    ({"amount": -55}, "unusable amount", "amount is -55, not 0 or more and less than 1000000000000"),
    ({"amount": 1.2e21}, "unusable amount", "amount is 1.2e+21, not 0 or more and less than 1000000000000"),
    ({"amount": None}, "unusable amount", "amount is null, not a number"),
    ({"amount": [5]}, "unusable amount", "amount is an array, not a number"),
    (
        {"amount": 0},
        "zero amount",
        "amount is 0, and no Decimal128, so nobody has accepted it",
    ),
    ({"date": None}, "unusable date", "date is null, not a date of the years 1900 to 2999"),
    ({"date": "2024-01-31"}, "unusable date", "date is a string, not a date of the years 1900 to 2999"),
    ({"date": datetime(1, 1, 1, tzinfo=UTC)}, "unusable date", "date is in the year 1, outside the years 1900 to 2999"),
    ({"date": DatetimeMS(10**16)}, "unusable date", "date is of the kind DatetimeMS"),
    ({"type": "water"}, "unknown type", "type is a string, neither power nor gas"),
    ({"type": ["power"]}, "unknown type", "type is an array, neither power nor gas"),
    ({"userId": None}, "no user", "userId is null, not a user's id"),
    ({"userId": ["zed"]}, "no user", "userId is an array, not a user's id"),
]
Mend = Callable[[Deployment], object]
MENDERS: dict[str, Mend] = {
    "sync": lambda deployed: deployed.sync(),
    "full difference": lambda deployed: deployed.operations.sync.run(60, full=True),
    "repair": lambda deployed: deployed.operations.consistency.repair(),
    "backfill": lambda deployed: Backfill(deployed.database).run(),
}


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """A deployment whose sync job has run once."""
    deployment = Deployment(migrated)
    deployment.sync()
    return deployment


@pytest.fixture
def user() -> str:
    return uuid4().hex


def damaged(deployed: Deployment, user: str, damage: dict[str, Any], side: str = OLD) -> ObjectId:
    """A reading among others, whose document on one side somebody changes; both sides were equal."""
    key = ObjectId(deployed.create(user, "2024-01-31T00:00Z", 55))
    deployed.create(user, "2024-02-29T00:00Z", 66)
    deployed.operations.sweeper.run_at_once(60)
    deployed.sync()
    deployed.database[side].update_one({"_id": key}, {"$set": damage})
    return key


def amounts(deployed: Deployment, user: str, backend: Backend) -> list[Decimal]:
    everything = PageRequest(ReadingFilter(), descending=False, limit=0)
    return [reading.amount for reading in deployed.container.queries.page(user, everything, backend)]


def entry(deployed: Deployment, key: Any) -> dict[str, Any]:
    found: dict[str, Any] | None = deployed.database[QUARANTINE].find_one({"_id": key})
    assert found is not None
    return found


@pytest.mark.parametrize(("damage", "reason", "problem"), share(DAMAGES, 0, 3), ids=lambda value: str(value)[:40])
def test_the_twin_stays_and_is_marked_and_all_comes_back_when_it_is_corrected(
    deployed: Deployment, user: str, damage: dict[str, Any], reason: str, problem: str
) -> None:
    key = damaged(deployed, user, damage)
    good = deployed.database[NEW].find_one({"_id": key})
    deployed.sync()
    assert deployed.database[NEW].find_one({"_id": key}) == good
    kept = entry(deployed, key)
    assert (kept["reasons"], kept["twin"], "resolvedAt" in kept) == ([reason], good, False)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[66], [55, 66]]
    [named] = deployed.operations.consistency.verify().unreadable.documents
    assert (named.collection, named.document, named.twin) == (OLD, str(key), f"55 at 2024-01-31T00:00:00Z in {NEW}")
    assert named.problem.startswith(problem)
    corrected = {"userId": user, "type": "power", "date": datetime(2024, 1, 31, tzinfo=UTC), "amount": 56.5}
    deployed.database[OLD].update_one({"_id": key}, {"$set": corrected})
    deployed.sync()
    assert [amounts(deployed, user, backend) for backend in Backend] == [[Decimal("56.5"), 66]] * 2
    assert "resolvedAt" in entry(deployed, key)
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify() == Verification(DUAL_WRITE, meters=1)


@pytest.mark.parametrize(
    ("damage", "mender"),
    combined([{"amount": "abc"}, {"userId": None}, {"date": None}, {"type": "water"}], MENDERS),
    ids=str,
)
def test_no_job_takes_the_twin_of_a_damaged_document(
    deployed: Deployment, user: str, mender: str, damage: dict[str, Any]
) -> None:
    key = damaged(deployed, user, damage)
    before = contents(deployed.database, NEW)
    MENDERS[mender](deployed)
    assert contents(deployed.database, NEW) == before
    assert "twin" in entry(deployed, key)
    deployed.operations.sweeper.run_at_once(60)
    seen = deployed.operations.consistency.verify()
    assert (seen.differences, seen.unreadable.count) == (0, 1)
    MENDERS[mender](deployed)
    assert contents(deployed.database, NEW) == before


def test_a_damaged_document_that_no_job_has_seen_yet_is_a_difference(deployed: Deployment, user: str) -> None:
    key = damaged(deployed, user, {"amount": "abc"})
    [finding] = deployed.operations.consistency.verify().findings
    assert finding.document == str(key)
    assert finding.problem.startswith("damaged or hidden by a double in energies and not in the quarantine yet")
    _, left = deployed.operations.consistency.repair()
    assert (left.differences, left.unreadable.count) == (0, 1)


def test_a_document_that_is_really_deleted_takes_its_twin_with_it(deployed: Deployment, user: str) -> None:
    key = damaged(deployed, user, {"amount": "abc"})
    deployed.sync()
    deployed.database[OLD].delete_one({"_id": key})
    deployed.sync()
    assert len(equal_sides(deployed.database)) == 1
    assert "resolvedAt" in entry(deployed, key)


def test_a_reading_that_became_a_double_keeps_its_twin(deployed: Deployment, user: str) -> None:
    """Moved onto the instant of another, which was updated later and counts."""
    key = damaged(deployed, user, {"date": datetime(2024, 2, 29, tzinfo=UTC)})
    deployed.database[OLD].update_one(
        {"amount": Decimal(66)}, {"$set": {"updatedAt": datetime(2400, 1, 1, tzinfo=UTC)}}
    )
    deployed.sync()
    assert [amounts(deployed, user, backend) for backend in Backend] == [[66], [55, 66]]
    assert entry(deployed, key)["reasons"] == ["double of one instant"]
    deployed.operations.sweeper.run_at_once(60)
    seen = deployed.operations.consistency.verify()
    assert (seen.differences, seen.unreadable.count) == (0, 1)
    assert seen.unreadable.documents[0].problem == "double of one instant, of which another counts"


def test_a_double_that_counts_takes_the_place_of_the_one_that_it_hides(deployed: Deployment, user: str) -> None:
    damaged(deployed, user, {})
    later = {"userId": user, "type": "power", "date": datetime(2024, 1, 31, tzinfo=UTC), "amount": 57}
    deployed.database[OLD].insert_one({**later, "updatedAt": datetime(2400, 1, 1, tzinfo=UTC)})
    deployed.sync()
    assert [amounts(deployed, user, backend) for backend in Backend] == [[57, 66]] * 2


@pytest.mark.parametrize("damage", [{"amount": "abc"}, {"date": None}, {"userId": None}], ids=str)
def test_writes_to_a_damaged_reading_and_to_its_instant_are_refused_and_change_nothing(
    deployed: Deployment, user: str, damage: dict[str, Any]
) -> None:
    key = damaged(deployed, user, damage)
    before = [contents(deployed.database, side) for side in (OLD, NEW)]
    with pytest.raises(ConflictError, match="damaged"):
        deployed.change(user, str(key), amount=58)
    with pytest.raises(ConflictError, match="damaged"):
        deployed.container.energy.delete(user, str(key))
    with pytest.raises(DuplicateReadingError, match="damaged"):
        deployed.create(user, "2024-01-31T00:00Z", 59)
    report = deployed.container.imports.bulk_create(
        user, b"date,type,amount\n2024-01-31T00:00Z,power,59\n2024-03-31T00:00Z,power,77\n", SKIP
    )
    assert (report.success, report.skipped) == (1, 1)
    for side, stood in zip((OLD, NEW), before, strict=True):
        assert {str(item) for item in stood} <= {str(item) for item in contents(deployed.database, side)}


def test_deleting_a_reading_leaves_a_damaged_document_of_its_instant(deployed: Deployment, user: str) -> None:
    date = datetime(2024, 1, 31, tzinfo=UTC)
    inherited = {"userId": user, "type": "power", "date": date, "amount": "much"}
    deployed.database[OLD].insert_one(inherited)
    deployed.container.energy.delete(user, deployed.create(user, "2024-01-31T00:00Z", 5))
    assert [item["amount"] for item in deployed.database[OLD].find()] == ["much"]


@pytest.mark.parametrize(("side", "mode"), combined([OLD, NEW], SyncMode))
def test_verify_counts_and_names_what_is_unreadable_on_both_sides_in_every_mode(
    deployed: Deployment, user: str, mode: SyncMode, side: str
) -> None:
    junk = [
        {"_id": ObjectId(), "userId": user, "type": "power", "date": datetime(2020, 1, day, tzinfo=UTC), "amount": "x"}
        for day in range(1, 26)
    ]
    deployed.database[side].insert_many(junk)
    set_mode(deployed.database, mode)
    unreadable = deployed.operations.consistency.verify().unreadable
    assert (unreadable.count, len(unreadable.documents)) == (25, 20)
    assert {named.collection for named in unreadable.documents} == {side}
    assert deployed.operations.consistency.verify(user).unreadable.count == 25


def test_the_command_line_names_what_is_unreadable(deployed: Deployment, shell: Shell, user: str) -> None:
    key = damaged(deployed, user, {"amount": "much"})
    deployed.sync()
    deployed.operations.sweeper.run_at_once(60)
    code, seen = shell.run("verify")
    assert (code, seen["differences"], seen["unreadable"]["count"]) == (0, 0, 1)
    code, printed = shell.say("verify")
    assert str(key) in printed
    assert "amount is a string, not a number" in printed
    assert "much" not in printed


@pytest.mark.parametrize("damage", [damage for damage, _, _ in share(DAMAGES, 1, 3)], ids=lambda value: str(value)[:40])
def test_a_damaged_twin_is_mended_from_the_original_and_no_reader_fails_meanwhile(
    deployed: Deployment, user: str, damage: dict[str, Any]
) -> None:
    damaged(deployed, user, damage, NEW)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[55, 66], [66]]
    for backend in (deployed.container.old, deployed.container.new):
        backend.monthly(user, POWER, 2024, consistent=True)
        backend.summary(user, POWER, consistent=True)
    assert deployed.operations.consistency.verify().differences == 1
    _, left = deployed.operations.consistency.repair()
    assert (left.differences, left.unreadable.count) == (0, 0)
    assert len(equal_sides(deployed.database)) == 2


@pytest.mark.parametrize(
    ("side", "odd"),
    combined(
        [OLD, NEW],
        [
            {"updatedAt": "yesterday"},
            {"createdAt": 5},
            {"updatedAt": DatetimeMS(10**16)},
            {"source": 7},
            {"revision": "x"},
        ],
    ),
    ids=str,
)
def test_what_else_a_document_says_fails_no_reader_and_no_writer(
    deployed: Deployment, user: str, side: str, odd: dict[str, Any]
) -> None:
    key = damaged(deployed, user, odd, side)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[55, 66]] * 2
    deployed.sync()
    deployed.operations.consistency.repair()
    deployed.change(user, str(key), amount=57)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[57, 66]] * 2


def test_on_the_way_back_from_new_only_the_old_copy_of_a_damaged_reading_stays(deployed: Deployment, user: str) -> None:
    key = damaged(deployed, user, {})
    deployed.to(NEW_ONLY)
    deployed.database[NEW].update_one({"_id": key}, {"$set": {"amount": "abc"}})
    deployed.to(DUAL_WRITE)
    assert deployed.database[OLD].find_one({"_id": key}, {"amount": 1}) == {"_id": key, "amount": Decimal(55)}
    assert (entry(deployed, key)["collection"], entry(deployed, key)["twin"]["_id"]) == (NEW, key)


def test_a_meter_of_nobody_does_not_end_the_walk(deployed: Deployment) -> None:
    """Its reader passes over it, and does not take it for the end."""
    first, last = f"a-{uuid4().hex}", f"z-{uuid4().hex}"
    fields = {"type": "power", "date": datetime(2024, 1, 31, tzinfo=UTC), "amount": 5}
    for odd in ({"userId": first}, {"userId": ["m"]}, {"userId": "m", "type": ["power"]}, {"userId": last}):
        deployed.database[OLD].insert_one(fields | odd)
    assert list(deployed.ports.twins.meters()) == [(first, POWER), (last, POWER)]


def test_an_unreadable_document_is_a_line_whose_ids_stay_whole(deployed: Deployment, user: str, shell: Shell) -> None:
    date = datetime(2020, 1, 1, tzinfo=UTC)
    junk = {"_id": ObjectId(), "userId": user, "type": "power", "date": date, "amount": "x"}
    deployed.database[OLD].insert_one(junk)
    said = shell.say("verify")[1].splitlines()
    assert f"{OLD} {junk['_id']} (user {user}): amount is a string, not a number; there is no good copy" in said


@pytest.mark.parametrize(("damage", "reason", "field"), share(DAMAGES, 2, 3), ids=lambda value: str(value)[:40])
def test_the_good_copy_can_be_written_back_and_the_damaged_document_is_kept(
    deployed: Deployment, user: str, damage: dict[str, Any], reason: str, field: str
) -> None:
    key = damaged(deployed, user, damage)
    assert deployed.operations.consistency.plan(source=Side.NEW).is_empty is False
    deployed.operations.consistency.repair(source=Side.NEW)
    assert deployed.operations.consistency.verify().unreadable.count == 0
    assert {document[0] for document in equal_sides(deployed.database)} >= {key}
    assert amounts(deployed, user, Backend.OLD) == amounts(deployed, user, Backend.NEW) == [Decimal(55), Decimal(66)]
    assert deployed.database["repaired_readings"].count_documents({"reading": key}) == 1
