"""A CSV file as a table (CALCULATION.md, 8): delimiter, header, records with their line numbers."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.dates import looks_like_date
from chalicelib.domain.files.csv.encoding import decode
from chalicelib.domain.files.csv.energy_types import shortened
from chalicelib.domain.files.csv.header import Header, columns_of, header_of, missing_from, refusal_of
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.csv.parsed import Encoding

DELIMITERS = ("\t", ";", ",")
HEADER_LINES = 20
MAX_COLUMNS = 1000
_SEP = re.compile(r'"?sep=(?P<sign>.)"?[\t;,]*', re.IGNORECASE)
_QUOTES = "is a quotation mark open or out of place?"


class Record(NamedTuple):
    """The fields of a row, the line on which it begins and the one on which it ends."""

    line: int
    end: int
    fields: list[str]


class _Begin(NamedTuple):
    """The first records of a file, as one delimiter divides them, and why there are no more."""

    delimiter: str
    records: list[Record]
    too_wide: CsvError | None = None
    unreadable: CsvError | None = None


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file whose header is known.

    Iterating gives each record below it that is not blank, with a field for each column that has a name.
    """

    text: str
    encoding: Encoding
    delimiter: str
    header: Header
    begin: int
    max_rows: int

    @classmethod
    def open(cls, content: bytes, options: CsvOptions, max_rows: int) -> "CsvTable":
        """Find encoding, delimiter and header.

        Raises:
            CsvError: the file is empty or no text, or has no header that can be understood.
        """
        text, encoding = decode(content)
        if not text.strip():
            raise CsvError("the file is empty")
        skipped, announced = _announced(text)
        known = options.delimiter or announced
        delimiter, record, header = _find_header(text, skipped, (known,) if known else DELIMITERS, options)
        return cls(text, encoding, delimiter, header, record.end, max_rows)

    def __iter__(self) -> Iterator[Record]:
        records = _records(self.text, self.begin, self.delimiter, strict=True)
        for count, record in enumerate(records, start=1):
            if count > self.max_rows:
                raise CsvError(f"more than {self.max_rows} rows; split the file")
            record.fields.extend([""] * (self.header.width - len(record.fields)))
            yield record

    def flaw_of(self, record: Record) -> str | None:
        """Why the fields of a row may not be what its columns say: too many of them, or a row within quotes."""
        line, end, fields = record
        if len(fields) > self.header.width and self._overflows(fields):
            hint = "; write a decimal comma within quotation marks" if self.delimiter == "," else ""
            return f"row has {len(fields)} fields, the header has {self.header.width}{hint}"
        for position in self.header.nameless:
            if fields[position].strip():
                return f"column {position + 1} is not empty, but has no name in the header"
        if end > line and any(self._holds_a_row(field) for field in fields):
            return f"lines {line} to {end} are one row, with a date in a text; {_QUOTES}"
        return None

    def _overflows(self, fields: list[str]) -> bool:
        """Whether there is something beyond the named columns, or an amount that may be torn at its decimal comma."""
        if any(map(str.strip, fields[self.header.width :])):
            return True
        if self.delimiter != "," or len(fields) <= self.header.fields:
            return False
        return any(fields[counter.position + 1].strip().isdecimal() for counter in self.header.counters)

    def _holds_a_row(self, field: str) -> bool:
        """Whether an open quotation mark may have swallowed the next row: it would be lost without a word."""
        if self.delimiter not in field or not ("\n" in field or "\r" in field):
            return False
        return any(looks_like_date(cell.strip()) for cell in re.split(f"[{self.delimiter}\r\n]", field))


def _announced(text: str) -> tuple[int, str | None]:
    """How many lines to skip, and the delimiter, of a file that begins with ``sep=``."""
    first = next(io.StringIO(text[:100], newline="")).rstrip("\r\n")
    match = _SEP.fullmatch(first)
    if match is None:
        return 0, None
    if match["sign"] not in DELIMITERS:
        raise CsvError(f'the first line says "{first[:20]}", but the delimiter must be a tab, ; or ,')
    return 1, match["sign"]


