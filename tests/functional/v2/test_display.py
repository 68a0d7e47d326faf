"""The stored view follows what was recorded, and says when it does not yet."""

import json
from typing import Any

from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api

PATH = "/v2/display?type=power&year={year}&dataType=monthly"


def months(api: Api, year: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.request("GET", PATH.format(year=year)).json_body["data"]["months"]
    return found


def record(api: Api, date: str, amount: float) -> None:
    body = json.dumps({"type": "power", "date": date, "amount": amount})
    assert api.request("POST", "/v2/energy", body).status_code == 201


def test_a_user_without_readings_sees_twelve_empty_months(api: Api) -> None:
    answer = api.request("GET", PATH.format(year=2023)).json_body
    assert [month["meterReading"] for month in answer["data"]["months"]] == [None] * 12
    assert answer["meta"] == {"sourceVersion": 0, "displayVersion": 0, "stale": False, "calculatedAt": None}


def test_a_stored_view_shows_the_new_reading_after_the_refresh_and_is_stale_before(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    assert api.container.calculation.refresh("alice", EnergyType.POWER, 1)
    record(api, "2023-02-28", 1100)
    before = api.request("GET", PATH.format(year=2023)).json_body
    assert before["meta"]["stale"] is True
    assert before["data"]["months"][1]["meterReading"] != 1100
    assert api.container.calculation.refresh("alice", EnergyType.POWER, 2)
    after = api.request("GET", PATH.format(year=2023)).json_body
    assert after["meta"]["stale"] is False
    assert after["data"]["months"][1] == {
        "month": 2,
        "monthLabel": "Feb",
        "meterReading": 1100,
        "consumption": 100,
        "quality": "measured",
        "consumptionQuality": "measured",
        "isActual": True,
        "isInterpolated": False,
        "isExtrapolated": False,
        "isDerived": False,
        "flags": [],
        "calculationDetails": after["data"]["months"][1]["calculationDetails"],
    }


def test_a_year_beyond_the_stored_ones_is_calculated_on_the_spot(api: Api) -> None:
    record(api, "2023-11-01", 1000)
    record(api, "2023-11-11", 1100)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    assert ("alice", EnergyType.POWER, "monthly", 2024) not in api.store.stored.display
    assert months(api, 2024)[0]["isExtrapolated"] is True
    assert months(api, 2030)[0]["meterReading"] is None


def test_january_uses_december_of_the_year_before(api: Api) -> None:
    record(api, "2022-12-31", 1000)
    record(api, "2023-01-31", 1310)
    api.container.calculation.refresh("alice", EnergyType.POWER)
    assert months(api, 2023)[0]["consumption"] == 310
