"""Printing the comparison of the backends: tables for people, documents for programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from chalicelib.bootstrap.operations import now
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonReport,
    DifferenceGroup,
    Outcome,
    Replay,
    Sighting,
)
from chalicelib.services.migration.comparison.replays import MOST
from infra.operations.printing import console, minute, moment
from infra.operations.printing import counted as number

SHOWN = 20  # of a pseudonym in a table: enough to distinguish values


SAID = {Outcome.LAG: "lagging", Outcome.OTHER_CALCULATION: "by other rules"}  # as the status says it


def _word(outcome: Outcome) -> str:
    return SAID.get(outcome, outcome.value)


def counted(outcomes: Counter[Outcome]) -> str:
    """Outcomes in one line."""
    listed = ", ".join(f"{outcomes[outcome]} {_word(outcome)}" for outcome in Outcome)
    return f"{number(outcomes.total(), 'read')} compared: {listed}"


def report_document(found: ComparisonReport) -> dict[str, Any]:
    """Convert a report to JSON for programs."""
    return {
        "outcomes": _outcomes(found),
        "differences": [_group_document(group) for group in found.groups],
        "replays": [replay_document(replay) for replay in found.replays],
    }


def replay_document(replay: Replay) -> dict[str, Any]:
    """Convert a replay to JSON for programs."""
    return {
        "fingerprint": replay.fingerprint,
        "operator": replay.operator,
        "at": moment(replay.at),
        "outcomes": {outcome.value: replay.outcomes.get(outcome, 0) for outcome in Outcome},
        "showing": replay.showing,
        "lost": replay.lost,
        "unasked": replay.unasked,
        "gone": replay.gone,
    }


def print_replay(replay: Replay) -> None:
    """Print it for people: what was asked again, and what is left to do."""
    name = replay.fingerprint
    left = f"recorded, but not asked: {replay.lost} that cannot be any more, {replay.unasked} beyond the limit"
    lines = [counted(Counter(replay.outcomes)), f"{replay.showing} of them show {name}; {left}"]
    if replay.gone:
        lines.append(f"{name} is gone: all that showed it was asked again, and shows it no more")
    else:
        lines += [f"{name} is not seen to be gone:", *_left_open(replay)]
    for line in lines:
        console.print(line, markup=False)


def _left_open(replay: Replay) -> Iterator[str]:
    """What keeps a difference from being gone, each with what comes next."""
    again = f"python -m infra compare replay {replay.fingerprint}"
    if replay.showing:
        shows = "still shows" if replay.showing == 1 else "still show"
        yield f"{number(replay.showing, 'read')} {shows} it: mend it, or roll the component back, then replay again"
    if replay.unseen:
        yield f"{number(replay.unseen, 'read')} gave no answers to compare: later again {again}"
    if replay.lost:
        why = "(expired, erased, or of another key for pseudonyms)"
        anew, answer = "python -m infra compare run --all", f"python -m infra compare ignore {replay.fingerprint}"
        yield f"{number(replay.lost, 'recorded read')} cannot be asked again {why}: look anew, {anew}; then {answer}"
    if replay.unasked:
        every = min(MOST, replay.asked + replay.lost + replay.unasked)
        yield f"{number(replay.unasked, 'recorded read')} beyond the limit: {again} --limit {every}"


def print_report(found: ComparisonReport, hours: int) -> None:
    """Print it for people, as tables."""
    if found.outcomes:
        console.print(_outcomes_table(found))
    if found.groups:
        console.print("what differed, by fingerprint, with examples:")
    for group in found.groups:
        _print_group(group)
    if not found.compared:
        console.print(f"nothing was compared in the last {hours} hours: that proves nothing")


def _outcomes(found: ComparisonReport) -> dict[str, dict[str, int]]:
    return {
        component.value: {outcome.value: counts.get(outcome, 0) for outcome in Outcome}
        for component, counts in sorted(found.outcomes.items())
    }


def _group_document(group: DifferenceGroup) -> dict[str, Any]:
    return {
        "fingerprint": group.fingerprint,
        "component": group.component.value,
        "kind": group.kind.value,
        "place": group.place,
        "answers": group.answers,
        "users": group.users,
        "first": moment(group.first),
        "last": moment(group.last),
        "open": group.is_open(now()),
        "ignored": _rule_document(group),
        "gone": group.gone and moment(group.gone.at),
        "examples": [_sighting_document(sighting) for sighting in group.examples],
    }


def _rule_document(group: DifferenceGroup) -> dict[str, Any] | None:
    rule = group.rule
    if rule is None:
        return None
    expired = not group.is_ignored(now())
    return {"owner": rule.owner, "reason": rule.reason, "until": moment(rule.until), "expired": expired}


def _sighting_document(sighting: Sighting) -> dict[str, Any]:
    return {
        "at": moment(sighting.at),
        "user": sighting.user,
        "place": sighting.place,
        "old": sighting.control,
        "new": sighting.candidate,
    }


def _outcomes_table(found: ComparisonReport) -> Table:
    table = Table("component", *map(_word, Outcome))
    for component, counts in _outcomes(found).items():
        table.add_row(component, *map(str, counts.values()))
    return table


def _print_group(group: DifferenceGroup) -> None:
    """In lines, not in a table: nothing of it may be cut off, least of all the fingerprint."""
    seen = f"{number(group.answers, 'answer')} to {number(group.users, 'user')}, last seen {minute(group.last)}"
    what = f"{group.component}, {group.kind} at {escape(group.place)}"
    console.print(f"[bold]{group.fingerprint}[/]  {what}; {seen} UTC; {escape(_state(group))}")
    for example in group.examples:
        old, new = _short(example.control), _short(example.candidate)
        place, user = escape(example.place), example.user[:SHOWN]
        console.print(f"    {minute(example.at)}  user {user}  {place}: old {old}, new {new}")


def _state(group: DifferenceGroup) -> str:
    if group.gone is not None:
        return f"gone: not shown by the replay of {moment(group.gone.at)}"
    if group.rule is None:
        return "open"
    answered = f"{moment(group.rule.until)}, {group.rule.owner}: {group.rule.reason}"
    return f"ignored until {answered}" if group.is_ignored(now()) else f"open; was ignored until {answered}"


def _short(value: str) -> str:
    kind, _, pseudonym = value.partition(":")
    return f"{kind} {pseudonym[:SHOWN]}".strip()