def _find_header(
    text: str, skipped: int, delimiters: tuple[str, ...], options: CsvOptions
) -> tuple[str, Record, Header]:
    """The first line that names the needed columns, with the first delimiter that makes it do so."""
    begins = [_begin(text, skipped, delimiter) for delimiter in delimiters]
    headers = _headers(begins, options)
    if not headers:
        others = [_begin(text, skipped, delimiter) for delimiter in DELIMITERS if delimiter not in delimiters]
        raise _other_delimiter(delimiters[0], _headers(others, options), options) or _no_header(text, begins, options)
    _, _, delimiter, record = min(headers)
    return delimiter, record, header_of(record.line, record.fields, columns_of(record.fields, options), options)


def _headers(begins: list[_Begin], options: CsvOptions) -> list[tuple[int, int, str, Record]]:
    """The lines that name the needed columns, with the rank of the delimiter that makes them do so."""
    return [
        (record.line, rank, begin.delimiter, record)
        for rank, begin in enumerate(begins)
        for record in begin.records
        if not missing_from(record.fields, columns_of(record.fields, options), options)
    ]


def _other_delimiter(known: str, headers: list[tuple[int, int, str, Record]], options: CsvOptions) -> CsvError | None:
    """What to do where another delimiter than the known one makes a line a header."""
    if not headers:
        return None
    line, _, delimiter, _ = min(headers)
    way_out = "leave delimiter= out" if options.delimiter else "correct the line sep= or take it out"
    return CsvError(
        f'no header with the delimiter "{_shown(known)}": line {line} is one with "{_shown(delimiter)}"; {way_out}'
    )


def _begin(text: str, skipped: int, delimiter: str) -> _Begin:
    """The records of the lines where a header may be. Title lines may have quotation marks anywhere."""
    records = list[Record]()
    try:
        for record in _records(text, skipped, delimiter, strict=False, blank=True, lines=2 * HEADER_LINES):
            if record.line > HEADER_LINES:
                break
            if len(record.fields) > MAX_COLUMNS:
                reason = f"line {record.line} has {len(record.fields)} columns; at most {MAX_COLUMNS} are read"
                return _Begin(delimiter, records, too_wide=CsvError(reason))
            if any(map(str.strip, record.fields)):
                records.append(record)
    except CsvError as exc:
        return _Begin(delimiter, records, unreadable=exc)
    return _Begin(delimiter, records)


def _no_header(text: str, begins: list[_Begin], options: CsvOptions) -> CsvError:
    """What to add: to the line that lacks least, if one has a date or an amount by its name, or a whole header."""
    best: tuple[int, CsvError] | None = None
    for record in (record for begin in begins for record in begin.records):
        found = columns_of(record.fields, options)
        missing = missing_from(record.fields, found, options)
        if (found.get("date") or found.get("amount")) and (best is None or len(missing) < best[0]):
            best = len(missing), refusal_of(record.line, record.fields, missing, options)
    if best:
        return best[1]
    flaws = [*(begin.too_wide for begin in begins), *(begin.unreadable for begin in begins)]
    if flaw := next(filter(None, flaws), None):
        return flaw
    first = next(line.strip() for line in io.StringIO(text, newline="") if line.strip())
    known = f" with the delimiter {_shown(begins[0].delimiter)}" if len(begins) == 1 else ""
    missing = missing_from((), columns_of((), options), options)
    return CsvError(
        f"missing column {', '.join(missing)}; no header in the first {HEADER_LINES} lines{known}, the first line is "
        f'"{shortened(first, 100)}": add a line such as {";".join(missing)}'
    )


def _shown(delimiter: str) -> str:
    return "tab" if delimiter == "\t" else delimiter


def _records(
    text: str, skipped: int, delimiter: str, *, strict: bool, blank: bool = False, lines: int | None = None
) -> Iterator[Record]:
    """Every record that is not blank, or also those of delimiters alone; the first ``skipped`` lines are left out."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(islice(stream, skipped, lines), delimiter=delimiter, strict=strict)
    line = skipped + 1
    try:
        for fields in reader:
            end = skipped + reader.line_num
            if any(map(str.strip, fields)) or (blank and fields):
                yield Record(line, end, fields)
            line = end + 1
    except csv.Error as exc:
        raise CsvError(f"line {line}: {exc}; {_QUOTES}") from exc
