"""Imports a real household's readings for the demo user, through the API like everybody else."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from infra.local.errors import StackError
from infra.local.waiting import wait_until

USER = "demo"
READINGS = Path(__file__).with_name("demo") / "household_power_daily.csv"
CATCH_UP_SECONDS = 60.0

_http = urllib3.PoolManager(retries=False, timeout=60.0)


class DemoHousehold:
    """The demo user's side of the API."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._authorization = {"Authorization": f"Bearer {token}"}

    def import_readings(self) -> str:
        """Import the readings unless they are there; wait until the display shows them. Say what happened."""
        if self._display_is_complete():
            return "the demo household is there already"
        answer = self._call("POST", "/v2/energy/import", READINGS.read_bytes(), "text/csv")
        if not wait_until(self._display_is_complete, CATCH_UP_SECONDS):
            raise StackError(
                f"The demo readings were imported, but their display is not there after {CATCH_UP_SECONDS:.0f} s."
            )
        return f"{answer.get('success', 0)} readings of the demo household imported"

    def _display_is_complete(self) -> bool:
        query = urlencode({"type": "power", "year": 2009, "dataType": "monthly"})
        answer = _http.request("GET", f"{self._base_url}/v2/display?{query}", headers=self._authorization)
        if answer.status not in {200, 404}:
            raise StackError(f"GET /v2/display answered {answer.status}: {answer.data.decode()[:400]}")
        return answer.status == 200 and is_complete(answer.json())

    def _call(self, method: str, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        headers = {**self._authorization, "Content-Type": content_type}
        answer = _http.request(method, self._base_url + path, body=body, headers=headers)
        if answer.status >= 300:
            raise StackError(f"{method} {path} answered {answer.status}: {answer.data.decode()[:400]}")
        result: dict[str, Any] = json.loads(answer.data)
        return result


def is_complete(display: dict[str, Any]) -> bool:
    """Return whether a display answer holds twelve months and is not behind its readings."""
    return len(display.get("data") or []) == 12 and not display.get("stale", False)
