"""Corrections by file and their undo on both sides, in every mode, beside another application that writes ``energies``.

An undo takes back what the import wrote. What another hand has written since stays, whether it says so or not.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import ImportRowsError, NotFoundError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.import_undo import UndoReport
from tests.depth import combined, depth
from tests.integration.deployment import SIDES, Deployment, equal_sides
from tests.integration.refresh.shown import assert_shown
from tests.integration.repositories.inherited_database import set_mode

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
OLD, NEW = SIDES
REPLACE = ImportOptions(on_conflict="replace", confirm=True)
KNOWN = "2024-01-31T00:00Z,power,10\n2024-02-29T00:00Z,power,20\n2024-01-31T00:00Z,gas,5\n"
CORRECTED = "2024-02-29T00:00Z,power,21\n2024-03-31T00:00Z,power,30\n2024-04-30T00:00Z,power,40\n"
BEFORE = {("power", 1): 10, ("power", 2): 20, ("gas", 1): 5}
AFTER = {**BEFORE, ("power", 2): 21, ("power", 3): 30, ("power", 4): 40}
LATER = datetime(2400, 1, 1, tzinfo=UTC)
Shown = dict[tuple[str, int], Any]


class Home:
    """One household of a deployment, its files, and what another application does to its old readings."""

    def __init__(self, deployed: Deployment) -> None:
        self.deployed = deployed
        self.user = uuid4().hex
        self.energies = deployed.database[OLD]

    def imported(self, rows: str) -> str:
        content = f"date,type,amount\n{rows}".encode()
        report = self.deployed.container.imports.bulk_create(self.user, content, REPLACE)
        assert report.import_id is not None
        return report.import_id

    def undone(self, import_id: str) -> UndoReport:
        return self.deployed.container.import_history.undo(self.user, import_id)

    def elsewhere(self, month: int, kind: str = "power") -> dict[str, Any]:
        """The old document of a month, for another application."""
        date = {"$gte": datetime(2024, month, 1, tzinfo=UTC), "$lt": datetime(2024, month + 1, 1, tzinfo=UTC)}
        found: dict[str, Any] | None = self.energies.find_one({"userId": self.user, "type": kind, "date": date})
        assert found is not None
        return found

    def change_elsewhere(self, month: int, **changes: Any) -> Any:
        key = self.elsewhere(month)["_id"]
        self.energies.update_one({"_id": key}, {"$set": changes})
        return key

    def inherit(self, month: int, amount: Any, **more: Any) -> dict[str, Any]:
        """A document as the old application left it."""
        place = {"userId": self.user, "type": "power", "date": datetime(2024, month, 28, tzinfo=UTC)}
        document = {"_id": ObjectId(), **place, "amount": amount, **more}
        self.energies.insert_one(document)
        return document

    def answered(self, backend: Backend = Backend.NEW) -> Shown:
        queries = self.deployed.container.queries
        return {
            (kind.value, to_datetime(reading.instant).month): reading.amount
            for kind in EnergyType
            for reading in queries.full_snapshot(self.user, kind, backend).readings
        }

    def settle(self) -> None:
        """Both sides are equal, and the display shows what is calculated from the readings.

        In ``old_only`` nothing is displayed: it goes on to the mode in which both sides are compared.
        """
        if self.mode is OLD_ONLY:
            self.deployed.to(DUAL_WRITE)
        if self.mode is DUAL_WRITE:
            assert self.deployed.sync().state == "synced"
        self.deployed.operations.sweeper.run_at_once(60)
        assert_shown(self.deployed.container, self.deployed.database, self.user)
        if self.mode is DUAL_WRITE:
            assert self.deployed.operations.consistency.verify().findings == ()

    def enter(self, mode: SyncMode) -> None:
        if self.mode is not mode:
            self.deployed.to(mode)

    @property
    def mode(self) -> SyncMode:
        return self.deployed.operations.modes.show().state.mode

    def versions(self) -> dict[str, int]:
        meters = self.deployed.database["meters"].find({"userId": self.user})
        return {meter["type"]: meter["sourceVersion"] for meter in meters}


@pytest.fixture
def home(migrated: Database[Any]) -> Home:
    deployed = Deployment(migrated)
    deployed.sync()
    return Home(deployed)


MODES = [(OLD_ONLY, None), (DUAL_WRITE, None), (NEW_ONLY, None), (DUAL_WRITE, Side.NEW), (DUAL_WRITE, Side.OLD)]


@pytest.mark.parametrize(("mode", "catching_up"), MODES)
def test_in_every_mode_an_undone_correction_leaves_both_sides_as_they_were(
    home: Home, mode: SyncMode, catching_up: Side | None
) -> None:
    home.imported(KNOWN)
    home.settle()
    before = equal_sides(home.deployed.database)
    set_mode(home.deployed.database, mode, catching_up=catching_up)
    versions = home.versions()
    corrected = home.imported(CORRECTED)
    assert home.answered() == AFTER
    outcome = home.undone(corrected).outcome
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (2, 1, 0)
    assert home.answered() == BEFORE
    assert home.versions() == {"power": versions["power"] + 2, "gas": versions["gas"]}
    home.settle()
    assert equal_sides(home.deployed.database) == before


WAYS: dict[str, tuple[Sequence[SyncMode], Sequence[SyncMode]]] = {
    "forward": ((OLD_ONLY,), (DUAL_WRITE, NEW_ONLY)),
    "back": ((NEW_ONLY,), (DUAL_WRITE, OLD_ONLY)),
    "there and back": ((), (NEW_ONLY, DUAL_WRITE, OLD_ONLY, DUAL_WRITE)),
    "the other way round": ((), (OLD_ONLY, DUAL_WRITE)),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_import_of_one_mode_is_undone_in_another(home: Home, way: str) -> None:
    before, behind = WAYS[way]
    home.imported(KNOWN)
    home.deployed.to(*before)
    corrected = home.imported(CORRECTED)
    home.deployed.to(*behind)
    assert home.answered() == AFTER
    outcome = home.undone(corrected).outcome
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (2, 1, 0)
    home.settle()
    assert home.answered() == BEFORE


def moment_of(document: dict[str, Any]) -> Any:
    """When an old document was updated last; its own date where it does not say."""
    updated = document.get("updatedAt")
    return updated if isinstance(updated, datetime) else document["date"]


def rest_of(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("amount", "updatedAt")}


@pytest.mark.parametrize("mode", [OLD_ONLY, DUAL_WRITE])
def test_a_correction_and_its_undo_keep_what_else_an_inherited_document_says(home: Home, mode: SyncMode) -> None:
    home.enter(mode)
    inherited: list[tuple[Any, dict[str, Any]]] = [
        (10.25, {"updatedAt": datetime(2024, 7, 1, tzinfo=UTC), "note": "cellar"}),
        (20, {"_id": f"text {uuid4().hex}", "note": ["a", 1]}),
        (Decimal("30.5"), {"updatedAt": "yesterday", "createdAt": 5}),
    ]
    before = [home.inherit(month, amount, **more) for month, (amount, more) in enumerate(inherited, start=1)]
    amounts = home.answered(Backend.OLD)
    corrected = home.imported("".join(f"2024-0{month}-28T00:00Z,power,{month}1\n" for month in (1, 2, 3)))
    assert home.answered() == {("power", 1): 11, ("power", 2): 21, ("power", 3): 31}
    assert home.undone(corrected).outcome.restored == 3
    for known in before:
        after = home.energies.find_one({"_id": known["_id"]})
        assert after is not None
        assert (rest_of(after), moment_of(after)) == (rest_of(known), moment_of(known))
    assert home.answered(Backend.OLD) == amounts
    home.settle()
    assert home.answered() == amounts


@pytest.mark.parametrize("mode", [OLD_ONLY, DUAL_WRITE])
def test_of_doubles_the_corrected_one_counts_and_none_of_them_comes_back(home: Home, mode: SyncMode) -> None:
    home.enter(mode)
    for updated in (5, 9, 7):
        home.inherit(2, 10.0 + updated, updatedAt=datetime(2024, 5, updated, tzinfo=UTC))
    home.inherit(3, 30.5)
    home.inherit(3, 31.5)
    before = {("power", 2): 19, ("power", 3): Decimal("31.5")}
    assert home.answered(Backend.OLD) == before
    corrected = home.imported("2024-02-28T00:00Z,power,22\n2024-03-28T00:00Z,power,33\n")
    assert [home.answered(backend) for backend in Backend] == [{("power", 2): 22, ("power", 3): 33}] * 2
    home.undone(corrected)
    assert [home.answered(backend) for backend in Backend] == [before] * 2
    home.settle()
    assert [home.answered(backend) for backend in Backend] == [before] * 2


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another amount": {"amount": 27.5},
    "another date": {"date": datetime(2024, 6, 9, tzinfo=UTC)},
    "another meter": {"type": "gas"},
    "the date of another row": {"date": datetime(2024, 4, 30, 12, tzinfo=UTC), "amount": 40},
}
CREATED, REPLACED = 3, 2  # the months of rows of the correction


SAYS_SO = {"updatedAt": datetime(2024, 8, 1, tzinfo=UTC)}


@pytest.mark.parametrize("month", [CREATED, REPLACED])
@pytest.mark.parametrize(
    ("what", "more", "mode"),
    [*combined(ELSEWHERE, [{}], SyncMode), *combined(["another amount"], [SAYS_SO], SyncMode)],
    ids=str,
)
def test_what_another_application_has_changed_since_stays_and_is_named(
    home: Home, what: str, more: dict[str, Any], mode: SyncMode, month: int
) -> None:
    """In ``new_only``: it did so before, and the sync job has carried it over."""
    home.enter(OLD_ONLY if mode is OLD_ONLY else DUAL_WRITE)
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    key = home.change_elsewhere(month, **ELSEWHERE[what], **more)
    changed = home.energies.find_one({"_id": key})
    assert changed is not None
    if mode is NEW_ONLY:
        home.settle()
    home.enter(mode)
    outcome = home.undone(corrected).outcome
    assert home.energies.find_one({"_id": key}) == changed
    assert [(kept.id, kept.type.value, kept.amount) for kept in outcome.kept] == [
        (str(key), changed["type"], Decimal(str(changed["amount"])))
    ]
    home.settle()
    places = {("power", 1): Decimal(10), ("gas", 1): Decimal(5)} | (
        {("power", 2): Decimal(20)} if month == CREATED else {}
    )
    assert home.answered() == {**places, (changed["type"], changed["date"].month): Decimal(str(changed["amount"]))}


@pytest.mark.parametrize("month", [CREATED, REPLACED])
@pytest.mark.parametrize("carried", [False, True])
def test_what_another_application_has_deleted_since_does_not_come_back(home: Home, month: int, carried: bool) -> None:
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    home.energies.delete_one({"_id": home.elsewhere(month)["_id"]})
    if carried:
        home.deployed.sync()
    home.undone(corrected)
    home.settle()
    assert home.answered() == (BEFORE if month == CREATED else {("power", 1): 10, ("gas", 1): 5})


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("mode", [OLD_ONLY, DUAL_WRITE])
def test_a_double_of_another_application_stays_and_the_imported_reading_goes(
    home: Home, mode: SyncMode, counts: bool
) -> None:
    """Whether it hides the imported reading or is hidden by it."""
    home.enter(mode)
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    imported = home.elsewhere(CREATED)
    double = {**imported, "_id": ObjectId(), "amount": 31.5, "updatedAt": LATER if counts else imported["date"]}
    home.energies.insert_one(double)
    outcome = home.undone(corrected).outcome
    assert (outcome.removed, outcome.restored) == (2, 1)
    assert home.elsewhere(CREATED) == double
    home.settle()
    assert [home.answered(backend) for backend in Backend] == [{**BEFORE, ("power", 3): Decimal("31.5")}] * 2


DAMAGES: list[dict[str, Any]] = [{"amount": "abc"}, {"date": None}, {"userId": None}, {"type": "water"}]


@pytest.mark.parametrize(("damage", "month"), combined(DAMAGES, [CREATED, REPLACED]), ids=str)
def test_an_undo_leaves_the_last_good_copy_of_a_damaged_reading(home: Home, damage: dict[str, Any], month: int) -> None:
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    home.settle()
    sound = home.elsewhere(month)
    home.change_elsewhere(month, **damage)
    damaged = home.energies.find_one({"_id": sound["_id"]})
    good = home.deployed.database[NEW].find_one({"_id": sound["_id"]})
    assert good is not None
    home.undone(corrected)
    assert home.energies.find_one({"_id": sound["_id"]}) == damaged
    assert home.deployed.database[NEW].find_one({"_id": sound["_id"]}) == good
    home.energies.replace_one({"_id": sound["_id"]}, sound)
    home.settle()
    assert home.answered() == {**BEFORE, ("power", month): good["amount"]}


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_correction_is_refused_where_only_a_good_copy_is_left(home: Home, damage: dict[str, Any]) -> None:
    home.imported(KNOWN)
    home.settle()
    home.change_elsewhere(REPLACED, **damage)
    before = [list(home.deployed.database[side].find()) for side in SIDES]
    with pytest.raises(ImportRowsError) as refused:
        home.imported(CORRECTED)
    assert ["damaged" in error.reason for error in refused.value.errors] == [True]
    assert [list(home.deployed.database[side].find()) for side in SIDES] == before


def test_a_damaged_twin_is_written_by_a_correction_and_its_undo(home: Home) -> None:
    home.imported(KNOWN)
    home.deployed.database[NEW].update_one({"_id": home.elsewhere(REPLACED)["_id"]}, {"$set": {"amount": "abc"}})
    corrected = home.imported(CORRECTED)
    home.deployed.database[NEW].update_one({"_id": home.elsewhere(CREATED)["_id"]}, {"$set": {"amount": "abc"}})
    home.undone(corrected)
    home.settle()
    assert home.answered() == BEFORE


BESIDE: dict[str, Callable[[Home, str], object]] = {
    "an edit": lambda home, key: home.deployed.change(home.user, key, amount=33),
    "a delete": lambda home, key: home.deployed.container.energy.delete(home.user, key),
    "an import": lambda home, _: home.imported(CORRECTED.replace("40", "41")),
}


def beside_an_undo(home: Home, beside: str, *, workers: int, undo_first: bool) -> tuple[Any, ...]:
    """What is stored after an undo and something else, one after the other or at once, and how it was undone."""
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    key = str(home.elsewhere(CREATED)["_id"])

    def other() -> None:
        with suppress(NotFoundError):
            BESIDE[beside](home, key)

    tasks = [lambda: home.undone(corrected), other]
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(task) for task in (tasks if undo_first else reversed(tasks))]:
            done.result()
    record = home.deployed.database["imports"].find_one({"_id": corrected})
    assert record is not None
    return home.answered(), [record["undone"][each] for each in ("removed", "restored", "keptCount")]


@pytest.mark.parametrize("beside", BESIDE)
def test_an_undo_at_once_with_something_else_ends_as_one_after_the_other(home: Home, beside: str) -> None:
    deployed, ways = home.deployed, (True, False)
    orders = [beside_an_undo(Home(deployed), beside, workers=1, undo_first=way) for way in ways]
    assert orders[0] != orders[1]
    for way in ways * depth(2, 20):
        household = Home(deployed)
        assert beside_an_undo(household, beside, workers=2, undo_first=way) in orders
        household.settle()


def test_of_many_who_undo_an_import_at_once_one_does(home: Home) -> None:
    home.imported(KNOWN)
    corrected = home.imported(CORRECTED)
    published = len(home.deployed.publisher.events)
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: home.undone(corrected), range(6)))
    assert [len(report.meters) for report in reports if report.meters] == [1]
    assert len({report.outcome for report in reports}) == 1
    assert len(home.deployed.publisher.events) == published + 1
    home.settle()
    assert home.answered() == BEFORE
