"""A new calculation version: no figure of another one is ever shown, whoever has stored it and whoever still runs.

The deployed side of this is in ``tests/e2e/test_calculation_version.py``.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.invariants import calculation_of
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.domain.ports import MeterSnapshot, MeterState, Transactions
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.calculation_marks import SHOWN_BY
from chalicelib.repositories.database import open_database
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.lagging import MongoLaggingMeters
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.display.display import DisplayService, Timeline, View
from chalicelib.services.migration.backends.old_backend import OldBackend
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService, ReadingDraft
from chalicelib.services.refresh.calculation import DisplayDataCalculationService
from chalicelib.services.refresh.recalculation import RecalculationService
from chalicelib.services.refresh.sweeper import SweeperService
from tests.depth import depth
from tests.integration.calculation_versions.release_1 import Release1, settle, spoil
from tests.integration.repositories.explaining import Commands, explanation
from tests.integration.versions.both_versions import V1, V2, BothVersions

POWER, GAS = EnergyType.POWER, EnergyType.GAS
OURS, NEXT = CALCULATION_VERSION, CALCULATION_VERSION + 1
YEARS = range(2020, 2026)
SHOWN = YEARS[1::2]
SECONDS = 60.0
LOOKED_AT = (
    1_708_423_200_000  # 2024-02-20T10:00Z: the power meter was last read 18 days before, so its cards say something
)


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def former(migrated: Database[Any], user: str) -> Database[Any]:
    """What the former release has stored of a user, by rules that differ from today's in every view."""
    another(migrated, user)
    return migrated


def another(database: Database[Any], user: str) -> str:
    """One more household of the former release."""
    settle(database, user, uuid4().hex[:8])
    spoil(database, user)
    return user


def displayed(database: Database[Any]) -> list[Any]:
    """All that refreshes write."""
    return [list(database[name].find(sort=[("_id", 1)])) for name in ("meters", "display_energy_data", "meter_series")]


# (a) from the first request on


def test_both_versions_of_the_api_agree_on_what_the_former_release_has_stored(former: Database[Any], user: str) -> None:
    before, both = displayed(former), BothVersions(former, stored=False)
    assert both.answers(V2, [user]) == both.answers(V1, [user])
    assert displayed(former) == before, "no refresh has run"


def test_both_backends_agree_on_every_component_before_any_refresh(
    former: Database[Any], user: str, container: Container
) -> None:
    before = displayed(former)
    outcomes = [compared.outcome for compared in container.comparer.of_user(user)]
    assert len(outcomes) > 2 * len(YEARS)
    assert set(outcomes) == {Outcome.EQUAL}
    assert displayed(former) == before


@pytest.mark.usefixtures("former")
def test_what_is_calculated_on_the_spot_is_not_stale_and_its_etag_begins_with_the_calculation_version(
    user: str, container: Container
) -> None:
    version = container.display.monthly(user, POWER, 2023).state.source_version
    for kind in EnergyType:
        for view in views(container.display, user, kind).values():
            assert not view.state.stale
            assert view.etag.startswith(f'"{OURS}.')
    assert container.display.monthly(user, POWER, 2023).etag == f'"{OURS}.{version}"'


@pytest.mark.usefixtures("former")
def test_what_an_older_version_shows_is_no_damage_and_counts_as_not_compared(
    user: str, ports: Ports, container: Container
) -> None:
    check = container.operations.rebuild.check
    found = ports.queries.whole(user, POWER, OURS)
    assert found is not None
    assert found.violations == ()
    seen = check(user)
    assert (seen.meters, seen.lagging, seen.findings) == (2, 2, ())
    container.operations.sweeper.run_at_once(SECONDS)
    assert (check(user).lagging, check(user).findings) == (0, ())


def test_a_view_of_ours_that_is_left_beside_a_meter_without_a_mark_is_not_shown(
    former: Database[Any], user: str, container: Container
) -> None:
    container.operations.sweeper.run_at_once(SECONDS)
    right = container.display.monthly(user, POWER, 2023)
    spoil(former, user)
    assert container.display.monthly(user, POWER, 2023).data != right.data, "it is stored, and believed"
    former["meters"].update_one({"_id": f"{user}|power"}, {"$unset": {"series": ""}})
    shown = container.display.monthly(user, POWER, 2023)
    assert (shown.data, shown.etag, shown.calculated_at) == (right.data, right.etag, None)


