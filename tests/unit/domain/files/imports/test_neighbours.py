"""Every row of a file is asked what a single reading is asked among the same readings (CALCULATION.md, 8 and 9)."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import ImplausibleReadingError
from chalicelib.domain.files.csv.parsed import CsvRow
from chalicelib.domain.files.imports.neighbours import ask_about_rows
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.questions import Meter, ask_about_reading
from chalicelib.domain.plausibility.usual import USUAL_BASE_MS, usual_of
from chalicelib.domain.readings import DAY_MS, EnergyType, MeterExchange, Reading, parse_instant
from chalicelib.domain.readings.compact import CompactReadings
from tests.depth import depth

BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = MeterConfiguration()
START = parse_instant("2023-03-20", BERLIN)  # the clock changes on the way
HOUR = DAY_MS // 24
instants = st.integers(0, 40 * 24).map(lambda hours: START + hours * HOUR)
amounts = st.one_of(st.integers(0, 400), st.integers(0, 9_999), st.integers(90_000, 99_999)).map(Decimal)
points = st.dictionaries(instants, amounts, max_size=14)
exchanges = st.lists(
    st.builds(MeterExchange, instants, amounts, amounts), max_size=2, unique_by=lambda each: each.instant
)
configurations = st.builds(
    lambda modulus, changed, backwards: MeterConfiguration(
        modulus, tuple(Exchange(str(each.instant), EnergyType.POWER, each) for each in sorted(changed)), backwards
    ),
    st.sampled_from([None, Decimal(100_000)]),
    exchanges,
    st.booleans(),
)


def row(line: int, instant: int, amount: Decimal, kind: EnergyType = EnergyType.POWER) -> CsvRow:
    return CsvRow(line, kind, instant, amount, has_time=True)


def asked_one_by_one(
    rows: list[CsvRow], stored: dict[int, Decimal], kind: EnergyType, configuration: MeterConfiguration
) -> list[tuple[int, str]]:
    """By the rule for a single reading, with all the others in place."""
    together = sorted(Reading(*point) for point in (stored | {row.instant: row.amount for row in rows}).items())
    codes = []
    for sent in sorted(rows, key=lambda row: row.instant):
        before = [point for point in together if point.instant < sent.instant]
        after = [point for point in together if point.instant > sent.instant]
        year = CompactReadings.of([point for point in before if point.instant >= sent.instant - USUAL_BASE_MS])
        usual = usual_of(year, kind, configuration, BERLIN)
        meter = Meter(kind, configuration, BERLIN, lambda usual=usual: usual)  # type: ignore[misc]
        try:
            ask_about_reading(Reading(sent.instant, sent.amount), [*before[-1:], *after[:1]], meter)
        except ImplausibleReadingError as error:
            codes.append((sent.line, error.doubt.code))
    return codes


@settings(max_examples=depth(150, 5_000), deadline=None)
@given(points, points, st.sampled_from(EnergyType), configurations)
@example({}, {START + day * DAY_MS: Decimal(day * 60) for day in range(12)}, EnergyType.POWER, PLAIN)
@example({START: Decimal(5)}, {START + HOUR: Decimal(99_999)}, EnergyType.GAS, PLAIN)
def test_rows_are_asked_what_single_readings_are_asked(
    stored: dict[int, Decimal], file: dict[int, Decimal], kind: EnergyType, configuration: MeterConfiguration
) -> None:
    rows = [row(line, instant, amount, kind) for line, (instant, amount) in enumerate(file.items(), 2)]
    readings = CompactReadings.of(Reading(*point) for point in stored.items())
    found = ask_about_rows(rows, readings, kind, configuration, BERLIN)
    assert [(each.line, each.code) for each in found] == asked_one_by_one(rows, stored, kind, configuration)


def test_a_question_names_both_counts_and_their_days() -> None:
    rows = [row(7, START + DAY_MS, Decimal("99.5"))]
    stored = CompactReadings.of([Reading(START, Decimal(100)), Reading(START + 2 * DAY_MS, Decimal("100.25"))])
    [found] = ask_about_rows(rows, stored, EnergyType.POWER, PLAIN, BERLIN)
    assert (found.line, found.code) == (7, "LOWER_THAN_PREVIOUS")
    assert found.reason == "99.5 on 2023-03-21 is lower than 100 on 2023-03-20."


@pytest.mark.long
def test_what_is_usual_is_looked_up_once_for_fifty_thousand_rows() -> None:
    """A household that always uses more than the floor asks for it at each row: walking back a year would not end."""
    rows = [row(line, START + line * DAY_MS, Decimal(line * 60)) for line in range(50_000)]
    assert ask_about_rows(rows, CompactReadings.of([]), EnergyType.POWER, PLAIN, BERLIN) == []
