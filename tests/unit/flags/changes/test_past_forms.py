"""How an instant of the past is written, and what programs get of it."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sides import SyncMode, SyncState
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import Answered
from chalicelib.domain.migration.sync.past_modes import PastMode
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.as_json import past_document
from chalicelib.flags.changes.past import Past, Possible, past_instant

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-11-01T18:30", "2024-11-01T18:30:00Z"),
        ("2024-11-01 18:30:05Z", "2024-11-01T18:30:05Z"),
        ("2024-11-01T18:30+01:00", "2024-11-01T17:30:00Z"),
        (" 2024-11-01 ", "2024-11-01T00:00:00Z"),
    ],
)
def test_an_instant_is_in_utc_where_it_names_no_zone(text: str, instant: str) -> None:
    assert moment(past_instant(text)) == instant


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="yesterday"):
        past_instant("yesterday")


def test_programs_get_all_that_the_records_say() -> None:
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 7, "v1")
    answered = Answered(AT + 1, Backend.NEW, "percentage_in", "v1", success=True, elapsed_ms=3.5, trace_id="t1")
    mode = PastMode([SyncState(SyncMode.DUAL_WRITE)], since=AT)
    past = Past("alice", Component.ENERGY_TABLE, AT, mode, [Possible(decision, "rule 1")], [], ["a note"], [answered])
    at = "2023-11-14T22:13:20Z"
    answer = {"backend": "new", "reason": "percentage_in", "documentVersion": "v1"}
    assert past_document(past) == {
        "user": "alice",
        "component": "energy_table",
        "at": at,
        "backend": "new",
        "mode": "dual_write",
        "modeSince": at,
        "possible": [{**answer, "rule": "rule 1", "bucket": 7, "change": None}],
        "unknown": [],
        "notes": ["a note"],
        "answers": [
            {**answer, "at": at, "success": True, "elapsedMs": 3.5, "traceId": "t1"},
        ],
    }
    nothing = past_document(replace(past, mode=PastMode(unknown="why"), possible=[], unknown=["why"], answers=[]))
    known = ("backend", "mode", "modeSince", "possible", "unknown")
    assert [nothing[name] for name in known] == [None, None, None, [], ["why"]]
