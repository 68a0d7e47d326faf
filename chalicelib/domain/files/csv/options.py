"""Options that the sender of a CSV file may give: each answers a question that the file may leave open."""

from dataclasses import dataclass
from typing import Literal, get_args

from chalicelib.domain.files.csv.numbers import DecimalSign
from chalicelib.domain.readings import EnergyType

DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """None: the file itself decides. ``type`` wins over a column; with it no type column is needed."""

    delimiter: str | None = None
    decimal: DecimalSign | None = None
    date_order: DateOrder | None = None
    type: EnergyType | None = None
    date_column: str | None = None
    type_column: str | None = None
    amount_column: str | None = None


THE_FILE_TELLS = CsvOptions()
DATE_ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)
