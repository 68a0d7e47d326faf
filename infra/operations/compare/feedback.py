"""Printing feedback: what people say looks wrong, without their names and without ids of readings."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.feedback import STATES, FeedbackReport, GivenFeedback
from infra.operations.compare.printing import SHOWN
from infra.operations.printing import console, counted, minute, moment


def feedback_document(found: FeedbackReport) -> dict[str, Any]:
    """Feedback, for programs."""
    return {"counts": _counts(found), "latest": [_document(given) for given in found.latest]}


def print_feedback_report(found: FeedbackReport, hours: int) -> None:
    """A part of the report, for people."""
    if not found.counts:
        console.print(f"nobody said in the last {hours} hours that something looks wrong")
        return
    console.print("what people say looks wrong, by component:")
    console.print(_table(found))
    for given in found.latest:
        console.print(_line(given), markup=False)
    console.print("what they had asked, and more of it: python -m infra compare feedback")


def print_feedback(found: FeedbackReport, hours: int) -> None:
    """All of it, for people."""
    if not found.latest:
        console.print(f"nobody said in the last {hours} hours that something looks wrong")
    for given in found.latest:
        console.print(_line(given), markup=False)
        console.print(f"    {given.id}  asked: {_asked_in_words(given)}", markup=False)
        if given.feedback.trace_id:
            console.print(f"    python -m infra trace {given.feedback.trace_id}", markup=False)
        for fingerprint in given.fingerprints:
            console.print(f"    python -m infra compare replay {fingerprint}", markup=False)


def _counts(found: FeedbackReport) -> Mapping[Component, Mapping[str, int]]:
    return {
        component: {state: counts.get(state, 0) for state in STATES}
        for component, counts in sorted(found.counts.items())
    }


def _table(found: FeedbackReport) -> Table:
    table = Table("component", "feedback", *STATES)
    for component, counts in _counts(found).items():
        table.add_row(component, str(sum(counts.values())), *map(str, counts.values()))
    return table


def _line(given: GivenFeedback) -> str:
    """When, on what, by whom, what they saw, and what came of it."""
    said = given.feedback
    versions = ", ".join(f"{kind} {version}" for kind, version in said.versions.items()) or "no meter"
    answered = f"{said.backend} ({said.reason}), {versions}"
    return f"{minute(given.at)}  {said.component}  user {given.user[:SHOWN]}  {answered}: {_state(given)}"


def _state(given: GivenFeedback) -> str:
    tried = (
        f" after {counted(given.attempts, 'attempt')}, last {given.outcome}" if given.is_open and given.outcome else ""
    )
    return " ".join([f"{given.state}{tried}", *given.fingerprints])


def _asked_in_words(given: GivenFeedback) -> str:
    asked = given.asked
    return "nothing, it writes" if asked is None else ", ".join(f"{name} {value}" for name, value in asked.items())


def _document(given: GivenFeedback) -> dict[str, Any]:
    said = given.feedback
    return {
        "id": given.id,
        "at": moment(given.at),
        "component": said.component,
        "user": given.user,
        "backend": said.backend,
        "reason": said.reason,
        "meters": [{"type": kind, "sourceVersion": version} for kind, version in said.versions.items()],
        "asked": given.asked,
        "state": given.state,
        "attempts": given.attempts,
        "outcome": given.outcome,
        "fingerprints": [*given.fingerprints],
        "comparedAt": given.compared_at and moment(given.compared_at),
        "traceId": said.trace_id,
    }
