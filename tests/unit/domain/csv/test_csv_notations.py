"""A file written in any supported notation reads back the same readings."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.csv.rows import CsvOptions, parse_csv
from chalicelib.domain.readings import EnergyType, day_start, to_datetime
from tests.unit.domain.calculation.building import BERLIN
from tests.unit.domain.calculation.meters import examples

Written = tuple[EnergyType, date, Decimal]

dates: dict[str, Callable[[date], str]] = {
    "D/M/YYYY": lambda d: f"{d.day}/{d.month}/{d.year}",
    "DD.MM.YYYY": lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    "D-M-YYYY": lambda d: f"{d.day}-{d.month}-{d.year}",
    "YYYY-M-D": lambda d: f"{d.year}-{d.month}-{d.day}",
    "YYYY/MM/DD": lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
    "ISO date": lambda d: d.isoformat(),
    "ISO date-time": lambda d: to_datetime(day_start(d, BERLIN)).isoformat(),
    "ISO local": lambda d: to_datetime(day_start(d, BERLIN)).astimezone(BERLIN).isoformat(),
    "ISO Z": lambda d: to_datetime(day_start(d, BERLIN)).strftime("%Y-%m-%dT%H:%MZ"),
}
groupings = st.sampled_from(["", " ", "\u00a0", "\u202f", "'", "\u2019", "other sign"])
written_rows = st.lists(
    st.tuples(
        st.sampled_from(EnergyType),
        st.dates(date(1980, 1, 1), date(2037, 12, 31)),
        st.integers(1, 10**10).map(lambda units: Decimal(units).scaleb(-3)),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


def amount_text(amount: Decimal, sign: str, grouping: str) -> str:
    separator = {".": ",", ",": "."}[sign] if grouping == "other sign" else grouping
    return f"{amount:,.3f}".replace(",", "g").replace(".", sign).replace("g", separator)


@examples
@given(
    written_rows,
    st.sampled_from(sorted(dates)),
    st.sampled_from(".,"),
    groupings,
    st.sampled_from("\t;,"),
    st.permutations(["date", "type", "amount", "note"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_file_reads_back_what_was_written(
    rows: list[Written],
    notation: str,
    sign: str,
    grouping: str,
    delimiter: str,
    columns: list[str],
    line_end: str,
    with_mark: bool,
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    for kind, day, amount in rows:
        written = amount_text(amount, sign, grouping)
        writer.writerow({"date": dates[notation](day), "type": kind.upper(), "amount": written, "note": "a\n;\t,b"})
    content = text.getvalue().encode("utf-8-sig" if with_mark else "utf-8")
    parsed = parse_csv(content, BERLIN, CsvOptions(decimal=sign))  # type: ignore[arg-type]
    assert parsed.errors == []
    assert [(row.type, row.instant, row.amount) for row in parsed.rows] == [
        (kind, day_start(day, BERLIN), amount) for kind, day, amount in rows
    ]
    assert parsed.format.delimiter == delimiter


@examples
@given(written_rows, st.sampled_from(".,"), groupings)
def test_the_decimal_sign_that_is_found_is_the_one_that_was_written(
    rows: list[Written], sign: str, grouping: str
) -> None:
    """A value of five digits before the sign proves it, whatever the others look like."""
    values = [amount_text(amount, sign, grouping) for _, _, amount in rows]
    proof = f"12345{sign}678"
    lines = [
        f"{(date(2024, 1, 1) + timedelta(days=i)).isoformat()};gas;{value}" for i, value in enumerate([*values, proof])
    ]
    parsed = parse_csv("\n".join(["date;type;amount", *lines]).encode(), BERLIN)
    assert parsed.format.decimal == sign
    assert [row.amount for row in parsed.rows] == [*(amount for _, _, amount in rows), Decimal("12345.678")]