# (b) the sweeper brings the stored documents up


def test_the_sweeper_brings_up_what_is_outdated_behind_what_lags_and_no_more_than_its_limit(
    former: Database[Any], user: str, container: Container
) -> None:
    people = [user, another(former, uuid4().hex), another(former, uuid4().hex)]
    sweeper = container.operations.sweeper
    assert sweeper.outdated() == 3
    first = sweeper.run(SECONDS, limit=4)
    assert (first.state, first.refreshed, first.brought_up, first.outdated) == ("unfinished", 3, 1, 2)
    second = sweeper.run(SECONDS, limit=4)
    assert (second.state, second.refreshed, second.brought_up, second.outdated) == ("swept", 0, 2, 0)
    assert container.operations.rebuild.check().differences == 0
    for person in people:
        for kind in EnergyType:
            assert container.display.monthly(person, kind, 2023).calculated_at is not None, "it is stored"


def test_a_run_without_time_brings_nothing_up_and_the_next_one_goes_on(
    former: Database[Any], container: Container
) -> None:
    sweeper = container.operations.sweeper
    container.calculation.refresh(former["meters"].find_one({"type": "gas"})["userId"], GAS)  # type: ignore[index]
    assert (sweeper.run(0.0).state, sweeper.outdated()) == ("unfinished", 1)
    assert sweeper.run(SECONDS).brought_up == 1


def test_a_meter_that_cannot_be_brought_up_is_named_and_the_others_have_their_turn(
    former: Database[Any], user: str, container: Container
) -> None:
    other = another(former, uuid4().hex)
    meter = {"_id": f"{min(user, other)}|power"}
    exchanges = former["meters"].find_one(meter)["exchanges"]  # type: ignore[index]
    former["meters"].update_one(meter, {"$set": {"exchanges": "lost"}})
    sweeper = container.operations.sweeper
    report = sweeper.run(SECONDS)
    assert (report.brought_up, report.failed, report.failing, report.outdated) == (1, 1, 1, 1)
    count, [failing] = sweeper.failing()
    assert (count, failing.meter.id, failing.dirty_since) == (1, meter["_id"], None)
    assert failing.as_document()["dirtySince"] is None
    assert sweeper.run(SECONDS).failed == 0, "it rests for a while"
    former["meters"].update_one(meter, {"$set": {"exchanges": exchanges}})
    assert sweeper.run_at_once(SECONDS).brought_up == 1
    assert (sweeper.failing(), sweeper.outdated()) == ((0, []), 0)


def test_where_none_is_left_nothing_is_looked_at_however_many_meters_there_are(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    shown = {"displayVersion": 1, "series": {"version": 1, "calculation": OURS}}
    migrated["meters"].insert_many([{"_id": f"{number}|power", **shown} for number in range(2_000)])
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.outdated()) == 0
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.waiting_outdated(now(), 10)) == 0
    assert looked_at(mongodb_uri, migrated, lambda meters: list(meters.every_outdated())) == 0


def test_however_many_fail_the_sweeper_looks_at_no_more_outdated_meters_than_it_takes(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    fails = {"displayVersion": 1, "sweep": {"attempts": 1, "nextAttempt": later, "error": "ValueError"}}
    migrated["meters"].insert_many([{"_id": f"{number}|power", **fails} for number in range(1_000)])
    migrated["meters"].insert_many([{"_id": f"{number}|gas", "displayVersion": 1} for number in range(5)])
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.waiting_outdated(now(), 10)) == 5


def looked_at(uri: str, database: Database[Any], work: Callable[[MongoLaggingMeters], Any]) -> int:
    """How many documents the server looks at; of keys hardly more."""
    commands = Commands()
    watched = open_database(uri, database.name, commands)
    work(MongoLaggingMeters(watched, 20))
    watched.client.close()
    looks = [explanation(database, command, "executionStats") for command in commands.seen]
    stats = [look.get("executionStats") or look["stages"][0]["$cursor"]["executionStats"] for look in looks]
    assert stats
    documents = sum(each["totalDocsExamined"] for each in stats)
    assert sum(each["totalKeysExamined"] for each in stats) <= documents + 4 * len(stats)
    return int(documents)


