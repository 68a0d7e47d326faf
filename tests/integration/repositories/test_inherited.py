"""Inherited readings and every sync mode on a real MongoDB: what counts, what a write does to which collection."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import DuplicateReadingError, NotFoundError, RevisionError
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import sync_document
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft, Recorded

POWER = EnergyType.POWER
Inherit = Callable[..., Any]


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def inherit(migrated: Database[Any], user: str) -> Inherit:
    """Puts a document into the old collection as the old application left it; returns its id."""

    def insert(month: int, amount: Any, *, updated: int | None = 1, **more: Any) -> Any:
        stamps = {} if updated is None else {"updatedAt": datetime(2023, 1, updated, tzinfo=UTC)}
        document = {
            "_id": ObjectId(),
            "userId": user,
            "type": "power",
            "date": datetime(2022, month, 1, tzinfo=UTC),
            "amount": amount,
        }
        migrated["energies"].insert_one({**document, **stamps, **more})
        return more.get("_id", document["_id"])

    return insert


def switch(database: Database[Any], mode: SyncMode) -> None:
    database["control"].replace_one({"_id": "sync_mode"}, sync_document(mode, now()), upsert=True)


def listed(container: Container, user: str, limit: int = 0, descending: bool = False) -> list[StoredReading]:
    """Everything on the old side, page by page where there is a limit."""
    seen: list[StoredReading] = []
    after = None
    while page := container.queries.page(user, PageRequest(ReadingFilter(), descending, limit, after), Backend.OLD):
        assert not {reading.id for reading in page} & {reading.id for reading in seen}
        seen += page
        after = page[-1].instant, page[-1].id
        if not limit:
            break
    return seen


def twins(database: Database[Any], user: str) -> tuple[list[Any], list[Any]]:
    """What the two collections say of a user's readings."""

    def said(collection: str) -> list[Any]:
        documents = database[collection].find({"userId": user}, sort=[("date", 1), ("type", 1)])
        return [(str(item["_id"]), item["type"], item["date"], Decimal(str(item["amount"]))) for item in documents]

    return said("energies"), said("source_energy_readings")


def record(container: Container, user: str, date: str, amount: str) -> Recorded:
    return container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))


def correct(container: Container, user: str, reading_id: Any, amount: str, **more: Any) -> Recorded:
    correction = ReadingCorrection(amount=Decimal(amount), confirm=True, **more)
    return container.energy.update(user, str(reading_id), correction)


def test_of_doubles_the_one_updated_last_counts_everywhere(container: Container, user: str, inherit: Inherit) -> None:
    inherit(1, 10.0, updated=3)
    counting = inherit(1, 11.5, updated=9)
    inherit(1, 12.0, updated=5)
    [shown] = listed(container, user)
    assert (shown.id, shown.amount) == (str(counting), Decimal("11.5"))
    [point] = container.queries.snapshot(user, POWER, Backend.OLD).readings
    assert point.amount == Decimal("11.5")
    assert container.old.readings(user, POWER) == [shown]


def test_without_a_date_of_update_the_double_created_last_counts(
    container: Container, user: str, inherit: Inherit
) -> None:
    inherit(1, 10.0, updated=None)
    later = inherit(1, 11.0, updated=None)
    assert [reading.id for reading in listed(container, user)] == [str(later)]


def test_a_double_that_does_not_count_cannot_be_read_corrected_or_deleted(
    container: Container, migrated: Database[Any], user: str, inherit: Inherit
) -> None:
    hidden, counting = inherit(1, 10.0, updated=3), inherit(1, 11.5, updated=9)
    before = list(migrated["energies"].find())
    with pytest.raises(NotFoundError):
        container.queries.get(user, str(hidden), Backend.OLD)
    with pytest.raises(NotFoundError):
        correct(container, user, hidden, "12")
    with pytest.raises(NotFoundError):
        container.energy.delete(user, str(hidden))
    assert list(migrated["energies"].find()) == before
    assert container.energy.delete(user, str(counting)) == 1


