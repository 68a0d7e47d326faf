"""The calendar, its callers and what blocks the end, as programs read them: every member by its name."""

import json

from chalicelib.domain.migration.retirement.blockers import Blocker, Part
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import V1Call, V1Caller
from chalicelib.services.migration.retirement.as_json import blocker_document, calendar_document, callers_document

NOW = 1_700_000_000_000
SECOND = 1_000
CALENDAR = Calendar(
    announced_at=NOW - 30 * SECOND,
    deprecated_at=NOW - 20 * SECOND,
    sunset_at=NOW + 50 * SECOND,
    brown_outs=(
        BrownOut(NOW - 10 * SECOND, NOW - 5 * SECOND, "the page calls", NOW - 9 * SECOND),
        BrownOut(NOW + 10 * SECOND, NOW + 15 * SECOND),
    ),
    opt_outs=(OptOut("caller", NOW + 40 * SECOND),),
    rehearsal=True,
    log=(Entry(NOW - 30 * SECOND, "olga", "sunset", "it is time"),),
    version=3,
)


def test_everything_that_is_announced_is_a_member() -> None:
    assert json.loads(json.dumps(calendar_document(CALENDAR, NOW, "a component still calls"))) == {
        "command": "python -m infra retire show",
        "phase": "deprecated",
        "announcedAt": "2023-11-14T22:12:50Z",
        "deprecatedAt": "2023-11-14T22:13:00Z",
        "sunsetAt": "2023-11-14T22:14:10Z",
        "rehearsal": True,
        "brownOuts": [
            {
                "from": "2023-11-14T22:13:10Z",
                "until": "2023-11-14T22:13:15Z",
                "withheld": "the page calls",
                "withheldAt": "2023-11-14T22:13:11Z",
            },
            {
                "from": "2023-11-14T22:13:30Z",
                "until": "2023-11-14T22:13:35Z",
                "withheld": None,
                "withheldAt": None,
            },
        ],
        "optOuts": [{"caller": "caller", "until": "2023-11-14T22:14:00Z"}],
        "withheld": "a component still calls",
        "log": [{"at": "2023-11-14T22:12:50Z", "by": "olga", "what": "sunset", "reason": "it is time"}],
    }


def test_the_phase_is_that_of_the_instant() -> None:
    assert calendar_document(CALENDAR, NOW + 50 * SECOND, None)["phase"] == "sunset"
    assert calendar_document(CALENDAR, NOW + 12 * SECOND, None)["phase"] == "brown_out"


def test_where_nothing_is_announced_a_phase_and_the_command_say_so() -> None:
    assert calendar_document(None, NOW, None) == {"phase": "silent", "command": "python -m infra retire show"}


def test_a_row_of_the_ledger_says_who_called_by_what_and_when() -> None:
    call = V1Call("pseudonym", "curl", "GET /v1/energy")
    row = V1Caller(call, NOW, NOW + SECOND, {"2023-11-14": 2, "2023-11-15": 3})
    assert callers_document([row], 35, 7) == {
        "days": 35,
        "more": 7,
        "callers": [
            {
                "caller": "pseudonym",
                "client": "curl",
                "route": "GET /v1/energy",
                "first": "2023-11-14T22:13:20Z",
                "last": "2023-11-14T22:13:21Z",
                "calls": 5,
                "days": {"2023-11-14": 2, "2023-11-15": 3},
            }
        ],
    }


def test_a_blocker_says_whether_it_may_be_forced() -> None:
    assert blocker_document(Blocker(Part.CALLERS, "somebody calls", "retire callers")) == {
        "part": "callers",
        "text": "somebody calls",
        "command": "retire callers",
        "unknown": False,
        "mayBeForced": True,
    }
    assert blocker_document(Blocker(Part.CALLERS, "?", "status", unknown=True))["mayBeForced"] is False
