"""Settings, moduli and exchanges over HTTP, and that the figures follow them."""

import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.events.contracts import MeterExchanged, UserSettingsChanged
from chalicelib.domain.readings import EnergyType
from tests.functional.conftest import Api, problem

DEFAULTS = {
    "zone": "Europe/Berlin",
    "moduli": {"power": None, "gas": None},
    "runsBackwards": {"power": False, "gas": False},
}


def record(api: Api, date: str, amount: float, kind: str = "power", **more: Any) -> HTTPResponse:
    body = json.dumps({"type": kind, "date": date, "amount": amount, **more})
    return api.request("POST", "/v2/energy", body)


def configure(api: Api, **changed: Any) -> HTTPResponse:
    return api.request("PUT", "/v2/settings", json.dumps({"zone": "Europe/Berlin", **changed}))


def exchange(api: Api, **changed: Any) -> HTTPResponse:
    body = {"type": "power", "date": "2023-02-15", "finalOld": 1150, "initialNew": 5} | changed
    return api.request("POST", "/v2/exchanges", json.dumps(body))


def month(api: Api, number: int) -> Any:
    """One month of 2023 as the stored view shows it after the refresh that the last event asks for."""
    api.container.calculation.refresh("alice", EnergyType.POWER)
    answer = api.request("GET", "/v2/display?type=power&dataType=monthly&year=2023").json_body
    assert answer["meta"]["stale"] is False
    assert answer["meta"]["calculatedAt"] is not None
    return answer["data"]["months"][number - 1]


def versions(api: Api) -> list[int]:
    queries = api.container.queries
    return [queries.snapshot("alice", kind, Backend.NEW).state.source_version for kind in EnergyType]


def test_without_settings_the_defaults_hold(api: Api) -> None:
    assert api.request("GET", "/v2/settings").json_body == DEFAULTS


def test_settings_are_kept_as_a_whole(api: Api) -> None:
    wanted = {
        "zone": "America/New_York",
        "moduli": {"power": 100000, "gas": 9999.5},
        "runsBackwards": {"power": True, "gas": False},
    }
    assert api.request("PUT", "/v2/settings", json.dumps(wanted)).status_code == 200
    assert api.request("GET", "/v2/settings").json_body == wanted
    assert api.request("GET", "/v2/settings", user="bob").json_body == DEFAULTS


def test_what_is_left_out_of_the_registers_stays_as_it_was(api: Api) -> None:
    """Who only moves to another zone must not lose what the figures go by."""
    configure(api, moduli={"power": 100000, "gas": 9999.5}, runsBackwards={"power": True})
    configure(api, zone="Europe/Vienna")
    configure(api, zone="Europe/Vienna", moduli={"gas": None}, runsBackwards={"gas": True})
    assert api.request("GET", "/v2/settings").json_body == {
        "zone": "Europe/Vienna",
        "moduli": {"power": 100000, "gas": None},
        "runsBackwards": {"power": True, "gas": True},
    }
    configure(api, **{name: DEFAULTS[name] for name in ("moduli", "runsBackwards")})
    assert api.request("GET", "/v2/settings").json_body == DEFAULTS