@pytest.mark.parametrize("mode", [SyncMode.OLD_ONLY, SyncMode.DUAL_WRITE])
def test_a_reading_with_doubles_can_be_corrected_and_moved(
    container: Container, migrated: Database[Any], user: str, inherit: Inherit, mode: SyncMode
) -> None:
    switch(migrated, mode)
    inherit(1, 10.0, updated=3)
    counting = inherit(1, 11.5, updated=9)
    correct(container, user, counting, "12")
    assert [(reading.id, reading.amount) for reading in listed(container, user)] == [(str(counting), Decimal(12))]
    correct(container, user, counting, "13", date="2022-06-01")
    assert [reading.amount for reading in listed(container, user)] == [Decimal(13)]


@pytest.mark.parametrize("mode", [SyncMode.OLD_ONLY, SyncMode.DUAL_WRITE])
def test_deleting_a_reading_takes_its_doubles_away(
    container: Container, migrated: Database[Any], user: str, inherit: Inherit, mode: SyncMode
) -> None:
    switch(migrated, mode)
    inherit(1, 10.0, updated=3)
    counting = inherit(1, 11.5, updated=9)
    inherit(1, 3.0, type="gas")
    container.energy.delete(user, str(counting))
    assert [reading.type for reading in listed(container, user)] == [EnergyType.GAS]


@pytest.mark.parametrize(
    "odd",
    [
        {"amount": 0},
        {"amount": -5.0},
        {"amount": "12"},
        {"amount": float("nan")},
        {"amount": None},
        {"amount": 1e12},
        {"type": "water"},
        {"type": None},
        {"date": "2022-01-01"},
        {"date": None},
        {"date": datetime(1822, 1, 1, tzinfo=UTC)},
    ],
    ids=str,
)
def test_what_cannot_be_a_reading_is_seen_by_nobody(
    container: Container, user: str, inherit: Inherit, odd: dict[str, Any]
) -> None:
    fields = {"amount": 5.0} | odd
    strange = inherit(1, **fields)
    good = inherit(2, 100)
    assert [reading.id for reading in listed(container, user)] == [str(good)]
    assert listed(container, user, limit=1) == listed(container, user)
    assert container.old.monthly(user, POWER, 2022)
    with pytest.raises(NotFoundError):
        container.queries.get(user, str(strange), Backend.OLD)
    with pytest.raises(NotFoundError):
        container.energy.delete(user, str(strange))


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_inherited_readings_have_neither_gaps_nor_doubles(
    container: Container, user: str, inherit: Inherit, limit: int, descending: bool
) -> None:
    for month in range(1, 8):
        for updated in (5, 9, 3):
            inherit(month, 10.0 * month + updated, updated=updated)
        inherit(month, 5.0, type="gas", _id=f"text-{uuid4().hex}")
        inherit(month, 0, type="water")
    shown = listed(container, user, limit, descending)
    assert shown == listed(container, user, 0, descending)
    assert [reading.instant for reading in shown] == sorted((item.instant for item in shown), reverse=descending)
    amounts = sorted(reading.amount for reading in shown if reading.type is POWER)
    assert amounts == [10 * month + 9 for month in range(1, 8)]
    assert len(shown) == 14


@pytest.mark.parametrize("amount", [5, 5.1, 1234567.125, Decimal("5.10")])
def test_inherited_amounts_are_taken_as_they_were_written(
    container: Container, user: str, inherit: Inherit, amount: Any
) -> None:
    inherit(1, amount)
    [shown] = listed(container, user)
    assert shown.amount == Decimal(str(amount))


def test_an_update_in_dual_write_writes_the_missing_twin_and_keeps_what_else_was_said(
    container: Container, migrated: Database[Any], user: str, inherit: Inherit
) -> None:
    inherited = inherit(1, 10.0, note="cellar")
    recorded = correct(container, user, inherited, "12.5")
    old, new = twins(migrated, user)
    assert old == new
    assert old[0][3] == Decimal("12.5")
    assert migrated["energies"].find_one({"_id": inherited})["note"] == "cellar"  # type: ignore[index]
    shown = container.queries.get(user, str(inherited), Backend.NEW)
    assert shown == recorded.reading


