"""Figures from a part of the readings are those of all of them, whatever was written since they were shown."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.json.text import json_text
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.repositories import near_readings, partial_snapshots
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.display.display import DisplayService, Timeline, View
from chalicelib.services.display.view_data import histogram_data, monthly_data, series_of, summary_data
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from tests.depth import depth

POWER = EnergyType.POWER
START = datetime(2020, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
DAYS = 900
NOW = to_ms(START + timedelta(days=DAYS + 5))
YEARS = range(2019, 2025)


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", 0)


@pytest.fixture
def container(migrated: Database[Any]) -> Container:
    return compose(mongo_ports(migrated, FakePublisher()), cast(TokenVerifier, None), lambda: NOW)


class Told:
    """Queries that note which snapshots were partial ones."""

    def __init__(self, queries: MongoReadingQueries) -> None:
        self._queries = queries
        self.partial: list[bool] = []

    def snapshot_around(self, *asked: Any) -> Any:
        return self._noted(self._queries.snapshot_around(*asked))

    def snapshot_of_year(self, *asked: Any) -> Any:
        return self._noted(self._queries.snapshot_of_year(*asked))

    def snapshot_between(self, *asked: Any) -> Any:
        return self._noted(self._queries.snapshot_between(*asked))

    def _noted(self, found: Any) -> Any:
        self.partial.append(found is not None)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queries, name)


@pytest.fixture
def told(container: Container) -> Told:
    return Told(cast(MongoReadingQueries, container.queries))


@pytest.fixture
def display(container: Container, told: Told) -> DisplayService:
    return DisplayService(container.display._display, cast(Any, told), lambda: NOW)


def household(container: Container, random: Random, falls: float) -> str:
    """Readings at random moments of two and a half years, most often more than the one before."""
    user, amount, rows = uuid4().hex, random.choice([0, 40_000]), []
    for day in sorted(random.sample(range(DAYS), random.choice([3, 40, 120]))):
        amount = amount // 3 if random.random() < falls else amount + random.randrange(50)
        moment = START + timedelta(days=day, minutes=random.choice([0, 0, random.randrange(1440)]))
        rows.append(f"{moment.isoformat()},power,{amount}")
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode(), ImportOptions(confirm=True))
    return user


def change(container: Container, user: str, random: Random) -> None:
    """Something that somebody writes; what is refused changes nothing."""
    known = container.new.page(user, PageRequest(ReadingFilter(POWER), False, 0))
    moment = to_datetime(to_ms(START + timedelta(minutes=random.randrange(-60 * 24 * 90, (DAYS + 3) * 1440))))
    amount = Decimal(random.randrange(60_000))
    try:
        match random.randrange(5):
            case 0 if known:
                container.energy.delete(user, random.choice(known).id)
            case 1 if known:
                correction = ReadingCorrection(amount=amount, confirm=True)
                container.energy.update(user, random.choice(known).id, correction)
            case 2:
                container.configuration.add_exchange(
                    user, ExchangeDraft(POWER, moment.isoformat(), amount, Decimal(0), confirm=True)
                )
            case _:
                near = [reading.amount for reading in known if reading.instant <= to_ms(moment)]
                shown = near[-1] if near and random.random() < 0.7 else amount
                container.energy.create(user, ReadingDraft(POWER, moment.isoformat(), shown, confirm=True))
    except EnergyMonitorError:
        return


def all_figures(container: Container, user: str) -> Iterator[tuple[str, object]]:
    snapshot = container.queries.full_snapshot(user, POWER, Backend.NEW)
    series = series_of(snapshot)
    for year in YEARS:
        yield f"months of {year}", monthly_data(snapshot, series, year)
    yield "summary", summary_data(snapshot, series, NOW)[0]
    for year in YEARS:
        yield f"timeline of {year}", histogram_data(snapshot, *_range(year), 7)


def shown_figures(display: DisplayService, user: str) -> Iterator[tuple[str, View]]:
    for year in YEARS:
        yield f"months of {year}", display.monthly(user, POWER, year, consistent=True)
    yield "summary", display.summary(user, POWER, consistent=True)
    for year in YEARS:
        yield f"timeline of {year}", display.histogram(user, POWER, Timeline(*_range(year), 7), consistent=True)


def _range(year: int) -> tuple[int, int]:
    begin = datetime(year, 2, 3, tzinfo=START.tzinfo)
    return to_ms(begin), to_ms(begin + timedelta(days=400))


@pytest.mark.parametrize(("falls", "least"), [(0.0, 0.5), (0.02, 0.1), (0.3, 0.0)])
@pytest.mark.parametrize(("seed", "few"), [*((seed, 0) for seed in range(depth(2, 40))), (2, partial_snapshots.FEW)])
def test_figures_of_some_readings_are_those_of_all(
    container: Container,
    display: DisplayService,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    falls: float,
    least: float,
    seed: int,
    few: int,
) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", few)
    random = Random(f"{falls} {seed}")
    user = household(container, random, falls)
    if seed % 2:
        container.configuration.change(user, UserSettings(), {POWER: Register(modulus=Decimal(60_000))})
    for _ in range(random.randrange(2)):
        change(container, user, random)
    container.calculation.refresh(user, POWER)
    for _ in range(2):
        change(container, user, random)
        wanted, found = dict(all_figures(container, user)), dict(shown_figures(display, user))
        assert {name: view.data for name, view in found.items()} == wanted
        assert {view.state.stale for view in found.values()} == {False}
    assert sum(told.partial) >= least * len(told.partial)
    assert told.partial


def grown(container: Container, falls_at: int | None = None) -> str:
    """Daily readings of somebody who uses more and more, shown; the register may begin again on some day."""
    user = uuid4().hex
    amounts = [1000 + day * day // 100 for day in range(DAYS)]
    if falls_at is not None:
        amounts[falls_at:] = [amount - amounts[falls_at] for amount in amounts[falls_at:]]
    rows = [f"{START + timedelta(days=day):%Y-%m-%d},power,{amount}" for day, amount in enumerate(amounts)]
    content = "\n".join(["date,type,amount", *rows]).encode()
    container.imports.bulk_create(user, content, ImportOptions(confirm=True))
    container.calculation.refresh(user, POWER)
    return user


def write(container: Container, user: str, *readings: tuple[str, int]) -> None:
    for date, amount in readings:
        container.energy.create(user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))


def assert_all_right(container: Container, display: DisplayService, user: str) -> None:
    wanted, found = dict(all_figures(container, user)), dict(shown_figures(display, user))
    assert {name: view.data for name, view in found.items()} == wanted


def test_the_slope_beyond_the_last_reading_is_that_of_four_weeks(
    container: Container, display: DisplayService, told: Told
) -> None:
    user = grown(container)
    write(container, user, ("2022-08-10T13:00", 9_050))
    assert_all_right(container, display, user)
    assert all(told.partial)


def test_where_the_last_reading_was_deleted_the_slope_is_that_of_the_one_before(
    container: Container, display: DisplayService, told: Told
) -> None:
    user = grown(container)
    last = container.new.page(user, PageRequest(ReadingFilter(POWER), True, 1))
    container.energy.delete(user, last[0].id)
    assert_all_right(container, display, user)
    assert all(told.partial)


def test_what_fell_among_several_changes_is_seen(container: Container, display: DisplayService, told: Told) -> None:
    user = grown(container)
    write(container, user, *((f"2021-06-15T{hour}:00", 10 if hour == 12 else 3_209 + hour) for hour in range(10, 15)))
    assert_all_right(container, display, user)
    assert all(told.partial)


def test_where_a_register_began_again_its_readings_are_read(
    container: Container, display: DisplayService, told: Told
) -> None:
    user = grown(container, falls_at=500)
    write(container, user, ("2022-08-10T13:00", 9_050))
    assert_all_right(container, display, user)
    assert not all(told.partial)


def test_after_an_import_of_very_many_all_are_read(
    container: Container, display: DisplayService, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_readings, "CHANGED", 3)
    user = grown(container)
    write(container, user, *((f"2021-06-{day}T10:00", 3_200) for day in range(10, 14)))
    assert_all_right(container, display, user)
    assert not any(told.partial[: len(YEARS) + 1])


@pytest.mark.parametrize("few", [0, partial_snapshots.FEW])
def test_months_that_nothing_reaches_are_shown_as_they_are_stored_with_the_others_beside_them(
    container: Container, display: DisplayService, told: Told, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """So it goes for a register that fell in between, too: it is asked about the months alone that are reached."""
    monkeypatch.setattr(partial_snapshots, "FEW", few)
    user = grown(container, falls_at=500)  # on 14 July 2021
    write(container, user, ("2021-10-10T13:00", 300))
    years, wanted = (2020, 2021, 2022), dict(all_figures(container, user))
    shown = {year: display.monthly(user, POWER, year, consistent=True).data for year in years}
    assert shown == {year: wanted[f"months of {year}"] for year in years}
    assert told.partial == [True] * 3
    snapshots = [container.queries.snapshot_of_year(user, POWER, year) for year in years]
    assert [sorted(set(range(1, 13)) - snapshot.months.keys()) for snapshot in snapshots if snapshot] == [
        [1, 2],  # where the first reading is, a slope decides
        [10],
        [1, 8, 9, 10, 11, 12],  # where January begins is not known from 2022 alone; August has the last reading
    ]
    container.calculation.refresh(user, POWER)
    stored = {year: json_text(display.monthly(user, POWER, year).data) for year in years}
    assert {year: json_text(data) for year, data in shown.items()} == stored, "to the byte"


def test_where_a_register_or_the_zone_is_another_no_stored_month_counts(
    container: Container, display: DisplayService
) -> None:
    user = grown(container, falls_at=700)
    for zone, modulus in (("America/New_York", None), ("America/New_York", Decimal(6_000))):
        container.configuration.change(user, UserSettings(ZoneInfo(zone)), {POWER: Register(modulus=modulus)})
        assert_all_right(container, display, user)


def test_a_month_of_an_older_calculation_counts_as_little_as_one_of_another_person(
    container: Container, migrated: Database[Any]
) -> None:
    user, other = grown(container), grown(container, falls_at=500)
    views, meters = migrated["display_energy_data"], migrated["meters"]
    of_other = views.find_one_and_delete({"_id": f"{other}|power|monthly|2021|c2"})
    of_2021 = {"_id": f"{user}|power|monthly|2021|c2"}
    assert views.replace_one(of_2021, {**(of_other or {}), **of_2021}).modified_count
    assert not_known(container, user, 2021)
    assert not not_known(container, user, 2020)
    meters.update_one({"_id": f"{user}|power"}, {"$set": {"series.calculation": 1}})
    assert not_known(container, user, 2020)


def not_known(container: Container, user: str, year: int) -> bool:
    snapshot = container.queries.snapshot_of_year(user, POWER, year)
    return snapshot is None or not snapshot.months


@pytest.mark.parametrize(
    ("view", "year", "field"),
    [
        ("monthly|2021|c2", 2021, "data.months.3.flags"),
        ("monthly|2021|c2", 2021, "data.months.3.consumption"),
        ("monthly|2021|c2", 2021, "seal"),
        ("histogram|-|c2", 2022, "data.dateRange"),
        ("histogram|-|c2", 2022, "seal"),
    ],
)
def test_a_damaged_view_says_nothing_of_the_register_so_all_readings_are_read(
    container: Container, display: DisplayService, told: Told, migrated: Database[Any], view: str, year: int, field: str
) -> None:
    user = grown(container)
    damaged = migrated["display_energy_data"].update_one({"_id": f"{user}|power|{view}"}, {"$unset": {field: 1}})
    assert damaged.modified_count
    write(container, user, ("2022-08-10T13:00", 9_050))
    wanted = dict(all_figures(container, user))[f"months of {year}"]
    assert display.monthly(user, POWER, year, consistent=True).data == wanted
    assert told.partial == [False]
