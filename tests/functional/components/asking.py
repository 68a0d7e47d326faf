"""Asking components as the page does."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from chalice.test import HTTPResponse

from tests.functional.conftest import (
    Api,
)

READING = {"type": "power", "date": "2023-01-31", "amount": 1000.5}
READS = {
    "dashboard": {"meters"},
    "energy_table": {"readings", "nextCursor", "zone"},
    "timeline_slider?type=power": {"type", "sourceVersion", "zone", "buckets", "maxCount", "dateRange"},
    "monthly_charts?type=power&year=2023": {"type", "sourceVersion", "zone", "year", "months"},
    "energy_forms?type=power": {"type", "zone", "last"},
}
OPERATOR = ("operator",)
BERLIN = ZoneInfo("Europe/Berlin")


def ask(api: Api, path: str, **options: Any) -> HTTPResponse:
    return api.request("GET", f"/components/{path}", **options)


def record(api: Api, **changed: Any) -> Any:
    answer = api.request("POST", "/components/energy_forms", json.dumps(READING | changed))
    assert answer.status_code == 201, answer.body
    return answer.json_body
