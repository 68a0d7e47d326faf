"""What is accepted is shown: by both backends, in every sync mode, whatever zone, year, amount or way in.

And what the server takes for a readable reading is what the domain takes for one.
"""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.errors import DuplicateReadingError, InvalidInputError
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, UserSettings
from chalicelib.domain.readings import (
    FIRST_YEAR,
    LAST_YEAR,
    day_start,
    local_date,
    parse_instant,
    to_datetime,
)
from chalicelib.repositories.documents import READABLE, UNREADABLE, flaws_in
from chalicelib.services.recording.configuration import ExchangeDraft
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.integration.deployment import (
    GAS,
    POWER,
    Deployment,
    equal_sides,
)
from tests.integration.repositories.inherited_database import set_mode

BERLIN = "Europe/Berlin"
ZONES = ["Pacific/Kiritimati", "Pacific/Apia", "Asia/Kolkata", BERLIN, "UTC", "America/New_York", "Pacific/Niue"]
EVERY_FIRST_DAY = [f"{year}-01-01" for year in (1899, FIRST_YEAR, 1970, 2026, LAST_YEAR, LAST_YEAR + 1)]
DAYS = st.sampled_from([*EVERY_FIRST_DAY, "1899-12-31", "1900-01-02", "2024-02-29", "2025-12-31"])
TIMES = st.sampled_from(["", "T00:00Z", "T23:59:59.999999Z", "T00:00+23:59", "T23:59-23:59", "T12:00+14:00"])
AMOUNTS = st.sampled_from(
    [
        "0",
        "-5",
        "1E-16",
        "1E-15",
        "0.001",
        "5",
        "5.0000",
        "123456789012.345",
        "999999999999.999",
        "1E+12",
        "NaN",
        "Infinity",
    ]
)
DIGITS = st.integers(-3, 10**16).flatmap(
    lambda digits: st.integers(-18, 6).map(lambda exponent: str(Decimal(digits).scaleb(exponent)))
)


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user() -> str:
    return uuid4().hex


def in_zone(deployed: Deployment, zone: str) -> str:
    name = uuid4().hex
    deployed.container.configuration.change(name, UserSettings(ZoneInfo(zone)), {})
    return name


def listed(deployed: Deployment, user: str, backend: Backend) -> list[tuple[str, int, Decimal]]:
    everything = PageRequest(ReadingFilter(), descending=False, limit=9)
    return [(item.id, item.instant, item.amount) for item in deployed.container.queries.page(user, everything, backend)]


def shown_amounts(months: Any) -> set[Decimal]:
    return {point["amount"] for month in months for point in month["calculationDetails"]["sourceReadings"]}


def test_the_first_local_day_of_the_kept_years_is_taken_once_and_shown(deployed: Deployment) -> None:
    user = in_zone(deployed, BERLIN)
    draft = ReadingDraft(POWER, "1900-01-01", Decimal(5))
    deployed.container.energy.create(user, draft)
    for _ in range(3):
        with pytest.raises(DuplicateReadingError):
            deployed.container.energy.create(user, draft)
    assert len(equal_sides(deployed.database)) == 1
    for backend in Backend:
        assert [amount for _, _, amount in listed(deployed, user, backend)] == [5]
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().differences == 0
    deployed.operations.consistency.repair()
    assert len(equal_sides(deployed.database)) == 1


def drafts() -> st.SearchStrategy[ReadingDraft]:
    dates = st.builds(lambda day, time: day + time, DAYS, TIMES)
    amounts = st.one_of(AMOUNTS, DIGITS).map(Decimal)
    return st.builds(ReadingDraft, st.sampled_from([POWER, GAS]), dates, amounts, st.booleans())


@pytest.mark.parametrize("mode", SyncMode)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(zone=st.sampled_from(ZONES), draft=drafts(), by_file=st.booleans())
@example(zone=BERLIN, draft=ReadingDraft(POWER, "1900-01-01", Decimal(5)), by_file=True)
@example(zone="Pacific/Kiritimati", draft=ReadingDraft(GAS, "1900-01-01", Decimal("1E-15")), by_file=False)
@example(zone="Pacific/Niue", draft=ReadingDraft(POWER, "1900-01-01T00:00+23:59", Decimal(5)), by_file=False)
def test_nothing_is_accepted_and_then_not_shown(
    deployed: Deployment, mode: SyncMode, zone: str, draft: ReadingDraft, by_file: bool
) -> None:
    set_mode(deployed.database, mode)
    user = in_zone(deployed, zone)
    if not accepted(deployed, user, draft, by_file):
        assert [listed(deployed, user, backend) for backend in Backend] == [[], []]
        return
    assert not accepted(deployed, user, draft, by_file), "the same again"
    instant = parse_instant(draft.date, ZoneInfo(zone))
    old, new = (listed(deployed, user, backend) for backend in Backend)
    assert old == new
    assert [item[1:] for item in old] == [(instant, draft.amount)]
    assert_shown_in_its_year(deployed, user, draft, instant, ZoneInfo(zone))


def accepted(deployed: Deployment, user: str, draft: ReadingDraft, by_file: bool) -> bool:
    try:
        if by_file:
            row = f"date,type,amount\n{draft.date},{draft.type},{draft.amount:f}\n".encode()
            return (
                deployed.container.imports.bulk_create(user, row, ImportOptions(csv=CsvOptions(decimal="."))).success
                == 1
            )
        deployed.container.energy.create(user, draft)
    except (InvalidInputError, DuplicateReadingError):
        return False
    return True


