"""The retirement of version 1 over HTTP, for operators and viewers."""

from dataclasses import replace
from typing import cast

from chalicelib.domain.migration.retirement.calendar_parts import OptOut
from chalicelib.domain.migration.retirement.callers import KEPT_DAYS, LISTED, V1Call, V1Caller
from infra.simulation.memory.migration.retirement import FakeRetirementRecords
from tests.functional.conftest import NOW, Api, problem
from tests.functional.v1.calendars import BROWN_OUT

ROUTE = "/ops/retirement"
LAMBDA_BYTES = 6 * 1024 * 1024  # the most that a function may answer
CALL = V1Call("0" * 32, "curl", "GET /v1/energy")


def test_before_anything_is_announced_that_is_said_and_who_calls(api: Api) -> None:
    cast(FakeRetirementRecords, api.ports.retirement).record(CALL, NOW)
    assert api.request("GET", ROUTE, roles=("viewer",)).json_body == {
        "phase": "silent",
        "command": "python -m infra retire show",
        "days": 35,
        "more": 0,
        "callers": [
            {
                "caller": "0" * 32,
                "client": "curl",
                "route": "GET /v1/energy",
                "first": "2023-11-14T22:13:20Z",
                "last": "2023-11-14T22:13:20Z",
                "calls": 1,
                "days": {"2023-11-14": 1},
            }
        ],
    }


def test_the_calendar_is_shown_and_why_a_brown_out_would_not_begin(api: Api) -> None:
    records = cast(FakeRetirementRecords, api.ports.retirement)
    records.stored = replace(BROWN_OUT, opt_outs=(OptOut("0" * 32, NOW + 1_000),))
    shown = api.request("GET", ROUTE, roles=("operator",)).json_body
    assert (shown["phase"], shown["withheld"], shown["callers"]) == ("brown_out", None, [])
    assert shown["optOuts"] == [{"caller": "0" * 32, "until": "2023-11-14T22:13:21Z"}]
    assert [each["withheld"] for each in shown["brownOuts"]] == [None, None]
    records.record(replace(CALL, client="page"), NOW)
    assert api.request("GET", ROUTE, roles=("operator",)).json_body["withheld"] is None, "who is spared keeps nobody in"
    records.record(replace(CALL, caller="1" * 32, client="page"), NOW)
    shown = api.request("GET", f"{ROUTE}?days=1", roles=("operator",)).json_body
    assert shown["withheld"].startswith("our own page or components still call: the page calls GET /v1/energy")


def test_of_many_callers_the_latest_are_listed_and_the_others_counted_within_what_an_answer_may_be(api: Api) -> None:
    records = cast(FakeRetirementRecords, api.ports.retirement)
    for number in range(LISTED + 3):
        call = V1Call(f"{number:032x}", "x" * 40, "PUT /v1/energy/{reading_id}")
        days = {f"day-{day:06}": 1_000_000 for day in range(KEPT_DAYS + 1)}
        records.kept[f"{number}"] = V1Caller(call, NOW, NOW + number, days)
    answer = api.request("GET", f"{ROUTE}?days={KEPT_DAYS}", roles=("viewer",))
    assert answer.json_body["more"] == 3
    assert [each["caller"] for each in answer.json_body["callers"]][-1] == f"{3:032x}"
    assert len(answer.body) < LAMBDA_BYTES


def test_callers_of_other_days_are_left_out(api: Api) -> None:
    cast(FakeRetirementRecords, api.ports.retirement).record(CALL, NOW - 3 * 86_400_000)
    assert api.request("GET", f"{ROUTE}?days=2", roles=("viewer",)).json_body["callers"] == []
    assert len(api.request("GET", f"{ROUTE}?days=3", roles=("viewer",)).json_body["callers"]) == 1
    problem(api.request("GET", f"{ROUTE}?days=401", roles=("viewer",)), 422)


def test_without_the_database_it_is_503(api: Api) -> None:
    api.store.down = True
    problem(api.request("GET", ROUTE, roles=("viewer",)), 503)
