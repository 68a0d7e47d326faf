"""Readings from a CSV file (CALCULATION.md, 8): every good row, every bad one with its line number and reason.

``table`` and ``header`` read the file as such, ``numbers`` and ``dates`` its values. The use case decides what is done
about bad rows and warnings, whether a reading is already there and how it fits its neighbours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import CsvError, InvalidReadingError
from chalicelib.domain.files.csv.dates import DateReader
from chalicelib.domain.files.csv.energy_types import flaw, shortened, type_named
from chalicelib.domain.files.csv.header import Counter, Header
from chalicelib.domain.files.csv.numbers import (
    MAX_LENGTH,
    SIGNS,
    DecimalSign,
    Found,
    find_decimal_sign,
    parse_number,
    plain_count,
    split_unit,
)
from chalicelib.domain.files.csv.options import DATE_ORDERS, THE_FILE_TELLS, CsvOptions
from chalicelib.domain.files.csv.parsed import CsvFormat, CsvRow, ParsedCsv, RowError
from chalicelib.domain.files.csv.table import DELIMITERS, CsvTable, Record
from chalicelib.domain.plausibility.limits import MAX_DIGITS, check_amount, check_instant, plain_amount
from chalicelib.domain.plausibility.words import UNITS
from chalicelib.domain.readings import EnergyType

__all__ = ["CsvFormat", "CsvOptions", "CsvRow", "ParsedCsv", "RowError", "parse_csv"]


def parse_csv(
    content: bytes,
    zone: ZoneInfo,
    options: CsvOptions = THE_FILE_TELLS,
    *,
    max_rows: int = 50_000,
    now: int | None = None,
) -> ParsedCsv:
    """All rows of a file, good and bad: the amounts show the decimal sign, then each row is read.

    Args:
        content: the file.
        zone: whose clock the file's dates and times show, unless they have an offset.
        options: what the sender says about the file; without it the file decides.
        max_rows: how many readings a file may have, and how many rows.
        now: the present (UTC milliseconds); a row more than one day after it is an error, as for a single reading.

    Raises:
        CsvError: the file cannot be read as a whole.
    """
    _check(options)
    table = CsvTable.open(content, options, max_rows)
    header = table.header
    # Kept between the two looks at them: dividing the text again would take longer than all its numbers.
    records = [(record, table.flaw_of(record)) for record in table]
    sound = (record for record, reason in records if reason is None)
    decimal = options.decimal or find_decimal_sign(_amounts(header, sound), table.delimiter)
    dates = DateReader(zone, options.date_order)
    reader = _RowReader(header, dates, decimal, now)
    for record, reason in records:
        if reason:
            for text in record.fields:  # its date may be in another column
                dates.check_order(record.line, text)
            reader.errors.append(RowError(record.line, None, reason))
        else:
            reader.read(record)
    if len(reader.rows) > max_rows:
        raise CsvError(f"the file has {len(reader.rows)} readings, an import takes up to {max_rows}; split the file")
    form = CsvFormat(
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=decimal,
        date_order=dates.order,
        header_line=header.line,
        columns=header.columns,
        ignored_columns=header.ignored_columns,
    )
    return ParsedCsv(reader.rows, reader.errors, dates.warnings(), form)


def _check(options: CsvOptions) -> None:
    """CsvError for an option that has no such value."""
    if options.delimiter not in (None, *DELIMITERS):
        raise CsvError("delimiter must be a tab, ; or ,")
    if options.decimal not in (None, *SIGNS):
        raise CsvError("decimal must be . or ,")
    if options.date_order not in (None, *DATE_ORDERS):
        raise CsvError(f"dateOrder must be one of {', '.join(DATE_ORDERS)}")


def _amounts(header: Header, records: Iterable[Record]) -> Iterator[Found]:
    positions = [counter.position for counter in header.counters]
    return ((record.line, record.fields[position].strip()) for record in records for position in positions)


@dataclass(frozen=True, slots=True)
class _RowReader:
    """Reads the rows of one file; what is good and what is bad gathers here."""

    header: Header
    dates: DateReader
    decimal: DecimalSign | None
    now: int | None
    rows: list[CsvRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def read(self, record: Record) -> None:
        """The readings of a row, or its first flaw; in the wide form the first flaw of each amount."""
        try:
            instant, has_time = self._date(record)
        except InvalidReadingError as exc:
            self._refuse(record, exc)
            return
        for counter in self.header.counters:
            try:
                if reading := self._reading(record, counter):
                    self.rows.append(CsvRow(record.line, reading[0], instant, reading[1], has_time))
            except InvalidReadingError as exc:
                self._refuse(record, exc)

    def _refuse(self, record: Record, exc: InvalidReadingError) -> None:
        self.errors.append(RowError(record.line, exc.errors[0].where, exc.errors[0].reason))

    def _date(self, record: Record) -> tuple[int, bool]:
        text = self._needed(record, "date")
        time = record.fields[self.header.positions["time"]].strip() if "time" in self.header.positions else ""
        instant, has_time = self.dates.read(record.line, text, time)
        if self.now is not None:
            check_instant(instant, self.now)
        return instant, has_time

    def _reading(self, record: Record, counter: Counter) -> tuple[EnergyType, Decimal] | None:
        """Type and amount; nothing for an empty cell of the wide form."""
        kind = counter.type or type_named(self._needed(record, "type"))
        if counter.column == kind and not record.fields[counter.position].strip():
            return None
        return kind, self._amount(self._needed(record, counter.column), counter, kind)

    def _amount(self, text: str, counter: Counter, kind: EnergyType) -> Decimal:
        count = plain_count(text, self.decimal) if counter.unit in (None, kind) else None
        if count is not None:
            return count
        number, unit = split_unit(text)
        if {unit, counter.unit} - {None, kind}:
            by_column = f', unlike its column "{self.header.columns[counter.column]}"' if unit in (None, kind) else ""
            raise flaw(counter.column, f'amount "{shortened(text)}" of {kind} must be in {UNITS[kind]}{by_column}')
        amount = parse_number(number, self.decimal)
        if amount is None:
            raise flaw(counter.column, f'amount "{shortened(text)}" {self._no_number(number)}')
        try:
            check_amount(amount)
        except InvalidReadingError as exc:
            raise flaw(counter.column, str(exc)) from exc
        return plain_amount(amount)

    def _no_number(self, text: str) -> str:
        if len(text) > MAX_LENGTH and set(text) <= set("0123456789.,"):
            return f"has more than {MAX_LENGTH} characters; write at most {MAX_DIGITS} digits"
        return f"is not a number with the decimal sign {self.decimal}" if self.decimal else "is not a number"

    def _needed(self, record: Record, column: str) -> str:
        text = record.fields[self.header.positions[column]].strip()
        if not text:
            raise flaw(column, f"{column} is missing")
        return text