def assert_shown_in_its_year(
    deployed: Deployment, user: str, draft: ReadingDraft, instant: int, zone: ZoneInfo
) -> None:
    """Both backends show the same months; a single reading that measures a month's end is a point of it."""
    day = local_date(instant, zone)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return
    deployed.container.calculation.refresh(user, draft.type)
    months = [
        deployed.container.new.monthly(user, draft.type, day.year).data,
        deployed.container.old.monthly(user, draft.type, day.year).data,
    ]
    assert all(each == months[0] for each in months)
    is_midnight = instant == day_start(day, zone)
    if is_midnight and (day + timedelta(days=1)).month != day.month:
        assert rounded(Fraction(draft.amount)) in shown_amounts(months[0]["months"])


def test_an_exchange_on_the_first_local_day_is_shown(deployed: Deployment) -> None:
    user = in_zone(deployed, BERLIN)
    exchange, _ = deployed.container.configuration.add_exchange(user, ExchangeDraft(POWER, "1900-01-01", Decimal(9)))
    assert deployed.container.configuration.configuration(user, POWER).exchanges == (exchange,)


def test_the_backfill_carries_over_the_first_local_day_in_ranges_too(deployed: Deployment, user: str) -> None:
    from migrations.backfill import Backfill

    first = to_datetime(parse_instant("1900-01-01", ZoneInfo(BERLIN)))
    for hour in range(5):
        fields = {"userId": user, "type": "power", "date": first + timedelta(hours=hour), "amount": 5.5 + hour}
        deployed.database["energies"].insert_one(fields)
    assert Backfill(deployed.database, at_once=2).run() == 5


NUMBERS = st.one_of(
    st.floats(),
    st.sampled_from([0, 0.0, -55, 1, 1e-15, 9e-16, 1e12, 1.2e21, math.nextafter(1e12, 0), math.nan, math.inf]),
    st.sampled_from([Int64(5), True, False, 10**12, 10**12 - 1]),
    st.sampled_from(["5", "5E-6000", "NaN", "sNaN", "-Infinity", "1E-15", "9.9E-16", "1E+12", "0.1"]).map(Decimal128),
)
DATES = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(
        [datetime(1, 1, 1, tzinfo=UTC), datetime(1899, 12, 31, tzinfo=UTC), datetime(3000, 1, 2, tzinfo=UTC)]
    ),
    st.sampled_from([DatetimeMS(-(10**15)), DatetimeMS(10**16)]),
    st.sampled_from([-1, 1]).map(lambda ms: datetime(1899, 12, 31, tzinfo=UTC) + timedelta(milliseconds=ms)),
    st.sampled_from([-1, 1]).map(lambda ms: datetime(3000, 1, 2, tzinfo=UTC) + timedelta(milliseconds=ms)),
)
OTHERS: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "abc", "power", [], {}, {"kWh": 5}, 17, True, b"5", ObjectId()]
)
AMOUNT, DATE = st.one_of(NUMBERS, OTHERS), st.one_of(DATES, OTHERS)
FIELDS = st.fixed_dictionaries(
    {"_id": st.one_of(st.builds(ObjectId), st.builds(lambda: uuid4().hex), st.sampled_from(["5" * 24, 5, 5.5]))},
    optional={
        "userId": st.one_of(st.just("alice"), OTHERS, st.just(["alice"])),
        "type": st.one_of(st.sampled_from(["power", "gas", "water", "Power"]), OTHERS, st.just(["power"])),
        "date": st.one_of(DATE, st.lists(DATES, min_size=1, max_size=2)),
        "amount": st.one_of(AMOUNT, st.lists(NUMBERS, min_size=1, max_size=2)),
    },
)
GOOD = {"userId": "alice", "type": "power", "date": datetime(2024, 1, 1, tzinfo=UTC), "amount": 5}


def one_field_at_a_time() -> st.SearchStrategy[dict[str, Any]]:
    """Mostly good documents, or hardly any is readable and the edges are never met."""
    amounts = st.fixed_dictionaries({"amount": st.one_of(AMOUNT, st.lists(NUMBERS))})
    dates = st.fixed_dictionaries({"date": st.one_of(DATE, st.lists(DATES))})
    damaged = st.one_of(amounts, dates, FIELDS.map(lambda fields: {**fields, **GOOD}))
    return st.one_of(FIELDS, damaged.map(lambda fields: {"_id": ObjectId(), **GOOD, **fields}))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(document=one_field_at_a_time())
@example(document={"_id": ObjectId(), **GOOD, "amount": [5]})
@example(document={"_id": ObjectId(), **GOOD, "userId": ["alice"]})
def test_the_server_takes_the_same_for_readable_as_the_domain(
    migrated: Database[Any], document: dict[str, Any]
) -> None:
    collection = migrated[f"without_indexes_{uuid4().hex}"]
    collection.insert_one(document)
    stored = collection.find_one()
    assert stored is not None
    assert collection.count_documents(READABLE) == (not flaws_in(stored))
    assert collection.count_documents(UNREADABLE) == bool(flaws_in(stored))
    collection.drop()
