"""The result of reading a CSV file: its readings, its errors, and how it was understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from chalicelib.domain.errors import RowWarning
from chalicelib.domain.files.csv.numbers import DecimalSign
from chalicelib.domain.files.csv.options import DateOrder
from chalicelib.domain.readings import EnergyType

Encoding = Literal["utf-8", "utf-16", "windows-1252"]


class CsvRow(NamedTuple):
    """A reading: the line on which its row begins (the first line of a file is 1).

    ``has_time`` is False for a date alone, which means local midnight.
    """

    line: int
    type: EnergyType
    instant: int
    amount: Decimal
    has_time: bool


class RowError(NamedTuple):
    """A bad row: its line, the first column that is wrong (None: the row as such) and why."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a file was understood.

    ``columns`` has what is read (date, time, type, amount; in the wide form power, gas) and its name in the file.
    ``decimal`` is None where no amount has a sign, ``date_order`` where no date was read.
    """

    encoding: Encoding
    delimiter: str
    decimal: DecimalSign | None
    date_order: DateOrder | None
    header_line: int
    columns: Mapping[str, str]
    ignored_columns: Sequence[str]


class ParsedCsv(NamedTuple):
    """What a file holds, in its order. Rows with the same type and instant are all there."""

    rows: list[CsvRow]
    errors: list[RowError]
    warnings: list[RowWarning]
    format: CsvFormat