def test_a_change_touches_every_meter_there_is_and_tells_of_it_once(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-02-28", 50, kind="gas")
    told = len(api.publisher.events)
    changed = configure(api, zone="UTC").json_body["meters"]
    assert {(meter["type"], meter["sourceVersion"]) for meter in changed} == {("power", 2), ("gas", 2)}
    [event] = api.publisher.events[told:]
    assert isinstance(event, UserSettingsChanged)
    assert len(event.meters) == 2


def test_settings_touch_a_meter_before_its_first_reading_too(api: Api) -> None:
    changed = configure(api, zone="UTC").json_body["meters"]
    assert [(meter["type"], meter["sourceVersion"]) for meter in changed] == [("power", 1), ("gas", 1)]
    assert api.container.calculation.refresh("alice", EnergyType.POWER)
    assert api.request("GET", "/v2/display?type=power&dataType=monthly&year=2023").json_body["meta"]["stale"] is False
    assert configure(api, zone="UTC").json_body == {"meters": []}


def test_the_same_settings_again_touch_nothing(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    configure(api, zone="UTC", moduli={"power": 100000})
    told, before = len(api.publisher.events), versions(api)
    assert configure(api, zone="UTC", moduli={"power": 100000.0}).json_body == {"meters": []}
    assert (len(api.publisher.events), versions(api)) == (told, before)


def test_a_modulus_touches_its_own_meter_alone(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-01-31", 1000, kind="gas")
    changed = configure(api, moduli={"gas": 10_000}).json_body["meters"]
    assert [meter["type"] for meter in changed] == ["gas"]


@pytest.mark.parametrize("modulus", [1000, 999.5])
def test_a_modulus_that_a_stored_amount_does_not_fit_is_refused(api: Api, modulus: float) -> None:
    record(api, "2023-01-31", 1000)
    record(api, "2023-02-28", 40, confirm=True)
    [error] = problem(configure(api, zone="UTC", moduli={"power": modulus}), 422)["errors"]
    assert error["where"] == "moduli.power"
    assert "not above 1000" in error["reason"]
    assert api.request("GET", "/v2/settings").json_body == DEFAULTS


def test_a_modulus_that_a_register_of_an_exchange_does_not_fit_is_refused(api: Api) -> None:
    exchange(api, finalOld=1150)
    assert problem(configure(api, moduli={"power": 1150}), 422)["errors"][0]["where"] == "moduli.power"
    assert configure(api, moduli={"power": 1151}).status_code == 200


def test_an_amount_that_the_register_cannot_show_is_refused(api: Api) -> None:
    configure(api, moduli={"power": 1000})
    assert problem(record(api, "2023-01-31", 1000, confirm=True), 422)["errors"][0]["where"] == "amount"
    path = "/v2/energy/" + record(api, "2023-01-31", 999.999).json_body["id"]
    assert problem(api.request("PUT", path, '{"amount": 1000, "confirm": true}'), 422)["errors"][0]["where"] == "amount"
    refused = problem(exchange(api, finalOld=1000, initialNew=1000.5), 422)["errors"]
    assert [error["where"] for error in refused] == ["finalOld", "initialNew"]


def test_a_meter_runs_backwards_only_where_somebody_says_so(api: Api) -> None:
    record(api, "2023-01-31", 500)
    record(api, "2023-02-28", 440, confirm=True)
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (440, ["reset"])
    told = len(api.publisher.events)
    changed = configure(api, runsBackwards={"power": True}).json_body["meters"]
    assert [meter["type"] for meter in changed] == ["power"]
    [event] = api.publisher.events[told:]
    assert isinstance(event, UserSettingsChanged)
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (-60, ["negative"])
    configure(api, runsBackwards={"power": False})
    assert month(api, 2)["consumption"] == 440


def test_the_zone_decides_which_day_a_date_means_and_which_month_a_reading_ends(api: Api) -> None:
    record(api, "2023-01-30T23:00:00Z", 1000)
    record(api, "2023-02-28", 1100)
    assert month(api, 1)["isActual"] is True  # midnight of 31 January in Berlin
    configure(api, zone="America/New_York")
    assert month(api, 1)["isActual"] is False  # 30 January in New York, a day and six hours before its end
    assert record(api, "2023-03-01", 1101).json_body["date"] == "2023-03-01T05:00:00.000Z"


def test_a_tolerance_is_no_setting_any_more_and_one_that_is_stored_says_nothing(api: Api) -> None:
    record(api, "2023-01-29", 1000)
    record(api, "2023-02-26", 1100)
    [error] = problem(configure(api, toleranceDays=5), 422)["errors"]
    assert error["where"] == "toleranceDays"
    assert error["reason"] == "it is no setting any more: leave it out"
    assert month(api, 1)["quality"] == "interpolated"


def test_a_meter_that_runs_backwards_turns_back_in_its_figures(api: Api) -> None:
    record(api, "2023-01-31", 1000)
    assert problem(record(api, "2023-02-28", 980), 422)["code"] == "LOWER_THAN_PREVIOUS"
    assert [meter["type"] for meter in configure(api, runsBackwards={"power": True}).json_body["meters"]] == ["power"]
    assert record(api, "2023-02-28", 400).status_code == 201
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (-600, ["negative"])
    configure(api, runsBackwards={"power": False})
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (400, ["reset"])


def test_the_modulus_explains_a_register_that_starts_again(api: Api) -> None:
    record(api, "2023-01-31", 99_900)
    record(api, "2023-02-28", 50, confirm=True)
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (50, ["reset"])
    configure(api, moduli={"power": 100_000})
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (150, ["rollover"])
    configure(api, moduli={"power": None})
    assert month(api, 2)["consumption"] == 50


def test_an_exchange_explains_a_lower_register_until_it_is_taken_back(api: Api) -> None:
    record(api, "2023-01-31", 1100)
    assert problem(record(api, "2023-02-28", 40), 422)["code"] == "LOWER_THAN_PREVIOUS"
    recorded = exchange(api)
    assert recorded.status_code == 201
    assert record(api, "2023-02-28", 40).status_code == 201
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (85, ["exchange"])
    taken = api.request("DELETE", recorded.headers["Location"])
    assert (taken.status_code, taken.body, taken.headers["X-Source-Version"]) == (204, b"", "4")
    assert (month(api, 2)["consumption"], month(api, 2)["flags"]) == (40, ["reset"])


def test_exchanges_are_listed_by_date_and_tell_of_themselves(api: Api) -> None:
    second = exchange(api, date="2023-06-01", initialNew=0)
    first = exchange(api, date="2023-03-01T10:00:00+01:00", finalOld=99.5)
    listed = api.request("GET", "/v2/exchanges?type=power").json_body["exchanges"]
    assert listed == [first.json_body["exchange"], second.json_body["exchange"]]
    assert listed[0] == {
        "id": listed[0]["id"],
        "type": "power",
        "date": "2023-03-01T09:00:00.000Z",
        "finalOld": 99.5,
        "initialNew": 5,
        "revision": 1,
    }
    assert api.request("GET", "/v2/exchanges?type=gas").json_body == {"exchanges": []}
    assert api.request("GET", "/v2/exchanges?type=power", user="bob").json_body == {"exchanges": []}
    assert [type(event) for event in api.publisher.events] == [MeterExchanged, MeterExchanged]
    assert first.json_body["meter"]["sourceVersion"] == 2


def test_two_exchanges_at_one_instant_are_409(api: Api) -> None:
    exchange(api)
    problem(exchange(api, finalOld=7), 409)
    assert exchange(api, type="gas").status_code == 201
    assert len(api.request("GET", "/v2/exchanges?type=power").json_body["exchanges"]) == 1


def test_an_exchange_is_taken_back_once_and_by_its_owner(api: Api) -> None:
    path = exchange(api).headers["Location"]
    problem(api.request("DELETE", path, user="bob"), 404)
    assert api.request("DELETE", path).status_code == 204
    problem(api.request("DELETE", path), 404)
    problem(api.request("DELETE", "/v2/exchanges/unknown"), 404)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"finalOld": -1}, "finalOld"),
        ({"initialNew": -0.5}, "initialNew"),
        ({"finalOld": 1e300}, "finalOld"),
        ({"finalOld": None}, "finalOld"),
        ({"date": "2024-01-01"}, "date"),
        ({"date": "15.02.2023"}, "date"),
        ({"type": "water"}, "type"),
        ({"id": "mine"}, "id"),
    ],
)
def test_a_wrong_field_of_an_exchange_is_422_and_named(api: Api, changed: dict[str, Any], where: str) -> None:
    assert [error["where"] for error in problem(exchange(api, **changed), 422)["errors"]] == [where]
    assert not api.store.stored.meters


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        *(
            ({"zone": zone}, "zone")
            for zone in (
                "",
                "Mars/Olympus",
                "localtime",
                "europe/berlin",
                "../etc/passwd",
                "x" * 65,
                "\ud800",
                "Europe",
                7,
            )
        ),
        ({"toleranceDays": 3}, "toleranceDays"),
        ({"toleranceDays": None}, "toleranceDays"),
        ({"runsBackwards": {"power": 1}}, "runsBackwards.power"),
        ({"runsBackwards": {"power": "true"}}, "runsBackwards.power"),
        ({"runsBackwards": True}, "runsBackwards"),
        ({"runsBackwards": {"water": True}}, "runsBackwards.water"),
        ({"moduli": {"power": 0}}, "moduli.power"),
        ({"moduli": {"power": -5}}, "moduli.power"),
        ({"moduli": {"gas": 1e13}}, "moduli.gas"),
        ({"moduli": {"gas": "NaN"}}, "moduli.gas"),
        ({"moduli": {"gas": "100000"}}, "moduli.gas"),
        ({"moduli": {"gas": True}}, "moduli.gas"),
        ({"moduli": {"water": 1}}, "moduli.water"),
        ({"moduli": None}, "moduli"),
        ({"userId": "bob"}, "userId"),
    ],
)
def test_a_wrong_setting_is_422_and_named(api: Api, changed: dict[str, Any], where: str) -> None:
    assert [error["where"] for error in problem(configure(api, **changed), 422)["errors"]] == [where]
    assert api.request("GET", "/v2/settings").json_body == DEFAULTS


def test_a_modulus_of_more_digits_than_a_database_takes_is_422(api: Api) -> None:
    long = '{"zone": "UTC", "moduli": {"power": 1.00000000000000000000000000000000000001}}'
    problem(api.request("PUT", "/v2/settings", long), 422)
