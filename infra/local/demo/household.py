"""Imports a real household's readings for the demo user, through the API like everybody else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from infra.errors import OperatorError
from infra.local.waiting import wait_until

USER = "demo"
READINGS = Path(__file__).with_name("household_power_daily.csv")
CATCH_UP_SECONDS = 60.0

_http = urllib3.PoolManager(retries=False, timeout=60.0)


class DemoHousehold:
    """The demo user's side of the API."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._authorization = {"Authorization": f"Bearer {token}"}

    def import_readings(self) -> str:
        """Import the readings unless they are there; wait until the display shows them. Say what happened."""
        outcome = "the demo household is there already"
        if not is_there(self._display()):
            answer = self._call("POST", "/v2/energy/import", READINGS.read_bytes(), {"Content-Type": "text/csv"})
            outcome = f"{answer['success']} readings of the demo household imported"
        if not wait_until(lambda: has_caught_up(self._display()), CATCH_UP_SECONDS):
            raise OperatorError(f"The demo household's display has not caught up within {CATCH_UP_SECONDS:.0f} s.")
        return outcome

    def _display(self) -> dict[str, Any]:
        return self._call("GET", "/v2/display?type=power&year=2009&dataType=monthly")

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        everything = {**self._authorization, **(headers or {})}
        answer = _http.request(method, self._base_url + path, body=body, headers=everything)
        if answer.status >= 300:
            raise OperatorError(f"{method} {path} answered {answer.status}: {answer.data.decode()[:400]}")
        result: dict[str, Any] = answer.json()
        return result


def is_there(display: Mapping[str, Any]) -> bool:
    """Return whether the meter behind a display answer has ever had a reading."""
    return bool(display["meta"]["sourceVersion"] > 0)


def has_caught_up(display: Mapping[str, Any]) -> bool:
    """Return whether a display answer is a stored view that is not behind its readings."""
    return bool(display["meta"]["calculatedAt"]) and not display["meta"]["stale"]