def test_where_twins_differ_a_correction_starts_from_the_authoritative_one(
    container: Container, migrated: Database[Any], user: str
) -> None:
    """A foreign writer changed the old reading, and the sync job has not run yet."""
    reading = record(container, user, "2022-01-01", "10").reading
    migrated["energies"].update_one({"_id": ObjectId(reading.id)}, {"$set": {"amount": 77.5}})
    moved = container.energy.update(user, reading.id, ReadingCorrection(date="2022-01-02", confirm=True))
    assert (moved.reading.amount, moved.reading.revision) == (Decimal("77.5"), 2)
    old, new = twins(migrated, user)
    assert old == new


def test_a_delete_in_dual_write_takes_both_twins_or_the_one_there_is(
    container: Container, migrated: Database[Any], user: str, inherit: Inherit
) -> None:
    recorded = record(container, user, "2022-03-01", "30").reading
    container.energy.delete(user, str(inherit(1, 10.0)))
    container.energy.delete(user, recorded.id)
    assert twins(migrated, user) == ([], [])


@pytest.mark.parametrize(
    ("mode", "old", "new"),
    [(SyncMode.OLD_ONLY, True, False), (SyncMode.DUAL_WRITE, True, True), (SyncMode.NEW_ONLY, False, True)],
)
def test_each_mode_writes_its_sides_and_every_backend_reads_what_was_written(
    container: Container, migrated: Database[Any], user: str, mode: SyncMode, old: bool, new: bool
) -> None:
    switch(migrated, mode)
    first = record(container, user, "2022-01-01", "10").reading
    second = record(container, user, "2022-02-01", "20").reading
    container.imports.bulk_create(user, b"date,type,amount\n2022-03-01,power,30\n")
    correct(container, user, first.id, "11", date="2022-01-05")
    container.energy.delete(user, second.id)
    written = [bool(side) for side in twins(migrated, user)]
    assert written == [old, new]
    for backend in Backend:
        shown = container.queries.page(user, PageRequest(ReadingFilter(), False, 9), backend)
        assert [reading.amount for reading in shown] == [11, 30]
        assert container.queries.get(user, first.id, backend).amount == 11
        assert len(container.queries.snapshot(user, POWER, backend).readings) == 2
    assert container.queries.snapshot(user, POWER, Backend.NEW).state.source_version == 5


@pytest.mark.parametrize("mode", SyncMode)
def test_in_each_mode_the_revision_of_an_answer_is_the_one_that_the_next_change_asks_for(
    container: Container, migrated: Database[Any], user: str, mode: SyncMode
) -> None:
    switch(migrated, mode)
    created = record(container, user, "2022-01-01", "10").reading
    assert container.queries.get(user, created.id, Backend.NEW).revision == created.revision
    changed = correct(container, user, created.id, "11", revision=created.revision).reading
    assert container.queries.get(user, created.id, Backend.NEW).revision == changed.revision
    with pytest.raises(RevisionError):
        correct(container, user, created.id, "12", revision=created.revision)
    correct(container, user, created.id, "12", revision=changed.revision)


@pytest.mark.parametrize("mode", SyncMode)
def test_in_each_mode_the_same_instant_is_taken_once(
    container: Container, migrated: Database[Any], user: str, mode: SyncMode
) -> None:
    switch(migrated, mode)
    record(container, user, "2022-01-01", "10")
    other = record(container, user, "2022-02-01", "20").reading
    with pytest.raises(DuplicateReadingError):
        record(container, user, "2022-01-01", "11")
    with pytest.raises(DuplicateReadingError):
        correct(container, user, other.id, "20", date="2022-01-01")
    assert len(listed(container, user)) == 2
