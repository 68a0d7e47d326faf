"""Imports a real household's readings, through the API like everybody else: as they were, and as if they went on.

The user ``demo`` has the household of 2006 to 2010. The user ``home`` has the same one, moved by whole years until it
reaches yesterday: its cards and the running month are alive. ``up`` adds what has become due since, year after year.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from infra.errors import OperatorError
from infra.local.waiting import wait_until

HISTORICAL_USER, USER = "demo", "home"
READINGS = Path(__file__).with_name("household_power_daily.csv")
CATCH_UP_SECONDS = 60.0
LAP_YEARS, LAP_DAYS = 4, 1461

_http = urllib3.PoolManager(retries=False, timeout=60.0)


class DailyReading(NamedTuple):
    """The register at midnight, in kWh."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DemoHousehold:
    """A demo user's side of the API."""

    base_url: str
    token: str

    def first_year(self) -> int | None:
        """The year of the earliest stored reading."""
        first = self._reading("date")
        return first and first.day.year

    def last(self) -> DailyReading | None:
        """The latest stored reading."""
        return self._reading("-date")

    def import_readings(self, readings: Sequence[DailyReading]) -> int:
        """Import what lies behind the last stored reading; wait until the display shows it. Returns how many.

        Nothing where somebody has recorded a reading before the first one: these would not go on from it.

        Raises:
            OperatorError: the API refuses them, or the display does not catch up.
        """
        first, last = self._reading("date"), self.last()
        if first is not None and first != readings[0]:
            return 0
        due = [reading for reading in readings if last is None or reading.day > last.day]
        if due:
            self._call("POST", "/v2/energy/import", file_of(due), {"Content-Type": "text/csv"})
        year = readings[-1].day.year
        if not wait_until(lambda: has_caught_up(self._display(year)), CATCH_UP_SECONDS):
            raise OperatorError(f"The demo household's display has not caught up within {CATCH_UP_SECONDS:.0f} s.")
        return len(due)

    def _reading(self, sort: str) -> DailyReading | None:
        for found in self._call("GET", f"/v2/energy?type=power&sort={sort}&limit=1")["readings"]:
            midnight = datetime.fromisoformat(found["date"]) + timedelta(hours=12)  # of a zone some hours from UTC
            return DailyReading(midnight.date(), Decimal(str(found["amount"])))
        return None

    def _display(self, year: int) -> dict[str, Any]:
        return self._call("GET", f"/v2/display?type=power&year={year}&dataType=monthly")

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        everything = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        answer = _http.request(method, self.base_url + path, body=body, headers=everything)
        if answer.status >= 300:
            raise OperatorError(f"{method} {path} answered {answer.status}: {answer.data.decode()[:400]}")
        result: dict[str, Any] = answer.json()
        return result


def historical_readings() -> list[DailyReading]:
    """The readings as they were."""
    with READINGS.open(newline="") as file:
        return [DailyReading(date.fromisoformat(row["date"]), Decimal(row["amount"])) for row in csv.DictReader(file)]


def readings_until(last_day: date, first_year: int | None = None) -> list[DailyReading]:
    """Move the readings by whole years, up to a day; a 29 February is left out where the year has none.

    ``first_year``: the year in which they begin; at first the latest one that still reaches the day. Where they end
    before the day, they begin again four years later, and the register goes on.
    """
    readings = historical_readings()
    years = _years_to_reach(last_day, readings) if first_year is None else first_year - readings[0].day.year
    days = (readings[-1].day - readings[0].day).days
    grown = ((readings[-1].amount - readings[0].amount) * LAP_DAYS / days).quantize(readings[0].amount)
    moved = (
        DailyReading(_moved(day, years + LAP_YEARS * lap), amount + lap * grown)
        for lap in count()
        for day, amount in readings
    )
    return [reading for reading in takewhile(lambda each: each.day <= last_day, moved) if reading.day > date.min]


def yesterday() -> date:
    """The day before today, in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


def file_of(readings: Sequence[DailyReading]) -> bytes:
    """The readings as a CSV file."""
    return "".join(["date,type,amount\n", *(f"{day},power,{amount}\n" for day, amount in readings)]).encode()


def has_caught_up(display: Mapping[str, Any]) -> bool:
    """Return whether a display answer is a stored view that is not behind its readings."""
    return bool(display["meta"]["calculatedAt"]) and not display["meta"]["stale"]


def _years_to_reach(last_day: date, readings: Sequence[DailyReading]) -> int:
    years = last_day.year - readings[-1].day.year
    return years + (_moved(readings[-1].day, years) < last_day)


def _moved(day: date, years: int) -> date:
    """A day some years later; the earliest day there is where that year does not have it."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date.min
