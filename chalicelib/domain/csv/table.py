"""A CSV file as a table (CALCULATION.md, 8): encoding, delimiter, header, records with their line numbers.

Records are streamed, so that a file never stands in memory as text beside what is read from it.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.errors import CsvError

REQUIRED_COLUMNS = ("date", "type", "amount")
DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file whose header is known, names trimmed and in lower case.

    Iterating gives (line, fields) of each record below it that is not blank. ``ignored_columns`` are the columns
    that nobody reads, as the file names them.
    """

    content: bytes
    delimiter: str
    header: list[str]
    ignored_columns: list[str]
    max_rows: int

    @classmethod
    def open(cls, content: bytes, delimiter: str | None, max_rows: int) -> "CsvTable":
        """Find delimiter and header; CsvError if the file is empty, not UTF-8 or lacks a column."""
        sign = _delimiter(content, delimiter)
        _, fields = next(_records(content, sign), (1, []))
        header = [name.strip().lower() for name in fields]
        missing = [name for name in REQUIRED_COLUMNS if name not in header]
        if missing:
            raise CsvError(f"missing column {', '.join(missing)}; the header has {', '.join(header)[:200]}")
        twice = [name for name in REQUIRED_COLUMNS if header.count(name) > 1]
        if twice:
            raise CsvError(f"column {', '.join(twice)} appears more than once")
        others = [name.strip() for name in fields if name.strip() and name.strip().lower() not in REQUIRED_COLUMNS]
        return cls(content, sign, header, others, max_rows)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        records = _records(self.content, self.delimiter)
        next(records)
        for count, record in enumerate(records, start=1):
            if count > self.max_rows:
                raise CsvError(f"more than {self.max_rows} rows; split the file")
            yield record


def _lines(content: bytes) -> io.TextIOWrapper:
    """The file as text, decoded while it is read; line ends stay as they are, for the CSV reader to count."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


def _records(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the line on which it begins."""
    reader = csv.reader(_lines(content), delimiter=delimiter, strict=True)
    line = 1
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                yield line, fields
            line = reader.line_num + 1
    except UnicodeDecodeError as exc:
        raise CsvError(f"the file is not UTF-8 (line {line} or later)") from exc
    except csv.Error as exc:
        raise CsvError(f"line {line}: {exc}; is a quotation mark open or out of place?") from exc


def _delimiter(content: bytes, given: str | None) -> str:
    """The given delimiter, or the first of tab, ``;`` and ``,`` that the header line has outside quotes."""
    if given is not None and given not in DELIMITERS:
        raise CsvError("delimiter must be a tab, ; or ,")
    try:
        header = next((line for line in _lines(content) if line.strip()), None)
    except UnicodeDecodeError as exc:
        raise CsvError("the file is not UTF-8") from exc
    if header is None:
        raise CsvError("the file is empty")
    unquoted = "".join(header.split('"')[::2])
    return given or next((sign for sign in DELIMITERS if sign in unquoted), ",")
