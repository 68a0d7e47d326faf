"""What a request may say, at its very ends: texts, numbers, ETags, cursors, and how a refusal names what is wrong."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.api.bodies import check_texts
from chalicelib.api.cursor import cursor_of, position_of
from chalicelib.api.endpoint import validated
from chalicelib.api.v2.configuration_bodies import SettingsBody
from chalicelib.api.v2.cursor import page_request, position_after
from chalicelib.api.v2.reading_bodies import ReadingListQuery
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.ports.values import ReadingFilter
from chalicelib.domain.readings import END_READABLE, FIRST_READABLE, to_ms
from tests.functional.conftest import Api, problem

HALF = "\ud800"  # half a surrogate pair: JSON can write it, and nothing can store or send it
READING = {"type": "power", "date": "2023-01-31", "amount": 1000}


def refused_for(value: Any) -> list[tuple[str, str]]:
    """Where a body is refused for its texts, and why."""
    with pytest.raises(InvalidInputError) as refused:
        check_texts(value)
    assert str(refused.value) == f"{refused.value.errors[0].where}: {refused.value.errors[0].reason}"
    return [(error.where, error.reason) for error in refused.value.errors]


WHOLE = "half a surrogate pair: send whole characters"


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ({"date": HALF}, ["date"]),
        ({"a": 1, "date": f"2023{HALF}", "reason": HALF}, ["date", "reason"]),
        ({"lists": ["whole", [HALF]]}, ["lists"]),
        ({"moduli": {HALF: 1}}, ["moduli"]),
        ({"moduli": {"power": {"deep": [{"er": HALF}]}}}, ["moduli"]),
        ({HALF: 1}, [HALF]),
        ([HALF], ["body"]),
        (HALF, ["body"]),
    ],
)
def test_half_a_character_is_found_wherever_it_is_and_named_by_its_member(value: Any, places: list[str]) -> None:
    assert refused_for(value) == [(place, WHOLE) for place in places]


@pytest.mark.parametrize("value", [{}, [], None, 1, "text", {"a": ["\N{GRINNING FACE}", {"b": [None, 1.5, True]}]}])
def test_whole_characters_are_taken_however_deep_they_are(value: Any) -> None:
    check_texts(value)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_half_a_character_in_a_body_is_422_and_named(api: Api, method: str) -> None:
    path, body = ("/v2/energy", READING | {"note": HALF}) if method == "POST" else ("/v2/settings", {"zone": HALF})
    refused = problem(api.request(method, path, json.dumps(body)), 422)
    [member] = [name for name, value in body.items() if value == HALF]
    assert (refused["detail"], refused["errors"]) == (f"{member}: {WHOLE}", [{"where": member, "reason": WHOLE}])
    assert not api.store.stored.readings


@pytest.mark.parametrize(
    ("year", "said"),
    [
        ("2023", None),
        ("000002023", None),
        ("0000002023", "send a whole number"),
        ("1234567890", "send a whole number"),
        ("123456789", "Input should be less than or equal to"),
        ("+2023", "send a whole number"),
        ("\uff12\uff10\uff12\uff13", "send a whole number"),
        ("2023.0", "send a whole number"),
        ("", "send a whole number"),
    ],
)
def test_a_number_in_a_query_has_up_to_nine_digits(api: Api, year: str, said: str | None) -> None:
    answer = api.request("GET", f"/v2/display?type=power&dataType=monthly&year={year.replace('+', '%2B')}")
    if said is None:
        assert answer.json_body["year"] == 2023
        return
    [error] = problem(answer, 422)["errors"]
    assert error["where"] == "year"
    assert said in error["reason"]


@pytest.mark.parametrize("value", ["True", "yes", "1", "on", "", "TRUE"])
def test_a_truth_in_a_query_is_spelled_as_in_json(api: Api, value: str) -> None:
    [error] = problem(api.request("GET", f"/v2/display?type=power&dataType=summary&consistent={value}"), 422)["errors"]
    assert error["where"] == "consistent"
    assert "send true or false" in error["reason"]


@pytest.mark.parametrize("value", [True, "1", [1], None])
def test_an_amount_is_a_json_number(api: Api, value: Any) -> None:
    [error] = problem(api.request("POST", "/v2/energy", json.dumps(READING | {"amount": value})), 422)["errors"]
    assert error["where"] == "amount"
    assert "send a JSON number" in error["reason"]


def test_what_is_given_twice_is_named(api: Api) -> None:
    refused = problem(api.request("GET", "/v2/energy?type=power&type=gas&limit=1&limit=1&sort=date"), 422)
    reason = "given more than once"
    assert refused["errors"] == [{"where": "type", "reason": reason}, {"where": "limit", "reason": reason}]
    assert refused["detail"] == "type: given more than once"


def test_a_refusal_names_ten_fields_and_counts_the_others() -> None:
    given = {f"unknown-{number}": 1 for number in range(11)} | {"zone": "UTC"}
    with pytest.raises(InvalidInputError, match=r"; and 1 more$") as refused:
        validated(SettingsBody, given)
    assert str(refused.value).count("Extra inputs are not permitted") == 10
    assert len(refused.value.errors) == 11
    with pytest.raises(InvalidInputError, match=r"unknown-9: Extra inputs are not permitted$"):
        validated(SettingsBody, {name: value for name, value in given.items() if name != "unknown-10"})


def test_a_refusal_names_a_place_below_its_own_and_the_body_where_there_is_none() -> None:
    with pytest.raises(InvalidInputError) as refused:
        validated(SettingsBody, {"zone": "UTC", "moduli": {"power": "much"}}, "settings")
    assert [error.where for error in refused.value.errors] == ["settings.moduli.power"]
    with pytest.raises(InvalidInputError, match=r"^body: "):
        validated(SettingsBody, [])


def test_an_if_match_that_is_no_etag_is_named(api: Api) -> None:
    made = api.request("POST", "/v2/energy", json.dumps(READING)).json_body
    answer = api.request("PUT", f"/v2/energy/{made['id']}", "{}", headers={"If-Match": "one"})
    refused = problem(answer, 422)
    assert refused["detail"] == "If-Match: send the ETag of what you have read"
    assert refused["errors"] == [{"where": "If-Match", "reason": "not one ETag"}]


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 200),
        (' "1" ', 200),
        ("*", 200),
        (" * ", 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('""', 412),
        ('"one"', 412),
        (f'"{"0" * 17}1"', 200),
        (f'"{"0" * 18}1"', 412),
        ('"1", "2"', 422),
        ("1", 422),
        ('"1', 422),
    ],
)
def test_a_reading_is_changed_by_the_revision_that_was_seen(api: Api, tag: str, status: int) -> None:
    made = api.request("POST", "/v2/energy", json.dumps(READING)).json_body
    changed = api.request("PUT", f"/v2/energy/{made['id']}", '{"amount": 1001}', headers={"If-Match": tag})
    assert changed.status_code == status


FIRST, END = to_ms(FIRST_READABLE), to_ms(END_READABLE)


@pytest.mark.parametrize("reading_id", ["a", "ab", "abc", "abcd", "f" * 24, "用户"])
@pytest.mark.parametrize("instant", [FIRST, 0, 1, END - 1])
def test_a_cursor_leads_to_where_it_was_made(instant: int, reading_id: str) -> None:
    cursor = cursor_of(instant, reading_id)
    assert position_of(cursor) == (instant, reading_id)
    assert "=" not in cursor


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of(FIRST - 1, "a"),
        cursor_of(END, "a"),
        cursor_of(1, ""),
        cursor_of("1", "a"),  # type: ignore[arg-type]
        cursor_of(1, 2),  # type: ignore[arg-type]
        "",
        "a",
        "none of ours",
        "\xff",
    ],
)
def test_what_no_page_gave_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^cursor: not a cursor that a page before gave$") as refused:
        position_of(cursor)
    assert [(error.where, error.reason) for error in refused.value.errors] == [
        ("cursor", "not a cursor that a page before gave")
    ]


def test_a_page_asks_for_one_reading_more_than_it_shows() -> None:
    asked = page_request(ReadingListQuery(limit=3), ZoneInfo("UTC"))
    assert (asked.limit, asked.after, asked.filter) == (4, None, ReadingFilter(None, None, None))
    assert page_request(ReadingListQuery(cursor=cursor_of(5, "a")), ZoneInfo("UTC")).after == (5, "a")


@pytest.mark.parametrize(("limit", "follows"), [(1, True), (2, True), (3, False), (4, False)])
def test_a_page_that_ends_with_the_last_reading_is_the_last(api: Api, limit: int, follows: bool) -> None:
    for day in (1, 2, 3):
        api.request("POST", "/v2/energy", json.dumps(READING | {"date": f"2023-01-0{day}", "amount": day}))
    page = api.request("GET", f"/v2/energy?limit={limit}&sort=date").json_body
    assert len(page["readings"]) == min(limit, 3)
    assert (page["nextCursor"] is not None) is follows
    assert position_after([], 1) is None


@pytest.mark.parametrize(("limit", "follows"), [(1, True), (2, False), (3, False)])
def test_a_page_that_ends_with_the_last_import_is_the_last(api: Api, limit: int, follows: bool) -> None:
    for day in (1, 2):
        file = f"date,type,amount\n2023-01-0{day},power,{day}\n"
        assert api.request("POST", "/v2/energy/import", file, content_type="text/csv").status_code == 200
    page = api.request("GET", f"/v2/imports?limit={limit}").json_body
    assert len(page["imports"]) == min(limit, 2)
    assert (page["nextCursor"] is not None) is follows
    if follows:
        rest = api.request("GET", f"/v2/imports?limit={limit}&cursor={page['nextCursor']}").json_body
        assert len({page["imports"][0]["id"], rest["imports"][0]["id"]}) == 2
        assert rest["nextCursor"] is None


REFUSALS: dict[str, tuple[tuple[str, str, bytes, str], dict[str, Any]]] = {
    "no route": (
        ("GET", "/v2/nonsense", b"", "application/json"),
        {"type": "unknown-route", "title": "Not Found", "status": 404, "detail": "no route of version 2 has this path"},
    ),
    "no component": (
        ("GET", "/components/nonsense", b"", "application/json"),
        {"type": "unknown-route", "title": "Not Found", "status": 404, "detail": "no component has this path"},
    ),
    "no method": (
        ("PATCH", "/v2/energy", b"", "application/json"),
        {
            "type": "method-not-allowed",
            "title": "Method Not Allowed",
            "status": 405,
            "detail": "this path takes GET, POST",
        },
    ),
    "no type": (
        ("POST", "/v2/energy", b"{}", ""),
        {
            "type": "unsupported-media",
            "title": "Unsupported Media Type",
            "status": 415,
            "detail": "send Content-Type: application/json, not none",
        },
    ),
    "another type": (
        ("POST", "/v2/energy", b"{}", "x" * 61),
        {
            "type": "unsupported-media",
            "title": "Unsupported Media Type",
            "status": 415,
            "detail": f"send Content-Type: application/json, not {'x' * 59}…",
        },
    ),
    "no JSON": (
        ("POST", "/v2/energy", b'{"amount": Infinity}', "application/json"),
        {
            "type": "malformed-body",
            "title": "Bad Request",
            "status": 400,
            "detail": "the body is not JSON in UTF-8: Infinity is not a JSON number",
        },
    ),
    "a member twice": (
        ("POST", "/v2/energy", b'{"amount": 5, "amount": 50}', "application/json"),
        {"type": "malformed-body", "title": "Bad Request", "status": 400, "detail": "amount: given more than once"},
    ),
    "too large": (
        ("POST", "/v2/energy", b" " * 65_537, "application/json"),
        {
            "type": "body-too-large",
            "title": "Request Entity Too Large",
            "status": 413,
            "detail": "the body has 65537 bytes, this path takes up to 65536",
        },
    ),
    "another id": (
        ("GET", "/v2/energy/other", b"", "application/json"),
        {"type": "not-found", "title": "Not Found", "status": 404, "detail": "there is no such reading"},
    ),
}


@pytest.mark.parametrize(("asked", "said"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_reads_like_this(api: Api, asked: tuple[str, str, bytes, str], said: dict[str, Any]) -> None:
    method, path, body, content_type = asked
    answer = api.request(method, path, body, content_type=content_type)
    assert answer.status_code == said["status"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json_body == {**said, "type": f"urn:energy-monitor:problem:{said['type']}", "instance": path}


@pytest.mark.parametrize(("length", "shown"), [(300, "/v2/" + "x" * 296), (301, "/v2/" + "x" * 295 + "…")])
def test_a_refusal_repeats_no_more_than_300_characters_of_a_path(api: Api, length: int, shown: str) -> None:
    answer = api.request("GET", f"/v2/{'x' * (length - 4)}")
    assert problem(answer, 404)["instance"] == shown


def test_a_monthly_view_needs_its_year(api: Api) -> None:
    refused = problem(api.request("GET", "/v2/display?type=power&dataType=monthly"), 422)
    reason = "a monthly view needs year=, such as year=2024"
    assert (refused["detail"], refused["errors"]) == (reason, [{"where": "year", "reason": reason}])


def test_half_a_character_in_a_path_is_404(api: Api) -> None:
    answer = api.request("GET", f"/v2/energy/{HALF}")
    assert problem(answer, 404)["detail"] == "nothing has this path"
