"""Households for the browser: small enough to be imported by each test, with every kind of figure."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from tests.browser.server import Served

Row = tuple[date, str, int]
BEGIN, TODAY = date(2022, 1, 1), date(2024, 3, 15)
PER_DAY = {"power": (11, 7), "gas": (14, 3)}  # in winter, in summer


def two_meters() -> bytes:
    """A CSV file: both meters, each month from January 2022 on and on the day before 15 March 2024."""
    return csv_of(row for kind in PER_DAY for row in register(kind, [*_months(), date(2024, 3, 14)]))


def bring_exchanged(served: Served, user: str = "home") -> None:
    """An exchange in the middle of a month; both registers are read each month. A zone of half hours."""
    served.call(user, "PUT", "/v2/settings", {"zone": "America/St_Johns"})
    rows = register("power", _months())
    before = [row for row in rows if row[0] < date(2023, 6, 1)]
    after = [(day, kind, amount - before[-1][2]) for day, kind, amount in rows if day > date(2023, 6, 1)]
    exchange: dict[str, Any] = {"type": "power", "date": "2023-05-20T12:00:00", "initialNew": 3}
    served.bring(user, csv_of(before))
    served.call(user, "POST", "/v2/exchanges", exchange | {"finalOld": before[-1][2] + 150, "confirm": True})
    served.bring(user, csv_of(after))


def csv_of(rows: Iterable[Row]) -> bytes:
    """The rows as a file."""
    return "".join(["date,type,amount\n", *(f"{day},{kind},{amount}\n" for day, kind, amount in rows)]).encode()


def register(kind: str, days: Sequence[date]) -> list[Row]:
    """What a register of this kind shows at midnight of these days; it began at 1,000 with the first of them."""
    rows = [(days[0], kind, 1000)]
    for day in days[1:]:
        before, _, amount = rows[-1]
        per_day = PER_DAY[kind][4 <= before.month <= 9]
        rows.append((day, kind, amount + (day - before).days * per_day))
    return rows


def _months() -> list[date]:
    months = [date(year, month, 1) for year in range(BEGIN.year, TODAY.year + 1) for month in range(1, 13)]
    return [month for month in months if month <= TODAY]
