"""Version 1 on its way to its end: what every one of its answers says, and who is answered when."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from chalice.test import HTTPResponse

from app import app
from chalicelib.api.routes import AUTHENTICATED
from chalicelib.bootstrap.container import using
from chalicelib.bootstrap.pseudonyms import random_pseudonyms
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import FORCED_OLD, Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, HOUR_MS, BrownOut, OptOut
from chalicelib.domain.migration.retirement.callers import V1Call, V1Caller
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.services.migration.retirement.watch import RetirementWatch
from infra.simulation.memory.migration.retirement import FakeRetirementRecords
from tests.functional.conftest import NOW, Api, error, problem
from tests.functional.v1.calendars import ANNOUNCED, BROWN_OUT, NEXT, PRESENT, SUNSET

ROUTES = [
    (method, path)
    for path, methods in sorted(app.routes.items())
    for method, route in methods.items()
    if path.startswith("/v1/")
]
OPERATIONS = [
    (method, path) for method, path in ROUTES if getattr(app.routes[path][method].view_function, AUTHENTICATED)
]
DOCUMENT = ("GET", "/v1/openapi.json")
BODY = {
    ("POST", "/v1/energy"): '{"type": "power", "date": "2023-01-31", "amount": 1000}',
    ("PUT", "/v1/energy/{reading_id}"): '{"amount": 7}',
    ("POST", "/v1/energy/import"): "date,type,amount\n2023-01-31,power,1\n",
}
QUERY = {"/v1/monthly": "?type=power&year=2023", "/v1/histogram": "?type=power", "/v1/summary": "?type=power"}
HEADERS = ("Deprecation", "Sunset", "Link")
OLD = Decision(Backend.OLD, Reason.PERCENTAGE_OUT)
Route = tuple[str, str]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"


@dataclass
class Retirement:
    """The application with a calendar that is read at each call."""

    api: Api
    records: FakeRetirementRecords
    pseudonyms: Pseudonyms

    def ask(self, route: Route, user: str | None = "alice", **headers: str) -> HTTPResponse:
        method, path = route
        called = re.sub("{.*?}", "5" * 24, path) + QUERY.get(path, "")
        kind = "text/csv" if path.endswith("import") else "application/json"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api.request(method, called, BODY.get(route, ""), user=user, content_type=kind, headers=names)

    def answered_by_old(self, decision: Decision, at: int = NOW) -> None:
        usage = BackendUsage(Component.DASHBOARD, "bob", decision, 1.0, True)
        self.api.usage.rows.append((usage, "pseudonym", at))


@pytest.fixture
def retirement(api: Api) -> Iterator[Retirement]:
    records, pseudonyms = cast(FakeRetirementRecords, api.ports.retirement), random_pseudonyms()
    watch = RetirementWatch(records, pseudonyms, lambda: NOW, cache_ms=0)
    with using(replace(api.container, retirement=watch)):
        yield Retirement(api, records, pseudonyms)


def test_there_are_all_routes_of_version_1() -> None:
    assert len(OPERATIONS) == 8
    assert ("PATCH", "/v1/energy") in ROUTES
    assert ("GET", "/v1/{proxy+}") in ROUTES


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_before_anything_is_announced_no_answer_says_anything(retirement: Retirement, route: Route) -> None:
    assert not set(retirement.ask(route).headers) & set(HEADERS)


@pytest.mark.parametrize("user", ["alice", None])
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_every_answer_says_what_is_announced_and_is_otherwise_as_before(
    retirement: Retirement, route: Route, user: str | None
) -> None:
    before = retirement.ask(route, user)
    for side in retirement.api.store.stored.sides.values():
        side.clear()
    retirement.records.stored = ANNOUNCED
    after = retirement.ask(route, user)
    assert after.status_code == before.status_code != 410
    varying = {"_id", "createdAt", "updatedAt"}
    if isinstance(before.json_body, dict) and varying <= before.json_body.keys():
        assert before.json_body.keys() == after.json_body.keys()
    else:
        assert after.body == before.body
    assert after.headers["Deprecation"] == f"@{ANNOUNCED.deprecated_at // 1000}"
    assert after.headers["Sunset"] == "Sun, 24 Dec 2023 22:13:20 GMT"
    assert re.fullmatch(
        r'<(/v2/[^>]+)>; rel="successor-version", </v1/openapi.json>; rel="deprecation"; type="application/json"',
        after.headers["Link"],
    )


@pytest.mark.parametrize(
    ("called", "successor"),
    [
        ("/v1/energy", "/v2/energy"),
        (f"/v1/energy/{'5' * 24}", f"/v2/energy/{'5' * 24}"),
        ('/v1/energy/a>"x', "/v2/openapi.json"),
        (f"/v1/energy/{'%41' * 500}", "/v2/openapi.json"),
        (f"/v1/energy/{'5' * 25}", "/v2/openapi.json"),
        (f"/v1/energy/{'5' * 24}%0A", "/v2/openapi.json"),
        ("/v1/monthly", "/v2/display?dataType=monthly"),
        ("/v1/nothing", "/v2/openapi.json"),
    ],
)
def test_the_successor_is_that_of_what_was_called(retirement: Retirement, called: str, successor: str) -> None:
    retirement.records.stored = ANNOUNCED
    method = "PUT" if called.startswith("/v1/energy/") else "GET"
    assert f'<{successor}>; rel="successor-version"' in retirement.api.request(method, called).headers["Link"]


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_in_a_brown_out_every_operation_is_410_with_when_it_ends_and_what_comes_next(
    retirement: Retirement, route: Route
) -> None:
    retirement.records.stored = BROWN_OUT
    answer = retirement.ask(route)
    said = problem(answer, 410)
    assert said["type"] == "urn:energy-monitor:problem:v1-brown-out"
    assert (said["endsAt"], said["sunsetAt"]) == ("2023-11-14T23:13:20Z", "2023-12-24T22:13:20Z")
    assert said["nextBrownOut"] == {"from": "2023-11-15T22:13:20Z", "until": "2023-11-15T23:13:20Z"}
    assert "/v2/" in said["detail"]
    assert (answer.headers["Cache-Control"], answer.headers["Retry-After"]) == ("no-store", "3601")
    assert set(answer.headers) >= set(HEADERS)
    assert retirement.api.store.stored.readings == {}, "nothing is written"


def test_without_a_next_brown_out_that_is_said(retirement: Retirement) -> None:
    retirement.records.stored = replace(ANNOUNCED, brown_outs=(PRESENT,))
    assert problem(retirement.ask(OPERATIONS[0]), 410)["nextBrownOut"] is None


@pytest.mark.parametrize(
    "calendar",
    [
        replace(ANNOUNCED, sunset_at=PRESENT.end, brown_outs=(PRESENT,)),
        replace(ANNOUNCED, brown_outs=(PRESENT, BrownOut(PRESENT.end, PRESENT.end + HOUR_MS))),
    ],
    ids=["the end", "another brown-out"],
)
def test_who_would_find_version_1_away_again_is_not_told_to_come_back(
    retirement: Retirement, calendar: Calendar
) -> None:
    retirement.records.stored = calendar
    answer = retirement.ask(OPERATIONS[0])
    assert (problem(answer, 410)["endsAt"], "Retry-After" in answer.headers) == ("2023-11-14T23:13:20Z", False)


def test_in_a_brown_out_who_asks_without_a_token_is_told_so_first(retirement: Retirement) -> None:
    retirement.records.stored = BROWN_OUT
    error(retirement.ask(("GET", "/v1/energy"), None), 401)


def test_between_brown_outs_version_1_answers(retirement: Retirement) -> None:
    over = BrownOut(NOW - 2 * HOUR_MS, NOW)
    retirement.records.stored = replace(ANNOUNCED, brown_outs=(over, NEXT))
    assert retirement.ask(("GET", "/v1/energy")).status_code == 200


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_no_brown_out_concerns_who_has_an_opt_out(retirement: Retirement, route: Route) -> None:
    caller = retirement.pseudonyms.of("user", "alice")
    retirement.records.stored = replace(BROWN_OUT, opt_outs=(OptOut(caller, NOW + 1),))
    assert retirement.ask(route).status_code != 410
    assert retirement.ask(route, "bob").status_code == 410
    retirement.records.stored = replace(BROWN_OUT, opt_outs=(OptOut(caller, NOW),))
    assert retirement.ask(route).status_code == 410


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_a_brown_out_does_not_begin_while_the_old_backend_answers_a_component(
    retirement: Retirement, route: Route
) -> None:
    retirement.records.stored = BROWN_OUT
    retirement.answered_by_old(OLD)
    assert retirement.ask(route).status_code != 410
    marked = retirement.records.stored.brown_outs[0]
    assert marked.withheld is not None
    assert "the old backend answers dashboard" in marked.withheld
    assert marked.withheld_at == NOW


def test_a_brown_out_does_not_begin_while_our_own_page_calls_version_1(retirement: Retirement) -> None:
    retirement.records.stored = BROWN_OUT
    assert by_page(retirement, "alice").status_code == 200
    marked = retirement.records.stored.brown_outs[0]
    assert marked.withheld == "the page calls GET /v1/energy"
    assert retirement.ask(("GET", "/v1/energy"), "bob").status_code == 200, "it has called lately"


def test_who_is_no_browser_or_has_a_token_of_another_client_ends_no_brown_out(retirement: Retirement) -> None:
    retirement.records.stored = BROWN_OUT
    assert retirement.ask(OPERATIONS[0], user_agent="curl/8", sec_fetch_site="same-origin").status_code == 410
    token = retirement.api.issuer.token("alice", azp="meter-reader")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin"}
    assert retirement.api.request("GET", "/v1/energy", user=None, headers=headers).status_code == 410
    assert [call.client for call in retirement.records.rows] == ["curl", "meter-reader"]
    assert retirement.ask(("GET", "/v1/energy"), "bob").status_code == 410
    assert retirement.records.stored.brown_outs[0].withheld is None


def test_who_only_says_to_be_the_page_and_has_an_opt_out_keeps_nobody_else_in(retirement: Retirement) -> None:
    caller = retirement.pseudonyms.of("user", "mallory")
    retirement.records.stored = replace(BROWN_OUT, opt_outs=(OptOut(caller, NOW + 1),))
    assert by_page(retirement, "mallory").status_code == 200
    assert retirement.ask(("GET", "/v1/energy"), "bob").status_code == 410
    assert retirement.records.stored.brown_outs[0].withheld is None
    assert by_page(retirement, "alice").status_code == 200
    assert retirement.ask(("GET", "/v1/energy"), "bob").status_code == 200, "alice has called by the page"


def by_page(retirement: Retirement, user: str) -> HTTPResponse:
    return retirement.ask(("GET", "/v1/energy"), user, user_agent=BROWSER, sec_fetch_site="same-origin")


@pytest.mark.parametrize(
    ("decision", "at"), [(OLD, NOW - DAY_MS - 1), (FORCED_OLD, NOW), (Decision(Backend.NEW, "percentage_in"), NOW)]
)
def test_what_is_long_ago_or_was_asked_for_by_an_operator_withholds_nothing(
    retirement: Retirement, decision: Decision, at: int
) -> None:
    retirement.records.stored = BROWN_OUT
    retirement.answered_by_old(decision, at)
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410


def test_a_rehearsal_waits_for_half_a_minute_alone(retirement: Retirement) -> None:
    retirement.records.stored = replace(BROWN_OUT, rehearsal=True)
    retirement.answered_by_old(OLD, NOW - 30_001)
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410
    retirement.answered_by_old(OLD, NOW - 30_000)
    assert retirement.ask(("GET", "/v1/energy")).status_code == 200


def test_who_does_not_know_whether_something_of_our_own_calls_does_not_begin(
    retirement: Retirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> dict[str, int]:
        raise RuntimeError("broken")

    retirement.records.stored = BROWN_OUT
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410
    with monkeypatch.context() as patched:
        patched.setattr(retirement.records, "old_answers", broken)
        assert retirement.ask(("GET", "/v1/energy")).status_code == 200, "what was known before does not go on"
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410


def test_a_withheld_brown_out_is_counted(retirement: Retirement, capsys: pytest.CaptureFixture[str]) -> None:
    retirement.records.stored = BROWN_OUT
    retirement.answered_by_old(OLD)
    retirement.ask(("GET", "/v1/energy"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["BrownOutsWithheld"] for line in lines if "BrownOutsWithheld" in line] == [[1.0]]


def test_after_the_end_what_the_deprecation_link_names_still_answers(retirement: Retirement) -> None:
    before = retirement.ask(DOCUMENT, None)
    retirement.records.stored = SUNSET
    answer = retirement.ask(DOCUMENT, None)
    assert (answer.status_code, answer.body) == (200, before.body)
    linked = re.search('<([^>]+)>; rel="deprecation"', retirement.ask(("GET", "/v1/energy")).headers["Link"])
    assert linked
    assert linked[1] == DOCUMENT[1]


@pytest.mark.parametrize("user", ["alice", None])
@pytest.mark.parametrize("route", [route for route in ROUTES if route != DOCUMENT], ids=" ".join)
def test_after_the_end_everything_is_410_for_everybody(retirement: Retirement, route: Route, user: str | None) -> None:
    caller = retirement.pseudonyms.of("user", "alice")
    retirement.records.stored = replace(SUNSET, opt_outs=(OptOut(caller, NOW + DAY_MS),), brown_outs=(PRESENT,))
    retirement.answered_by_old(OLD)
    answer = retirement.ask(route, user, sec_fetch_site="same-origin")
    if route[0] != "HEAD":
        said = problem(answer, 410)
        assert said["type"] == "urn:energy-monitor:problem:v1-sunset"
        assert said["sunsetAt"] == "2023-11-14T22:13:20Z"
        assert "endsAt" not in said
    assert answer.status_code == 410
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in answer.headers
    assert retirement.api.store.stored.readings == {}


def test_other_versions_say_nothing_and_answer(retirement: Retirement) -> None:
    retirement.records.stored = SUNSET
    for path in ("/v2/energy", "/components/dashboard", "/v2/nothing", "/health"):
        answer = retirement.api.request("GET", path)
        assert answer.status_code != 410
        assert not set(answer.headers) & {"Deprecation", "Sunset"}


@pytest.mark.parametrize("stored", [None, ANNOUNCED, BROWN_OUT, SUNSET])
def test_every_caller_is_noted_by_pseudonym_client_and_route(retirement: Retirement, stored: Calendar | None) -> None:
    retirement.records.stored = stored
    call = V1Call(retirement.pseudonyms.of("user", "alice"), "curl", "PUT /v1/energy/{reading_id}")
    for _ in range(2):
        retirement.ask(("PUT", "/v1/energy/{reading_id}"), user_agent="curl/8.1")
    assert retirement.records.rows == {call: V1Caller(call, NOW, NOW, {"2023-11-14": 2})}


def test_the_client_of_a_token_says_more_than_a_header_and_our_own_says_nothing(retirement: Retirement) -> None:
    for audience in ("meter-reader", "energy-monitor"):
        token = retirement.api.issuer.token("alice", azp=audience)
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "curl/8.1"}
        retirement.api.request("GET", "/v1/energy", user=None, headers=headers)
    assert [call.client for call in retirement.records.rows] == ["meter-reader", "curl"]


def test_whatever_fails_with_calendar_or_ledger_version_1_answers(
    retirement: Retirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    for name in ("calendar", "record"):
        monkeypatch.setattr(retirement.records, name, broken)
    answer = retirement.ask(("GET", "/v1/energy"))
    assert (answer.status_code, answer.json_body) == (200, [])
    assert "Sunset" not in answer.headers


def test_what_was_announced_goes_on_while_nobody_can_read_it(
    retirement: Retirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    retirement.records.stored = SUNSET
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410
    retirement.api.store.down = True
    assert retirement.ask(("GET", "/v1/energy")).status_code == 410


def test_the_calendar_is_read_once_in_ten_seconds(api: Api) -> None:
    records, times = cast(FakeRetirementRecords, api.ports.retirement), [NOW]
    records.stored = BROWN_OUT
    watch = RetirementWatch(records, random_pseudonyms(), lambda: times[0])
    with using(replace(api.container, retirement=watch)):
        for passed in (0, 1, 9_999):
            times[0] = NOW + passed
            assert api.request("GET", "/v1/energy").status_code == 410
        assert (records.looks, records.asked) == (1, 1)
        times[0] = NOW + 10_000
        api.request("GET", "/v1/energy")
    assert (records.looks, records.asked) == (2, 2)


def test_without_a_brown_out_nobody_asks_what_is_our_own(retirement: Retirement) -> None:
    retirement.records.stored = ANNOUNCED
    retirement.ask(("GET", "/v1/energy"))
    assert retirement.records.asked == 0
