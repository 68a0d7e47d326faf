"""The JSON export holds everything, and reading it back gives everything."""

import json
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.files.export.json_document import ExportedReading, json_text, parse_export
from chalicelib.domain.files.export.page import PAGE_READINGS
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import EnergyType, MeterExchange
from tests.unit.domain.calculation.building import BERLIN, UTC, at
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.export.exporting import (
    GAS,
    NOW,
    POWER,
    amounts,
    instants,
    meter,
    page,
    reading,
    stored_readings,
    types,
    zones,
)

FOUR_MEGABYTES = 4 * 2**20
moduli = st.none() | st.integers(1, 12).map(lambda digits: Decimal(10) ** digits) | amounts.filter(bool)
EXCHANGED = MeterExchange(at("2024-06-01"), Decimal("9999.5"), Decimal(0))


def test_the_first_page_says_everything() -> None:
    meters = {POWER: meter(Decimal(100_000), [EXCHANGED]), GAS: meter(None, backwards=True)}
    assert json.loads(json_text(page([reading(at("2024-11-01"), "1234.5")], meters=meters))) == {
        "exportVersion": 1,
        "exportedAt": "2023-11-14T23:13:20+01:00",
        "settings": {"zone": "Europe/Berlin"},
        "meters": [
            {
                "type": "power",
                "modulus": 100_000,
                "runsBackwards": False,
                "exchanges": [{"date": "2024-06-01T00:00:00+02:00", "finalOld": 9999.5, "initialNew": 0}],
            },
            {"type": "gas", "modulus": None, "runsBackwards": True, "exchanges": []},
        ],
        "readings": [{"type": "power", "date": "2024-11-01T00:00:00+01:00", "amount": 1234.5}],
    }


def test_zeros_that_say_nothing_are_not_written() -> None:
    exchanged = MeterExchange(at("2024-06-01"), Decimal("5.50"), Decimal("0E-6000"))
    text = json_text(page([reading(NOW, "0E-6000")], meters={POWER: meter(Decimal("1E+5"), [exchanged])}))
    assert '"amount":0}' in text
    assert '"modulus":100000,' in text
    assert '"finalOld":5.50,"initialNew":0}' in text


def test_further_pages_say_nothing_of_settings_and_meters() -> None:
    text = json_text(page([reading(at("2024-11-01"))]))
    assert set(json.loads(text)) == {"exportVersion", "exportedAt", "readings"}
    parsed = parse_export(text.encode(), UTC)
    assert (parsed.meters, parsed.zone, len(parsed.rows)) == ([], None, 1)


@examples
@given(stored_readings, zones, zones)
def test_the_same_readings_are_read_from_it_wherever(
    readings: list[StoredReading], zone: ZoneInfo, elsewhere: ZoneInfo
) -> None:
    parsed = parse_export(json_text(page(readings, zone)).encode(), elsewhere)
    assert parsed.errors == []
    assert parsed.rows == [
        ExportedReading(place, each.type, each.instant, each.amount, has_time=True)
        for place, each in enumerate(readings, start=1)
    ]


@examples
@given(
    zones,
    types,
    moduli,
    st.booleans(),
    st.lists(st.tuples(instants, st.integers(0, 9), st.integers(0, 9)), unique_by=lambda point: point[0], max_size=4),
)
def test_the_same_meters_and_the_zone_are_read_from_it(
    zone: ZoneInfo,
    kind: EnergyType,
    modulus: Decimal | None,
    backwards: bool,
    exchanges: list[tuple[int, int, int]],
) -> None:
    below = Decimal(1) if modulus is None else min(modulus, Decimal(10)) / 10
    points = [MeterExchange(instant, final * below, initial * below) for instant, final, initial in sorted(exchanges)]
    text = json_text(page((), zone, {kind: meter(modulus, points, backwards=backwards)}))
    parsed = parse_export(text.encode(), UTC)
    assert parsed.meters == [(kind, modulus, backwards, tuple(points))]
    assert parsed.zone == zone


def test_exchanges_are_in_the_order_of_their_dates_whatever_the_file_says() -> None:
    later = EXCHANGED._replace(instant=EXCHANGED.instant + 1)
    text = json_text(page(meters={POWER: meter(None, [later, EXCHANGED])}))
    assert parse_export(text.encode(), BERLIN).meters[0].exchanges == (EXCHANGED, later)


def test_all_digits_of_an_amount_are_there() -> None:
    amount = Decimal("999999999999.999")
    text = json_text(page([reading(at("2024-11-01"), amount), reading(at("2024-11-02"), "1E-15")]))
    assert [row.amount for row in parse_export(text.encode(), BERLIN).rows] == [amount, Decimal("1E-15")]


def test_the_longest_page_can_be_imported_in_one_file() -> None:
    longest = reading(at("2024-11-01") + 123, "1.23456789012345E-15")
    exchange = MeterExchange(longest.instant, longest.amount, longest.amount)
    meters = {POWER: meter(None, [exchange] * 2_000)}
    rows, head = (len(json_text(page(each, meters=meters))) for each in ([longest] * 10, []))
    assert head + (rows - head) / 10 * PAGE_READINGS + PAGE_READINGS < FOUR_MEGABYTES
