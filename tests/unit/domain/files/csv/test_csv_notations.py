"""A file written in any supported notation reads back the same readings, or is refused as ambiguous."""

import codecs
import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.readings import EnergyType, day_start, to_datetime
from tests.unit.domain.calculation.building import BERLIN
from tests.unit.domain.calculation.meters import examples
from tests.unit.domain.files.csv.reading import outcome, read

Written = tuple[EnergyType, date, Decimal]

DATES: dict[str, tuple[Callable[[date], str], str]] = {
    "D/M/YYYY": (lambda d: f"{d.day}/{d.month}/{d.year}", "dmy"),
    "DD.MM.YYYY": (lambda d: f"{d.day:02}.{d.month:02}.{d.year}", "dmy"),
    "D.M.YYYY H:MM": (lambda d: f"{d.day}.{d.month}.{d.year} 0:00", "dmy"),
    "D-M-YYYY": (lambda d: f"{d.day}-{d.month}-{d.year}", "dmy"),
    "M/D/YYYY": (lambda d: f"{d.month}/{d.day}/{d.year}", "mdy"),
    "M/D/YYYY AM": (lambda d: f"{d.month}/{d.day}/{d.year} 12:00:00 AM", "mdy"),
    "M-D-YYYY": (lambda d: f"{d.month:02}-{d.day:02}-{d.year}", "mdy"),
    "YYYY-M-D": (lambda d: f"{d.year}-{d.month}-{d.day}", "ymd"),
    "YYYY/MM/DD": (lambda d: f"{d.year}/{d.month:02}/{d.day:02}", "ymd"),
    "ISO date": (lambda d: d.isoformat(), "ymd"),
    "ISO date-time": (lambda d: to_datetime(day_start(d, BERLIN)).astimezone(BERLIN).isoformat(), "ymd"),
}
NAMES = {"date": ["date", "Datum"], "type": ["type", "Energieart"], "amount": ["amount", "Zählerstand", "value"]}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]
GROUPINGS = ["", " ", "\u00a0", "'", "\u2019", "other sign"]

written_rows = st.lists(
    st.tuples(
        st.sampled_from(EnergyType),
        st.dates(date(1980, 1, 1), date(2037, 12, 31)),
        st.tuples(st.integers(0, 10**10), st.integers(0, 4)).map(lambda n: Decimal(n[0]).scaleb(-n[1])),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


class Notation(NamedTuple):
    """How a file is written."""

    encoding: str
    delimiter: str
    sign: str
    grouping: str
    dates: str
    names: dict[str, str]
    order: list[str]
    line_end: str
    titles: int
    announced: bool
    wide: bool


notations = st.builds(
    Notation,
    encoding=st.sampled_from(ENCODINGS),
    delimiter=st.sampled_from("\t;,"),
    sign=st.sampled_from(".,"),
    grouping=st.sampled_from(GROUPINGS),
    dates=st.sampled_from(sorted(DATES)),
    names=st.fixed_dictionaries({thing: st.sampled_from(names) for thing, names in NAMES.items()}),
    order=st.permutations(["date", "type", "amount", "note"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    titles=st.integers(0, 3),
    announced=st.booleans(),
    wide=st.booleans(),
)


def amount_text(amount: Decimal, notation: Notation) -> str:
    other = {".": ",", ",": "."}[notation.sign]
    separator = other if notation.grouping == "other sign" else notation.grouping
    return f"{amount:,f}".replace(",", "g").replace(".", notation.sign).replace("g", separator)


def file_of(rows: list[Written], notation: Notation) -> bytes:
    text = io.StringIO()
    if notation.announced:
        text.write(f"sep={notation.delimiter}{notation.line_end}")
    text.write(f"Übersicht{notation.line_end}" * notation.titles)
    writer = csv.writer(text, delimiter=notation.delimiter, lineterminator=notation.line_end)
    (wide_file if notation.wide else long_file)(writer.writerow, rows, notation)
    mark = codecs.BOM_UTF16_BE if notation.encoding == "utf-16-be" else b""
    return mark + text.getvalue().encode(notation.encoding)


def long_file(write: Callable[[list[str]], object], rows: list[Written], notation: Notation) -> None:
    write([notation.names.get(thing, "Notiz") for thing in notation.order])
    for kind, day, amount in rows:
        cells = {
            "date": DATES[notation.dates][0](day),
            "type": kind.upper(),
            "amount": amount_text(amount, notation),
            "note": "a\n;\t,b",
        }
        write([cells[thing] for thing in notation.order])


def wide_file(write: Callable[[list[str]], object], rows: list[Written], notation: Notation) -> None:
    write([notation.names["date"], "Strom", "gas"])
    for kind, day, amount in rows:
        text = amount_text(amount, notation)
        write([DATES[notation.dates][0](day), *([text, ""] if kind is EnergyType.POWER else ["", text])])


@examples
@given(written_rows, notations)
def test_a_file_whose_notation_is_given_reads_back_what_was_written(rows: list[Written], notation: Notation) -> None:
    parsed = read(file_of(rows, notation), decimal=notation.sign, date_order=DATES[notation.dates][1])
    assert parsed.errors == []
    assert parsed.warnings == []
    assert [(row.type, row.instant, row.amount) for row in parsed.rows] == [
        (kind, day_start(day, BERLIN), amount) for kind, day, amount in rows
    ]
    assert parsed.format.delimiter == notation.delimiter
    assert parsed.format.header_line == 1 + notation.titles + notation.announced


@examples
@given(written_rows, notations)
def test_a_file_by_itself_is_read_back_or_refused_or_asked_about_but_never_changed(
    rows: list[Written], notation: Notation
) -> None:
    """By the rules day-first dots and dashes, and commas alone where ``;`` delimits, are no question."""
    parsed = outcome(file_of(rows, notation))
    if isinstance(parsed, str):
        assert parsed.startswith("ambiguous number format") or "pass dateOrder=mdy" in parsed
        return
    assert parsed.errors == []
    if not (notation.sign == "." and parsed.format.decimal == "," and notation.delimiter == ";"):
        assert [row.amount for row in parsed.rows] == [amount for _, _, amount in rows]
    if not (parsed.warnings or notation.dates == "M-D-YYYY"):
        assert [row.instant for row in parsed.rows] == [day_start(day, BERLIN) for _, day, _ in rows]
    assert [row.type for row in parsed.rows] == [kind for kind, _, _ in rows]


@examples
@given(written_rows, notations, st.data())
def test_a_damaged_file_raises_nothing_but_the_domains_errors(
    rows: list[Written], notation: Notation, data: st.DataObject
) -> None:
    content = bytearray(file_of(rows, notation))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    parsed = outcome(bytes(content))
    assert parsed if isinstance(parsed, str) else len(parsed.rows) + len(parsed.errors) >= 0


@examples
@given(written_rows, notations, st.integers(0, 11))
def test_a_stray_quotation_mark_never_loses_a_reading_without_a_word(
    rows: list[Written], notation: Notation, place: int
) -> None:
    """Each row is read, is named as bad, or the file is refused."""
    plain = notation._replace(encoding="utf-8", titles=0, announced=False, wide=False, order=["date", "amount", "type"])
    lines = file_of(rows, plain).decode().split(plain.line_end)
    at = 1 + place % len(rows)
    lines[at] += f'{plain.delimiter}"'
    parsed = outcome(plain.line_end.join(lines), decimal=plain.sign, date_order=DATES[plain.dates][1])
    if not isinstance(parsed, str):
        assert len(parsed.rows) == len(rows) or parsed.errors
