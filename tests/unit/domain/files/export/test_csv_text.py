"""A CSV export opens in a spreadsheet, and an import reads the same readings from it."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.rows import parse_csv
from chalicelib.domain.files.export.csv_text import FORMULA_SIGNS, DecimalSign, amount_cell, csv_text, text_cell
from chalicelib.domain.files.export.page import PAGE_READINGS
from chalicelib.domain.ports.values import StoredReading
from tests.unit.domain.calculation.building import BERLIN, at
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.export.exporting import GAS, NOW, POWER, read_csv, reading, stored_readings, zones

signs = st.sampled_from([".", ","])
FOUR_MEGABYTES = 4 * 2**20


def test_a_file_for_programs() -> None:
    readings = [reading(at("2024-11-01"), "1234.5"), reading(at("2024-11-01T18:30:00.250"), "7", GAS)]
    assert csv_text(readings, BERLIN) == (
        "date,type,amount\n2024-11-01T00:00:00+01:00,power,1234.5\n2024-11-01T18:30:00.250+01:00,gas,7\n"
    )


def test_a_file_for_german_spreadsheets() -> None:
    readings = [reading(at("2024-02-29"), "1234.567"), reading(at("2024-03-31T12:00"), "1.234", GAS)]
    assert csv_text(readings, BERLIN, ",") == (
        "date;type;amount\n2024-02-29T00:00:00+01:00;power;1234,567\n2024-03-31T12:00:00+02:00;gas;1,234\n"
    )


def test_a_file_without_readings_is_a_header_that_can_be_imported() -> None:
    assert csv_text([], BERLIN) == "date,type,amount\n"
    assert read_csv(csv_text([], BERLIN), BERLIN).rows == []


def test_a_file_has_no_byte_order_mark_because_all_of_it_is_ascii() -> None:
    assert csv_text([reading(NOW)], BERLIN).isascii()


@pytest.mark.parametrize(
    ("amount", "point", "comma"),
    [
        ("1.234", "1.2340", "1,234"),
        ("123.456", "123.4560", "123,456"),
        ("1234.567", "1234.567", "1234,567"),
        ("1.23", "1.23", "1,23"),
        ("1.2345", "1.2345", "1,2345"),
        ("0", "0", "0"),
        ("1E+5", "100000", "100000"),
        ("1E-15", "0.000000000000001", "0,000000000000001"),
        ("1000", "1000", "1000"),
        ("0E-6000", "0", "0"),
    ],
)
def test_no_amount_can_be_taken_for_a_thousand_times_as_much(amount: str, point: str, comma: str) -> None:
    assert amount_cell(Decimal(amount), ".") == point
    assert amount_cell(Decimal(amount), ",") == comma


def test_without_the_further_zero_an_import_would_ask_for_the_decimal_sign() -> None:
    text = csv_text([reading(NOW, "1.234")], BERLIN)
    assert read_csv(text, BERLIN).rows[0].amount == Decimal("1.234")
    with pytest.raises(CsvError, match="decimal="):
        read_csv(text.replace("1.2340", "1.234"), BERLIN)


@examples
@given(stored_readings, zones, signs, zones)
@example([reading(at("2024-10-27T02:30")), reading(at("2024-10-27T02:30") + 3_600_000)], BERLIN, ".", BERLIN)
@example([reading(NOW, "1.234"), reading(NOW + 1, "12.345")], BERLIN, ".", BERLIN)
@example([reading(NOW, "1.234"), reading(NOW + 1, "12.345")], BERLIN, ",", BERLIN)
@example([reading(NOW, "0.234"), reading(NOW + 1, "1234.567")], BERLIN, ".", BERLIN)
def test_an_import_reads_the_same_readings_from_it(
    readings: list[StoredReading], zone: ZoneInfo, decimal: DecimalSign, elsewhere: ZoneInfo
) -> None:
    readings = [*{(each.type, each.instant): each for each in readings}.values()]
    parsed = read_csv(csv_text(readings, zone, decimal), elsewhere)
    assert parsed.errors == []
    assert [row[1:4] for row in parsed.rows] == [(each.type, each.instant, each.amount) for each in readings]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run_as_a_formula_is_a_text(sign: str) -> None:
    assert text_cell(f"{sign}SUM(A1)") == f"'{sign}SUM(A1)"


@given(st.text())
def test_every_other_text_stays_as_it_is(text: str) -> None:
    assert text_cell(f"a{text}") == f"a{text}"
    assert not text_cell(text).startswith(FORMULA_SIGNS)


def test_the_longest_page_can_be_imported_in_one_file() -> None:
    longest = reading(at("2024-11-01") + 123, "1.23456789012345E-15")
    lines = csv_text([longest] * 10, BERLIN).encode()
    assert len(lines) / 10 * PAGE_READINGS < FOUR_MEGABYTES
    assert parse_csv(lines, BERLIN).rows[0].type is POWER
