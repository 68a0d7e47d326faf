"""Numbers of a file: what proves a decimal sign, what stays open, and that nothing is ever off by 1000."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.files.csv.numbers import DecimalSign, parse_number, plain_count
from chalicelib.domain.plausibility.limits import check_amount, plain_amount
from chalicelib.domain.readings import EnergyType
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.csv.reading import outcome, read, refusal


def file_of(*values: str, delimiter: str = ";") -> str:
    return "\n".join([delimiter.join(["date", "amount"]), *(f'2024-01-01{delimiter}"{value}"' for value in values)])


def amounts(*values: str, delimiter: str = ";", kind: EnergyType = EnergyType.GAS) -> list[str]:
    parsed = read(file_of(*values, delimiter=delimiter), type=kind)
    assert parsed.errors == []
    return [str(row.amount) for row in parsed.rows]


@pytest.mark.parametrize(
    ("proof", "sign"),
    [
        *[(".5", "."), (",5", ","), ("0.123", "."), ("0,123", ","), (".500", "."), (",500", ",")],
        *[("12 345.678", "."), ("12 345,678", ","), ("12'345.678", "."), ("12\u2019345,678", ",")],
        *[("1.234.567", ","), ("1,234,567", "."), ("1.234,567", ","), ("1,234.567", ".")],
        *[("1234.567", "."), ("1234,567", ","), ("1.2", "."), ("1,2345", ",")],
    ],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_what_is_a_number_with_one_sign_alone_proves_it(proof: str, sign: str, delimiter: str) -> None:
    parsed = read(file_of("1.234", "1,234", proof, delimiter=delimiter), type=EnergyType.GAS)
    assert parsed.format.decimal == sign
    assert [str(row.amount) for row in parsed.rows[:2]] == (["1.234", "1234"] if sign == "." else ["1234", "1.234"])


@pytest.mark.parametrize(
    "value", ["1 2", "12 34.5", "1.23.4", "1,23,4", "1.2e3", "1,5e3", "about 1.5", "5.", "1.5 MWh", "x"]
)
def test_what_is_no_number_is_in_error_and_no_evidence(value: str) -> None:
    parsed = read(file_of("1,234", value), type=EnergyType.POWER)
    assert ([row.amount for row in parsed.rows], [error.line for error in parsed.errors]) == ([Decimal("1.234")], [3])


@pytest.mark.parametrize("value", ["1'234 567", "0 123", "0.123.456", "1 234'567", "1  234", "+-5", "5-", "0" * 61])
def test_groups_have_one_separator_and_do_not_begin_with_a_lone_zero(value: str) -> None:
    parsed = read(file_of(value), type=EnergyType.POWER)
    assert [(error.line, error.column) for error in parsed.errors] == [(2, "amount")]


def test_no_sign_at_all_leaves_the_decimal_sign_open() -> None:
    parsed = read(file_of("1234", "1 234", "+7", "12'345"), type=EnergyType.GAS)
    assert ([str(row.amount) for row in parsed.rows], parsed.format.decimal) == (["1234", "1234", "7", "12345"], None)


def test_commas_alone_are_decimal_where_a_semicolon_delimits() -> None:
    assert amounts("1,234", "12,345", "7") == ["1.234", "12.345", "7"]


@pytest.mark.parametrize(
    ("values", "delimiter", "reason"),
    [
        (["12,345"], ",", '"12,345" (line 2) may be 12345 or 12.345'),
        (["12,345 kWh"], "\t", '"12,345 kWh" (line 2) may be 12345 or 12.345'),
        (["7", "1.234"], ";", '"1.234" (line 3) may be 1.234 or 1234'),
        (["1,234", "1.234"], ";", '"1,234" (line 2) may be 1234 or 1.234'),
        (["012,345"], ",", '"012,345" (line 2) may be 12345 or 12.345'),
        (["7", "1,5", "8", "2.5"], ";", '"1,5" (line 3) has a decimal comma, "2.5" (line 5) a decimal point'),
    ],
)
def test_without_evidence_or_with_both_the_file_is_refused_with_an_example(
    values: list[str], delimiter: str, reason: str
) -> None:
    message = refusal(file_of(*values, delimiter=delimiter), type=EnergyType.POWER)
    assert message == f"ambiguous number format, pass decimal=. or decimal=,: {reason}"


@pytest.mark.parametrize(
    ("sign", "value"),
    [(".", "1,5"), (".", "1.234.567"), (",", "0.123"), (",", "1.5"), (".", "12,34.5"), (",", "1,234.5")],
)
def test_what_does_not_fit_a_given_sign_is_an_error_of_its_row(sign: str, value: str) -> None:
    parsed = read(file_of("1", value), decimal=sign, type=EnergyType.GAS)
    assert [(error.line, error.reason) for error in parsed.errors] == [
        (3, f'amount "{value}" is not a number with the decimal sign {sign}')
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [("5 kWh", "power"), ("5kwh", "power"), ("5 KWH", "power"), ("5 m3", "gas"), ("5m³", "gas"), ("5\u00a0M3", "gas")],
)
def test_a_unit_behind_a_number_must_be_the_types(value: str, kind: str) -> None:
    own, other = EnergyType(kind), next(each for each in EnergyType if each != kind)
    assert amounts(value, kind=own) == ["5"]
    parsed = read(file_of(value), type=other)
    assert (parsed.rows, [error.column for error in parsed.errors]) == ([], ["amount"])
    assert f" of {other} must be in " in parsed.errors[0].reason


@pytest.mark.parametrize("value", ["5 Wh", "5 MWh", "5 l", "kWh", "m3", "5 kWh kWh", "5 m"])
def test_another_unit_is_no_number(value: str) -> None:
    for kind in EnergyType:
        assert [error.line for error in read(file_of(value), type=kind).errors] == [2]


@pytest.mark.parametrize(
    ("value", "kept"),
    [("0." + "0" * 50, "0"), ("1." + "0" * 33, "1"), ("-0.0", "0.0"), ("5.50", "5.50"), ("100", "100")],
)
def test_zeros_that_say_nothing_are_left_out(value: str, kept: str) -> None:
    assert amounts(value) == [kept]


def test_a_number_too_long_to_be_read_is_an_error_that_says_so() -> None:
    [error] = read(file_of("0." + "0" * 70), type=EnergyType.GAS).errors
    assert error.reason == f'amount "0.{"0" * 38}" has more than 60 characters; write at most 15 digits'


def test_a_number_that_ends_like_a_unit_is_one() -> None:
    assert amounts("1233", "3", "12.3") == ["1233", "3", "12.3"]


digits = st.integers(1, 10**9)


@examples
@given(
    st.lists(st.tuples(digits, st.integers(0, 4)), min_size=1, max_size=8),
    st.sampled_from([".", ","]),
    st.sampled_from(["", " ", "'", "other", "\u202f"]),
    st.sampled_from([";", ",", "\t"]),
)
def test_no_amount_is_ever_changed(values: list[tuple[int, int]], sign: str, grouping: str, delimiter: str) -> None:
    """What was written with one sign is read back, or the file is refused as ambiguous.

    One thing is decided by the rule against a writer: where ``;`` delimits, ``1,234`` alone is 1.234.
    """
    other = "," if sign == "." else "."
    separator = other if grouping == "other" else grouping
    written = [Decimal(units).scaleb(-places) for units, places in values]
    texts = [f"{amount:,f}".replace(",", "g").replace(".", sign).replace("g", separator) for amount in written]
    if delimiter == ";" and sign == "." and all("." not in text for text in texts):
        return
    parsed = outcome(file_of(*texts, delimiter=delimiter), type=EnergyType.GAS)
    if isinstance(parsed, str):
        assert parsed.startswith("ambiguous number format")
        return
    assert parsed.errors == []
    assert [row.amount for row in parsed.rows] == written


@given(st.from_regex(r"[0-9]{0,14}[.,]?[0-9]{0,4}", fullmatch=True), st.sampled_from([".", ",", None]))
@example("0", ".")
@example("0.000", ".")
@example("007,50", ",")
def test_a_plain_number_is_what_a_closer_look_says_and_nothing_is_wrong_with_it(
    text: str, decimal: DecimalSign | None
) -> None:
    count = plain_count(text, decimal)
    if count is not None:
        closer = parse_number(text, decimal)
        assert closer is not None
        check_amount(closer)
        assert str(count) == str(plain_amount(closer))