# (c) functions of several versions at once


@dataclass
class Rules:
    """Reading as a calculation version does: the next one reads dates in another zone, so that its figures differ.

    ``meanwhile`` happens between a snapshot and what is made of it.
    """

    queries: MongoReadingQueries
    zone: ZoneInfo | None
    meanwhile: list[Callable[[], Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.queries, name)

    def snapshot(self, user: str, kind: EnergyType, backend: Backend) -> MeterSnapshot:
        found = self.full_snapshot(user, kind, backend, self.queries.snapshot)
        if self.meanwhile:
            self.meanwhile.pop()()
        return found

    def snapshot_of_year(self, *_: object) -> None:
        """None: all readings are asked."""

    snapshot_around = snapshot_of_year

    def full_snapshot(self, user: str, kind: EnergyType, backend: Backend, read: Any = None) -> MeterSnapshot:
        found: MeterSnapshot = (read or self.queries.full_snapshot)(user, kind, backend)
        return found if self.zone is None else replace(found, settings=replace(found.settings, zone=self.zone))


class Function:
    """The application under one number: what it reads, refreshes and sweeps."""

    def __init__(self, database: Database[Any], number: int, zone: ZoneInfo | None = None) -> None:
        self.number = number
        self.rules = Rules(MongoReadingQueries(database, 20), zone)
        self.lagging = MongoLaggingMeters(database, 20, number)
        self.repository = MongoDisplayDataRepository(database, 20, number)
        self.calculation = DisplayDataCalculationService(self.repository, self.rules, now, number)
        self.display = DisplayService(self.repository, self.rules, lambda: LOOKED_AT, number)
        nobody = cast(EnergyCrudService, None), cast(CsvImportService, None)
        self.old = OldBackend(self.rules, lambda: LOOKED_AT, *nobody, number)
        self.sweeper = SweeperService(self.lagging, self.rules, self.calculation, now)

    def state(self, user: str, kind: EnergyType = POWER) -> MeterState:
        return self.repository.state(user, kind)

    def assert_right(self, user: str, kind: EnergyType) -> None:
        """Whatever is not stale is what this version calculates from the readings themselves."""
        fresh = views(self.old, user, kind)
        for name, shown in views(self.display, user, kind).items():
            assert shown.etag.startswith(f'"{self.number}.'), name
            if not shown.state.stale:
                assert shown.data == fresh[name].data, (self.number, name)
        for name, shown in views(self.display, user, kind, consistent=True).items():
            assert (shown.data, shown.etag) == (fresh[name].data, fresh[name].etag), (self.number, name)


def views(service: Any, user: str, kind: EnergyType, **how: bool) -> dict[str, View]:
    """Every view of a meter."""
    years = {str(year): service.monthly(user, kind, year, **how) for year in SHOWN}
    histogram = service.histogram(user, kind, Timeline(), **how)
    return {**years, "histogram": histogram, "summary": service.summary(user, kind, **how)}


@dataclass
class Functions:
    """Two versions on one database that the former release has left."""

    database: Database[Any]
    user: str
    ours: Function
    next: Function
    transactions: Transactions
    container: Container

    def write(self, kind: EnergyType, year: int, month: int, day: int) -> None:
        draft = ReadingDraft(kind, f"{year}-{month:02}-{day:02}", Decimal(random.Random(day).randint(1, 900)), True)
        try:
            self.container.energy.create(self.user, draft)
        except Exception as error:
            if "already" not in str(error):
                raise


@pytest.fixture
def functions(former: Database[Any], user: str, ports: Ports, container: Container) -> Functions:
    ours, later = Function(former, OURS), Function(former, NEXT, ZoneInfo("Asia/Kolkata"))
    return Functions(former, user, ours, later, ports.transactions, container)


def test_the_two_versions_of_these_tests_differ_in_what_they_show(functions: Functions) -> None:
    shown = [views(function.old, functions.user, POWER) for function in (functions.ours, functions.next)]
    assert shown[0]["2023"].data != shown[1]["2023"].data
    cards = [each["summary"].data for each in shown]
    assert cards[0]["day"] == cards[1]["day"] == "2024-02-20"
    assert cards[0]["lastMonth"] != cards[1]["lastMonth"]


def test_an_older_version_leaves_alone_what_a_newer_one_shows(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    assert later.calculation.refresh(user, POWER)
    before = displayed(functions.database)
    assert not ours.calculation.refresh(user, POWER)
    assert ours.sweeper.run_at_once(SECONDS).brought_up == 0
    after = displayed(functions.database)
    of_power = [[each for each in documents if "power" in each["_id"]] for documents in (*before, *after)]
    assert of_power[:3] == of_power[3:]
    ours.assert_right(user, POWER)
    later.assert_right(user, POWER)


def test_an_older_sweeper_neither_counts_nor_claims_what_a_newer_version_shows_though_it_lags(
    functions: Functions,
) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    later.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2023, 7, 3)
    assert ours.lagging.lag(now() + 1_000).meters == 0
    assert ours.lagging.waiting(now() + 1_000, now(), 10) == []
    assert list(ours.lagging.every(now() + 1_000)) == []
    assert ours.sweeper.run_at_once(SECONDS).refreshed == 0
    ours.assert_right(user, POWER)
    assert later.sweeper.run_at_once(SECONDS).refreshed == 1


def test_a_newer_version_brings_up_as_a_whole_what_an_older_one_shows(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    ours.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2023, 7, 3)
    assert later.calculation.refresh(user, POWER)
    stored = list(functions.database["display_energy_data"].find({"userId": user, "type": "power"}))
    assert {document["calculationVersion"] for document in stored} == {NEXT}
    assert {document["year"] for document in stored} > {2020, 2021, 2022, 2023}, "the years that nobody wrote to too"


def test_the_operator_of_an_older_version_brings_a_meter_down_on_purpose(functions: Functions) -> None:
    ours, later, user = functions.ours, functions.next, functions.user
    later.calculation.refresh(user, POWER)
    RecalculationService(functions.transactions, ours.calculation, now).renew(user, POWER)
    assert ours.state(user).calculation_version == OURS
    assert not ours.state(user).stale
    ours.assert_right(user, POWER)
    later.assert_right(user, POWER)


@pytest.mark.parametrize("seed", range(depth(1, 60)))
def test_whatever_two_versions_do_at_once_each_shows_its_own_figures_and_none_undoes_the_newer(
    functions: Functions, seed: int
) -> None:
    chance, ours, later, user = random.Random(seed), functions.ours, functions.next, functions.user

    def step() -> None:
        kind = chance.choice([POWER, GAS])
        function = chance.choice([ours, later])
        match chance.randrange(4):
            case 0:
                functions.write(kind, chance.choice(YEARS), chance.randint(1, 12), chance.randint(1, 28))
            case 1:
                function.sweeper.run_at_once(SECONDS)
            case 2:
                function.calculation.refresh(user, kind)
            case _:
                function.rules.meanwhile.append(step)
                function.calculation.refresh(user, kind)
                function.rules.meanwhile.clear()

    newest = dict.fromkeys(EnergyType, 0)
    for _ in range(depth(12, 40)):
        step()
        for kind in EnergyType:
            shown = ours.state(user, kind).calculation_version
            assert shown >= newest[kind], "an older version has replaced what a newer one shows"
            newest[kind] = shown
            ours.assert_right(user, kind)
            later.assert_right(user, kind)
    later.sweeper.run_at_once(SECONDS)
    done = [function.sweeper.run_at_once(SECONDS) for function in (ours, later, ours, later)]
    assert [report.refreshed + report.brought_up + report.failed for report in done] == [0, 0, 0, 0], "a loop"


# against the release before


@pytest.fixture
def release_1(functions: Functions) -> Release1:
    return Release1(functions.database, functions.container)


def test_when_the_former_release_publishes_the_mark_goes_and_the_meter_is_due_again(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    assert ours.lagging.outdated() == 0
    for day in (3, 4):  # once it keeps a series, once none
        functions.write(POWER, 2023, 7, day)
        assert release_1.refresh(user, POWER)
        assert ours.state(user).calculation_version == 1
        assert ours.lagging.outdated() == 1
        ours.assert_right(user, POWER)
        assert ours.sweeper.run_at_once(SECONDS).brought_up == 1
        assert ours.display.monthly(user, POWER, 2023).calculated_at is not None


def test_the_former_release_cannot_put_its_documents_beside_or_over_ours(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    before = displayed(functions.database)
    assert not release_1.refresh(user, POWER), "it sees nothing that lags"
    functions.write(POWER, 2023, 7, 3)
    meters = displayed(functions.database)[0]
    with pytest.raises(DuplicateKeyError):
        release_1.publish(user, POWER, release_1.snapshot(user, POWER))
    assert displayed(functions.database) == [meters, *before[1:]]


def test_a_part_is_not_put_over_what_the_former_release_has_published_meanwhile(
    functions: Functions, release_1: Release1
) -> None:
    ours, user = functions.ours, functions.user
    ours.sweeper.run_at_once(SECONDS)
    functions.write(POWER, 2021, 7, 3)
    slow = release_1.snapshot(user, POWER)
    functions.write(POWER, 2023, 7, 3)

    def meanwhile() -> None:
        release_1.begin_again(user, POWER)
        functions.database["meters"].update_one(
            {"_id": f"{user}|power"}, {"$set": {"sourceVersion": slow.state.source_version + 1}}
        )
        release_1.publish(user, POWER, replace(slow, dirty_from=None))

    ours.rules.meanwhile.append(meanwhile)
    assert not ours.calculation.refresh(user, POWER)
    stored = functions.database["display_energy_data"].find({"userId": user, "type": "power"})
    assert {document["calculationVersion"] for document in stored} == {1}
    ours.assert_right(user, POWER)
    assert ours.calculation.refresh(user, POWER)
    ours.assert_right(user, POWER)


@pytest.mark.parametrize("seed", range(depth(1, 60)))
def test_whatever_the_former_release_does_meanwhile_no_figure_of_its_is_shown(
    functions: Functions, release_1: Release1, seed: int
) -> None:
    chance, ours, user = random.Random(seed), functions.ours, functions.user
    for _ in range(depth(15, 60)):
        kind = chance.choice([POWER, GAS])
        match chance.randrange(4):
            case 0:
                functions.write(kind, chance.choice(YEARS), chance.randint(1, 12), chance.randint(1, 28))
            case 1:
                release_1.refresh(user, kind)
                spoil_if_stored(functions.database, user)
            case 2:
                ours.calculation.refresh(user, kind)
            case _:
                ours.rules.meanwhile.append(lambda kind=kind: release_1.refresh(user, kind))  # type: ignore[misc]
                ours.calculation.refresh(user, kind)
                ours.rules.meanwhile.clear()
        for each in EnergyType:
            ours.assert_right(user, each)
            stored = functions.database["display_energy_data"].find({"userId": user, "type": each.value})
            assert len({document["calculationVersion"] for document in stored}) <= 1
    ours.sweeper.run_at_once(SECONDS)
    assert functions.container.operations.rebuild.check(user).differences == 0
    assert ours.sweeper.run_at_once(SECONDS).brought_up == 0


def spoil_if_stored(database: Database[Any], user: str) -> None:
    """What the former release has just stored is of other rules."""
    change = {"$set": {"data.months.11.meterReading": Decimal(123456)}}
    database["display_energy_data"].update_many(
        {"userId": user, "calculationVersion": 1, "dataType": "monthly"}, change
    )


# what the mark says

MARKS = [
    None,
    "x",
    [],
    {},
    {"version": 3},
    *({"version": 3, "calculation": value} for value in (0, 1, OURS, NEXT, True, 2.0, "2", None, -1, 1 << 60, [2])),
    {"version": 2, "calculation": OURS},
    [{"version": 3, "calculation": OURS}],
]


@pytest.mark.parametrize("display_version", [0, 3])
def test_the_server_reads_every_mark_as_the_code_does(migrated: Database[Any], display_version: int) -> None:
    meters = [
        {"_id": str(number), "displayVersion": display_version, "series": mark} for number, mark in enumerate(MARKS)
    ]
    migrated["meters"].insert_many(meters)
    pipeline: list[dict[str, Any]] = [{"$sort": {"_id": 1}}, {"$set": {"shownBy": SHOWN_BY}}]
    for meter in migrated["meters"].aggregate(pipeline):
        assert meter["shownBy"] == calculation_of(meter), meter["series"]
