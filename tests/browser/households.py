"""Households for the browser: small enough to be imported anew by each test, with every kind of figure."""

from collections.abc import Iterator
from datetime import date

DAYS = [date(year, month, 1) for year in (2022, 2023) for month in range(1, 13)] + [
    date(2024, 1, 1),
    date(2024, 2, 1),
    date(2024, 3, 1),
    date(2024, 3, 14),
]
PER_DAY = {"power": (11, 7), "gas": (14, 3)}  # in winter, in summer


def two_meters() -> bytes:
    """A CSV file: both meters, monthly, from January 2022 to the day before 15 March 2024."""
    rows = (f"{day},{kind},{amount}\n" for kind in PER_DAY for day, amount in zip(DAYS, _register(kind), strict=True))
    return "".join(["date,type,amount\n", *rows]).encode()


def _register(kind: str) -> Iterator[int]:
    amount, before = 1000, DAYS[0]
    for day in DAYS:
        amount += (day - before).days * PER_DAY[kind][4 <= before.month <= 9]
        before = day
        yield amount
