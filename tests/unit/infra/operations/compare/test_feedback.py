"""What people say looks wrong, as operators read it: word for word, and as a document."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonReport, Outcome
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import STATES, Feedback, FeedbackReport, GivenFeedback
from chalicelib.domain.readings import EnergyType
from infra import __main__ as command_line
from infra.operations.compare import commands
from infra.operations.compare.feedback import feedback_document, print_feedback, print_feedback_report

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
HOUR_MS = 3_600_000
SAID = Feedback(
    Component.ENERGY_TABLE,
    {"note": "[bold]", "year": 2024, "after": "id-7", "type": None},
    Backend.NEW,
    Reason.PERCENTAGE_IN,
    {EnergyType.POWER: 3, EnergyType.GAS: 4},
    "t[x]",
)
TRIED = GivenFeedback(
    "given-1",
    AT,
    "pseudonym [x] that is long",
    SAID,
    is_open=True,
    attempts=2,
    outcome=Outcome.FAILED,
    fingerprints=("fp[x]", "fp2"),
    compared_at=AT + 1_000,
)
WRITTEN = Feedback(Component.CSV_IMPORT, None, Backend.OLD, Reason.GLOBAL_OFF, {})
NEVER_READ = GivenFeedback("given-2", AT, "bob", WRITTEN, is_open=False)
COUNTS = {
    Component.ENERGY_TABLE: {"open": 2, Outcome.DIFFERENT.value: 1},
    Component.CSV_IMPORT: {"not_compared": 1},
}
REPORT = FeedbackReport(COUNTS, [TRIED, NEVER_READ])
LINES = [
    "2023-11-14 22:13 energy_table user pseudonym [x] that i new (percentage_in), power 3, gas 4: "
    "open after 2 attempts, last failed fp[x] fp2",
    "2023-11-14 22:13 csv_import user bob old (global_off), no meter: not_compared",
]


def test_each_feedback_says_what_was_asked_and_how_to_look_further(printed: Callable[[], list[str]]) -> None:
    print_feedback(REPORT, 24)
    assert printed() == [
        LINES[0],
        "given-1 asked: note [bold], year 2024",
        "python -m infra trace t[x]",
        "python -m infra compare replay fp[x]",
        "python -m infra compare replay fp2",
        LINES[1],
        "given-2 asked: nothing, it writes",
    ]


def test_one_that_was_settled_or_not_tried_yet_counts_no_attempts(printed: Callable[[], list[str]]) -> None:
    settled = replace(TRIED, is_open=False, outcome=Outcome.EQUAL, fingerprints=())
    print_feedback(FeedbackReport({}, [settled, replace(TRIED, outcome=None, fingerprints=())]), 24)
    states = [line.rpartition(": ")[2] for line in printed() if line.startswith("2023")]
    assert states == ["equal", "open"]


def test_a_report_counts_it_by_component_and_lists_the_latest(printed: Callable[[], list[str]]) -> None:
    print_feedback_report(REPORT, 24)
    assert printed() == [
        "what people say looks wrong, by component:",
        " ".join(("component feedback", *STATES)),
        "csv_import 1 0 0 0 0 0 0 0 1",
        "energy_table 3 2 0 1 0 0 0 0 0",
        *LINES,
        "what they had asked, and more of it: python -m infra compare feedback",
    ]


@pytest.mark.parametrize("show", [print_feedback, print_feedback_report])
def test_where_nobody_said_anything_that_is_said(
    show: Callable[[FeedbackReport, int], None], printed: Callable[[], list[str]]
) -> None:
    show(FeedbackReport({}, []), 168)
    assert printed() == ["nobody said in the last 168 hours that something looks wrong"]


def test_feedback_for_programs() -> None:
    document = json.loads(json.dumps(feedback_document(REPORT)))
    none = dict.fromkeys(STATES, 0)
    assert document["counts"] == {
        "csv_import": none | {"not_compared": 1},
        "energy_table": none | {"open": 2, "different": 1},
    }
    assert document["latest"] == [
        {
            "id": "given-1",
            "at": "2023-11-14T22:13:20Z",
            "component": "energy_table",
            "user": "pseudonym [x] that is long",
            "backend": "new",
            "reason": "percentage_in",
            "meters": [{"type": "power", "sourceVersion": 3}, {"type": "gas", "sourceVersion": 4}],
            "asked": {"note": "[bold]", "year": 2024},
            "state": "open",
            "attempts": 2,
            "outcome": "failed",
            "fingerprints": ["fp[x]", "fp2"],
            "comparedAt": "2023-11-14T22:13:21Z",
            "traceId": "t[x]",
        },
        {
            "id": "given-2",
            "at": "2023-11-14T22:13:20Z",
            "component": "csv_import",
            "user": "bob",
            "backend": "old",
            "reason": "global_off",
            "meters": [],
            "asked": None,
            "state": "not_compared",
            "attempts": 0,
            "outcome": None,
            "fingerprints": [],
            "comparedAt": None,
            "traceId": None,
        },
    ]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the commands ask a comparer that has the feedback above, in the place of the stage's."""
    asked: list[Any] = []

    def feedback(since: int, limit: int) -> FeedbackReport:
        asked.append((since, limit))
        return REPORT

    def report(since: int) -> ComparisonReport:
        asked.append(since)
        return ComparisonReport({}, [])

    comparer = SimpleNamespace(feedback=feedback, report=report)
    monkeypatch.setattr(commands, "_comparing", lambda *_, **__: nullcontext(comparer))
    monkeypatch.setattr(commands, "now", lambda: AT)
    return asked


@pytest.mark.parametrize(("arguments", "hours", "limit"), [((), 168, 50), (("--hours", "5", "--limit", "7"), 5, 7)])
def test_feedback_is_asked_for_the_hours_and_the_number_that_are_given(
    asked: list[Any],
    arguments: tuple[str, ...],
    hours: int,
    limit: int,
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["compare", "feedback", "--stage", "nowhere", *arguments]
    command_line.main(command, standalone_mode=False)
    assert printed()[0] == LINES[0]
    command_line.main([*command, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["latest"][0]["id"] == "given-1"
    assert asked == [(AT - hours * HOUR_MS, limit)] * 2


def test_a_report_has_the_latest_five_of_its_hours(
    asked: list[Any], printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", "report", "--hours", "3", "--stage", "nowhere"]
    with pytest.raises(SystemExit):
        command_line.run(command)
    lines = printed()
    assert lines[0] == "nothing was compared in the last 3 hours: that proves nothing"
    assert lines[1] == "what people say looks wrong, by component:"
    with pytest.raises(SystemExit):
        command_line.run([*command, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document.keys() == {"outcomes", "differences", "replays", "feedback"}
    assert document["feedback"]["latest"][1]["id"] == "given-2"
    since = AT - 3 * HOUR_MS
    assert asked == [since, (since, 5)] * 2
