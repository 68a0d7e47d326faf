"""CSV files: every notation read, every flaw named with its line, nothing else ever raised."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.files.csv.rows import CsvRow, ParsedCsv, RowError
from chalicelib.domain.readings import EnergyType
from tests.unit.domain.calculation.building import at
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.csv.reading import outcome, refusal, shown
from tests.unit.domain.files.csv.reading import read as parse


def parse_rows(*rows: str, header: str = "date;type;amount", **options: object) -> ParsedCsv:
    return parse("\n".join([header, *rows]), **options)  # type: ignore[arg-type]


def amounts(parsed: ParsedCsv) -> list[str]:
    return [amount for _, _, amount in shown(parsed)]


def test_a_row_is_a_reading_with_its_line() -> None:
    row = parse("date,type,amount\n2024-11-01,power,1234.5\n").rows[0]
    assert row == CsvRow(2, EnergyType.POWER, at("2024-11-01"), Decimal("1234.5"), has_time=False)


def test_header_names_are_trimmed_in_any_case_and_order_and_others_are_named() -> None:
    parsed = parse(' Amount ;"Remark";DATE; Room; type;\n5;"a;b";2024-11-01;x;gas;\n')
    assert [(row.type, row.amount) for row in parsed.rows] == [(EnergyType.GAS, Decimal(5))]
    assert parsed.format.ignored_columns == ["Remark", "Room"]


def test_a_byte_order_mark_is_allowed() -> None:
    assert len(parse(b"\xef\xbb\xbfdate;type;amount\n1.2.2024;gas;5").rows) == 1


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("date\ttype\tamount", "\t"),
        ("date;type;amount", ";"),
        ("date,type,amount", ","),
        ('date\ttype\tamount\t"a;b,c"', "\t"),
        ('date;type;amount;"a\tb,c"', ";"),
        ('date,type,amount,"a\tb;c"', ","),
        ("date\ttype\tamount\ta;b,c", "\t"),
        ("date;type;amount;a,b", ";"),
    ],
)
def test_the_delimiter_is_found_in_the_header_outside_quotes(header: str, delimiter: str) -> None:
    parsed = parse(header + "\n" + delimiter.join(["1.2.2024", "gas", "5"]))
    assert (parsed.format.delimiter, len(parsed.rows), parsed.errors) == (delimiter, 1, [])


def test_a_given_delimiter_counts() -> None:
    assert refusal("date;type;amount\n", delimiter=",").startswith('no header with the delimiter ","')
    assert len(parse('date,type,amount,"x;y;z"\n1.2.2024,gas,5', delimiter=",").rows) == 1


@pytest.mark.parametrize("delimiter", ["", "|", ";;", "\n", '"'])
def test_another_delimiter_is_refused(delimiter: str) -> None:
    assert "delimiter must be" in refusal("date;type;amount\n", delimiter=delimiter)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.234,5"], ["1234.5"]),
        (["1,234.5"], ["1234.5"]),
        (["1234,5", "1.234"], ["1234.5", "1234"]),
        (["1234.5", "1,234"], ["1234.5", "1234"]),
        (["12,5"], ["12.5"]),
        (["1,234"], ["1.234"]),
        (["1.2345"], ["1.2345"]),
        (["12345.678"], ["12345.678"]),
        (["12345,678"], ["12345.678"]),
        (["1.234.567"], ["1234567"]),
        (["1,234,567"], ["1234567"]),
        (["1 234 567.5"], ["1234567.5"]),
        (["1\u00a0234,5", "1\u202f234,5"], ["1234.5", "1234.5"]),
        (["12'345.678", "12\u2019345.678"], ["12345.678", "12345.678"]),
        (["1 234.567"], ["1234.567"]),
        (["1234", "+7"], ["1234", "7"]),
    ],
)
def test_the_decimal_sign_is_found_from_all_values_of_the_file(values: list[str], expected: list[str]) -> None:
    assert amounts(parse_rows(*(f"{day}.1.2024;gas;{value}" for day, value in enumerate(values, 1)))) == expected


@pytest.mark.parametrize(
    "values",
    [["1.234"], ["1.234", "5"], ["1.234", "2,345"], ["1.5", "1,5"], ["1.234,5", "1,234.5"], ["1234,5", "1234.5"]],
)
def test_without_evidence_or_with_evidence_for_both_the_file_is_refused(values: list[str]) -> None:
    rows = [f"{day}.1.2024;gas;{value}" for day, value in enumerate(values, 1)]
    message = refusal("\n".join(["date;type;amount", *rows]))
    assert message.startswith("ambiguous number format, pass decimal=")


@pytest.mark.parametrize(("decimal", "expected"), [(".", ["1.234", "1234"]), (",", ["1234", "1.234"])])
def test_a_given_decimal_sign_counts(decimal: str, expected: list[str]) -> None:
    parsed = parse_rows("1.1.2024;gas;1.234", "2.1.2024;gas;1,234", decimal=decimal)
    assert (amounts(parsed), parsed.format.decimal) == (expected, decimal)


@pytest.mark.parametrize("decimal", ["", ";", ".,"])
def test_another_decimal_sign_is_refused(decimal: str) -> None:
    assert refusal("date;type;amount\n", decimal=decimal) == "decimal must be . or ,"


def test_what_is_not_a_number_is_no_evidence() -> None:
    parsed = parse_rows("1.1.2024;gas;about 1.5", "2.1.2024;gas;1,5", "3.1.2024;gas;v1.2.3,4")
    assert [row.line for row in parsed.rows] == [3]


@pytest.mark.parametrize(
    "value",
    [
        *["abc", "1e5", "NaN", "Infinity", "0x10", "\u0661\u0662", "1_000", "--5", "5-", "5.", ".", "12.5.1"],
        *["1,23,4", "12,34.5", "1 2", "1  234", "1 234 5", "1'23"],
    ],
)
def test_a_value_that_is_no_number_is_an_error_of_its_row(value: str) -> None:
    parsed = parse_rows("1.1.2024;gas;10.5", f"2.1.2024;gas;{value}", decimal=".")
    assert [row.line for row in parsed.rows] == [2]
    assert parsed.errors == [
        RowError(3, "amount", f'amount "{value}" is not a number with the decimal sign .'),
    ]


@pytest.mark.parametrize("value", ["-5", "-0,1", "-1.000,5"])
def test_an_amount_must_not_be_negative(value: str) -> None:
    parsed = parse_rows(f"1.1.2024;gas;{value}", decimal=",")
    assert parsed.errors == [RowError(2, "amount", "amount must not be negative")]


@pytest.mark.parametrize("value", ["0", "0,0"])
def test_zero_is_a_reading(value: str) -> None:
    assert [row.amount for row in parse_rows(f"1.1.2024;gas;{value}", decimal=",").rows] == [0]


def test_an_unquoted_decimal_comma_where_comma_delimits_is_an_error_of_its_row() -> None:
    parsed = parse('date,type,amount\n2024-01-01,gas,12,5\n2024-01-02,gas,"12,5"\n2024-01-03,gas,7,,\n')
    assert parsed.errors == [
        RowError(2, None, "row has 4 fields, the header has 3; write a decimal comma within quotation marks")
    ]
    assert [(row.line, str(row.amount)) for row in parsed.rows] == [(3, "12.5"), (4, "7")]


@pytest.mark.parametrize(
    "text",
    [
        *["1/2/2024", "01/02/2024", "1.2.2024", "01.02.2024", "1-2-2024"],
        *["2024-2-1", "2024-02-01", "2024/2/1", "2024/02/01", " 2024-02-01 "],
        *["2024-02-01T00:00:00+01:00", "2024-01-31T23:00Z", "2024-02-01T00:00"],
    ],
)
def test_every_notation_of_a_date_is_read_day_first(text: str) -> None:
    assert [row.instant for row in parse_rows(f"{text};gas;5").rows] == [at("2024-02-01")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.02.2024", 'date "31.02.2024" does not exist'),
        ("29/2/2023", 'date "29/2/2023" does not exist'),
        ("2024-13-01", 'date "2024-13-01" does not exist'),
        ("0.1.2024", 'date "0.1.2024" does not exist'),
        ("1.1.0000", 'date "1.1.0000" does not exist'),
        ("1.1.0204", 'date "1.1.0204" is outside the years 1900 to 2999'),
        ("1/2.2024", 'date "1/2.2024" is not written like 1.11.2024, 2024-11-01 or 2024-11-01 18:30'),
        ("2024.02.01", 'date "2024.02.01" is not written like 1.11.2024, 2024-11-01 or 2024-11-01 18:30'),
        ("1/2/24", 'date "1/2/24" is not written like 1.11.2024, 2024-11-01 or 2024-11-01 18:30'),
        ("", "date is missing"),
    ],
)
def test_any_other_date_is_an_error_of_its_row(text: str, reason: str) -> None:
    parsed = parse_rows(f"{text};gas;5", "1.2.2024;gas;5")
    assert (parsed.errors, len(parsed.rows)) == ([RowError(2, "date", reason)], 1)


def test_types_are_known_after_trim_and_lower() -> None:
    parsed = parse_rows("1.1.2024; POWER ;5", "1.1.2024;Gas;5", "1.1.2024;water;5", "1.1.2024;;5")
    assert [row.type for row in parsed.rows] == [EnergyType.POWER, EnergyType.GAS]
    assert parsed.errors == [
        RowError(4, "type", 'type "water" is neither power nor gas'),
        RowError(5, "type", "type is missing"),
    ]


def test_a_row_with_too_few_fields_names_what_is_missing() -> None:
    assert parse_rows("1.1.2024;gas").errors == [RowError(2, "amount", "amount is missing")]


def test_line_numbers_count_newlines_within_quotes_and_blank_lines() -> None:
    text = (
        'date;type;amount;note\n1.1.2024;gas;5;"one\ntwo\n"\n\n  \n;;;\n'
        '2.1.2024;gas;x;\n3.1.2024;gas;6;"a\r\nb"\r\n4.1.2024;gas;7;\n'
    )
    parsed = parse(text)
    assert [row.line for row in parsed.rows] == [2, 9, 11]
    assert [error.line for error in parsed.errors] == [8]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end: str) -> None:
    parsed = parse(end.join(["date;type;amount", "1.1.2024;gas;5", "", "2.1.2024;gas;6"]))
    assert [row.line for row in parsed.rows] == [2, 4]


def test_blank_lines_before_the_header_are_skipped() -> None:
    assert [row.line for row in parse("\n \ndate;type;amount\n1.1.2024;gas;5").rows] == [4]


def test_every_row_is_read_whether_or_not_an_earlier_one_has_its_instant() -> None:
    parsed = parse_rows("1.1.2024;gas;5", "1.1.2024;gas;6", "1.1.2024;power;7", "2023-12-31T23:00Z;gas;8")
    assert [row.line for row in parsed.rows] == [2, 3, 4, 5]


@pytest.mark.parametrize("text", ["", "\n", " \r\n\r\n", "\ufeff"])
def test_an_empty_file_is_refused(text: str) -> None:
    assert refusal(text) == "the file is empty"


def test_a_header_of_nothing_but_delimiters_is_refused() -> None:
    assert refusal(";;;\n").startswith("missing column")


def test_a_header_alone_has_no_rows() -> None:
    assert parse("date;type;amount")[:3] == ([], [], [])


def test_nul_bytes_make_a_row_bad_and_nothing_worse() -> None:
    parsed = parse("date;type;amount\n1.1.2024;gas;5\x00\n\x002.1.2024;gas;6\n3.1.2024;gas;7\n")
    assert ([error.line for error in parsed.errors], [row.line for row in parsed.rows]) == ([2, 3], [4])


def test_a_row_of_a_megabyte_is_refused_with_its_line() -> None:
    assert refusal("date;type;amount\n1.1.2024;gas;" + "5" * 1_000_000).startswith("line 2: field larger")


def test_a_row_of_a_megabyte_in_small_fields_is_one_bad_row() -> None:
    parsed = parse_rows("1.1.2024;gas;5" + ";x" * 500_000, "1.1.2024;gas;5")
    assert [error.line for error in parsed.errors] == [2]
    assert len(parsed.errors[0].reason) < 100


@pytest.mark.parametrize("row", ['1.1.2024;gas;"5', '1.1.2024;gas;"5"6'])
def test_quotes_that_are_open_or_out_of_place_are_refused_with_their_line(row: str) -> None:
    assert refusal(f"date;type;amount\n1.1.2024;gas;5\n{row}\n").startswith("line 3: ")


def test_a_long_value_is_cut_in_its_reason() -> None:
    parsed = parse_rows(f"{'9' * 5000};gas;5", f"1.1.2024;gas;{'x' * 5000}", f"1.1.2024;{'x' * 5000};5")
    assert [len(error.reason) < 120 for error in parsed.errors] == [True, True, True]


def test_more_rows_than_allowed_are_refused() -> None:
    rows = [f"{day}.1.2024;gas;{day}" for day in range(1, 5)]
    assert len(parse_rows(*rows, "", ";;", max_rows=4).rows) == 4
    assert refusal("\n".join(["date;type;amount", *rows]), max_rows=3) == "more than 3 rows; split the file"


def test_a_file_has_up_to_a_number_of_readings_in_the_wide_form_too() -> None:
    rows = ["1.1.2024;5;6", "2.1.2024;7;", "3.1.2024;8;"]
    assert len(parse_rows(*rows, header="date;power;gas", max_rows=4).rows) == 4
    told = "the file has 4 readings, an import takes up to 3; split the file"
    assert refusal("\n".join(["date;power;gas", *rows]), max_rows=3) == told


@examples
@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_the_domains_errors(content: bytes) -> None:
    assert outcome(content)


@examples
@given(
    st.text(alphabet=" \t\r\n;,.'\"\x00\ufeff0123456789-/+:TZe\u00a0pogaswer", max_size=200),
    st.sampled_from([None, "\t", ";", ","]),
    st.sampled_from([None, ".", ","]),
)
def test_arbitrary_rows_raise_nothing_but_the_domains_errors(
    text: str, delimiter: str | None, decimal: str | None
) -> None:
    header = (delimiter or ";").join(["date", "type", "amount"])
    assert outcome(f"{header}\n{text}", delimiter=delimiter, decimal=decimal)
