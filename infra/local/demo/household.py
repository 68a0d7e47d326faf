"""Imports a real household's readings, through the API like everybody else: as they were, and as if they went on.

The user ``demo`` has the household of 2006 to 2010. The user ``home`` has the same one, moved by whole years until it
reaches yesterday: its cards and the running month are alive. ``up`` adds what has become due since.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from infra.errors import OperatorError
from infra.local.waiting import wait_until

HISTORICAL_USER, USER = "demo", "home"
READINGS = Path(__file__).with_name("household_power_daily.csv")
CATCH_UP_SECONDS = 60.0

_http = urllib3.PoolManager(retries=False, timeout=60.0)


class DailyReading(NamedTuple):
    """The register at midnight, in kWh."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DemoHousehold:
    """A demo user's side of the API: ``readings`` are all that the user has up to today, in order."""

    base_url: str
    token: str
    readings: Sequence[DailyReading]

    def import_readings(self) -> int:
        """Import the readings behind the last stored one; wait until the display shows them. Returns how many.

        Raises:
            OperatorError: the API refuses them, or the display does not catch up.
        """
        due = self._due()
        if due:
            self._call("POST", "/v2/energy/import", file_of(due), {"Content-Type": "text/csv"})
        if not wait_until(lambda: has_caught_up(self._display()), CATCH_UP_SECONDS):
            raise OperatorError(f"The demo household's display has not caught up within {CATCH_UP_SECONDS:.0f} s.")
        return len(due)

    def _due(self) -> list[DailyReading]:
        """What lies behind the last stored reading, in time and on the register: a household that was moved ends."""
        stored = self._call("GET", "/v2/energy?type=power&sort=-date&limit=1")["readings"]
        if not stored:
            return list(self.readings)
        day, amount = datetime.fromisoformat(stored[0]["date"]).date() + timedelta(days=1), stored[0]["amount"]
        return [reading for reading in self.readings if reading.day > day and reading.amount > amount]

    def _display(self) -> dict[str, Any]:
        return self._call("GET", f"/v2/display?type=power&year={self.readings[-1].day.year}&dataType=monthly")

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


def readings_until(last_day: date) -> list[DailyReading]:
    """The same moved by the smallest number of whole years that reaches a day; what lies behind it is left out.

    So is a 29 February where the year has none.
    """
    readings = historical_readings()
    years = last_day.year - readings[-1].day.year
    years += _moved(readings[-1].day, years) < last_day
    moved = ((_moved(day, years), amount) for day, amount in readings)
    return [DailyReading(day, amount) for day, amount in moved if date.min < day <= last_day]


def yesterday() -> date:
    """The day before today, in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


def file_of(readings: Sequence[DailyReading]) -> bytes:
    """The readings as a CSV file."""
    return "".join(["date,type,amount\n", *(f"{day},power,{amount}\n" for day, amount in readings)]).encode()


def has_caught_up(display: Mapping[str, Any]) -> bool:
    """Return whether a display answer is a stored view that is not behind its readings."""
    return bool(display["meta"]["calculatedAt"]) and not display["meta"]["stale"]


def _moved(day: date, years: int) -> date:
    """A day so many years later; the earliest day there is where that year does not have it."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date.min
