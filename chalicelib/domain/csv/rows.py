"""Readings from a CSV file (CALCULATION.md, 8): every good row, every bad one with its line number and reason.

``table`` reads the file as such, ``numbers`` and ``dates`` read its values. The use case decides what is done about bad
rows, whether a reading is already stored and whether it lies in the future.
"""

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.csv.dates import parse_date
from chalicelib.domain.csv.numbers import DecimalSign, find_decimal_sign, parse_number
from chalicelib.domain.csv.options import THE_FILE_TELLS, CsvOptions
from chalicelib.domain.csv.parsed import CsvFormat, CsvRow, ParsedCsv, RowError
from chalicelib.domain.csv.table import REQUIRED_COLUMNS, CsvTable
from chalicelib.domain.errors import CsvError, FieldError, InvalidReadingError
from chalicelib.domain.plausibility.limits import check_amount, check_instant, parse_type

__all__ = ["CsvFormat", "CsvOptions", "CsvRow", "ParsedCsv", "RowError", "parse_csv"]


def parse_csv(
    content: bytes,
    zone: ZoneInfo,
    options: CsvOptions = THE_FILE_TELLS,
    *,
    max_rows: int = 50_000,
    now: int | None = None,
) -> ParsedCsv:
    """All rows of a UTF-8 file, good and bad, in two streaming passes: decimal sign, then rows.

    Args:
        content: the file, with or without a byte order mark.
        zone: where a date without a time begins at midnight.
        options: what the sender says about the file; without it the file tells.
        max_rows: how many rows a file may have.
        now: the present (UTC milliseconds); a row more than one day after it is an error, as for a single reading.

    Raises:
        CsvError: the file cannot be read as a whole.
    """
    table = CsvTable.open(content, options.delimiter, max_rows)
    parser = _RowParser.of(table, zone, _decimal(table, options.decimal), now)
    columns = {name: name for name in REQUIRED_COLUMNS}
    form = CsvFormat("utf-8", table.delimiter, parser.decimal, None, 1, columns, table.ignored_columns)
    parsed = ParsedCsv([], [], [], form)
    for line, fields in table:
        row = parser.parse(line, fields)
        if isinstance(row, RowError):
            parsed.errors.append(row)
        else:
            parsed.rows.append(row)
    return parsed


def _decimal(table: CsvTable, given: str | None) -> DecimalSign:
    """The given decimal sign, or the one that the amounts of the file prove."""
    if given is not None:
        if given not in (".", ","):
            raise CsvError("decimal must be . or ,")
        return "." if given == "." else ","
    position = table.header.index("amount")
    sign = find_decimal_sign(fields[position] for _, fields in table if position < len(fields))
    if sign is None:
        raise CsvError("ambiguous number format, pass decimal=. or decimal=,")
    return sign


@dataclass(frozen=True, slots=True)
class _RowParser:
    """How the rows of one file are read."""

    positions: tuple[int, ...]
    width: int
    zone: ZoneInfo
    decimal: DecimalSign
    now: int | None

    @classmethod
    def of(cls, table: CsvTable, zone: ZoneInfo, decimal: DecimalSign, now: int | None) -> "_RowParser":
        positions = tuple(table.header.index(name) for name in REQUIRED_COLUMNS)
        return cls(positions, len(table.header), zone, decimal, now)

    def parse(self, line: int, fields: list[str]) -> CsvRow | RowError:
        """The row, or its first flaw. More fields than the header has mean an unquoted decimal comma."""
        if len(fields) > self.width and any(map(str.strip, fields[self.width :])):
            return RowError(line, None, f"row has {len(fields)} fields, the header has {self.width}")
        try:
            date, kind, amount = self._texts(fields)
            return CsvRow(line, parse_type(kind), self._instant(date), self._amount(amount), ":" in date)
        except InvalidReadingError as exc:
            return RowError(line, exc.errors[0].where, exc.errors[0].reason)

    def _texts(self, fields: list[str]) -> list[str]:
        texts = [fields[at].strip() if at < len(fields) else "" for at in self.positions]
        if "" in texts:
            missing = REQUIRED_COLUMNS[texts.index("")]
            raise _flaw(missing, f"{missing} is missing")
        return texts

    def _instant(self, text: str) -> int:
        instant = parse_date(text, self.zone)
        if self.now is not None:
            check_instant(instant, self.now)
        return instant

    def _amount(self, text: str) -> Decimal:
        amount = parse_number(text, self.decimal)
        if amount is None:
            raise _flaw("amount", f'amount "{text[:40]}" is not a number with the decimal sign {self.decimal}')
        check_amount(amount)
        return amount


def _flaw(column: str, reason: str) -> InvalidReadingError:
    return InvalidReadingError(reason, (FieldError(column, reason),))
