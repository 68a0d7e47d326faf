"""Writing readings as a CSV file that spreadsheets open and an import reads without a doubt (CALCULATION.md, 8).

The file is plain ASCII, so it has no byte order mark.
"""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from chalicelib.domain.files.export.date_text import date_text
from chalicelib.domain.plausibility.limits import plain_amount
from chalicelib.domain.ports.values import StoredReading

DecimalSign = Literal[".", ","]
COLUMNS = ("date", "type", "amount")
DELIMITER: dict[DecimalSign, str] = {".": ",", ",": ";"}
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins with them


def csv_text(readings: Iterable[StoredReading], zone: ZoneInfo, decimal: DecimalSign = ".") -> str:
    """A header and one line per reading, in the given order."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=DELIMITER[decimal], lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        (date_text(reading.instant, zone), text_cell(reading.type), amount_cell(reading.amount, decimal))
        for reading in readings
    )
    return file.getvalue()


def text_cell(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def amount_cell(amount: Decimal, decimal: DecimalSign) -> str:
    """All digits of an amount that say something.

    ``1.234`` could be 1234, so it gets a further zero; the ``;`` says how to read ``1,234``.
    """
    digits = f"{plain_amount(amount):f}"
    if decimal == ",":
        return digits.replace(".", ",")
    whole, _, decimals = digits.partition(".")
    return f"{digits}0" if len(decimals) == 3 and len(whole) <= 3 else digits
