"""Printing the rollouts' commands for people."""

from collections.abc import Sequence

from rich.markup import escape

from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.plan import Plan, written
from chalicelib.domain.migration.rollouts.rollout import Rollout, State
from infra.operations.printing import console, duration, folding_table, minute, pairs, printable

BY_ITSELF = (State.STOPPED, State.DONE)
NOTHING_YET = "the schedule looks within a minute"
COLOURS = {State.RUNNING: "green", State.STOPPED: "red", State.PAUSED: "yellow"}


def print_rollouts(found: Sequence[Rollout], now: int) -> None:
    """One row each."""
    if not found:
        console.print("there is no rollout; begin one: python -m infra rollout start COMPONENT --reason WHY")
        return
    table = folding_table("component", "state", "at", "next", "in", "why it waits")
    for each in found:
        following = "-" if each.following is None else each.following.name
        table.add_row(each.component.value, _state(each), _held(each), following, _left(each, now), escape(_why(each)))
    console.print(table)


def print_rollout(rollout: Rollout, now: int) -> None:
    """One with everything that is known of it."""
    rows = pairs()
    rows.add_row("rollout", rollout.component.value)
    who = "" if rollout.state in BY_ITSELF else f" by {_text(rollout.by)}"
    rows.add_row("state", f"{_state(rollout)}{who}: {_text(rollout.reason)}")
    rows.add_row("at", f"{_held(rollout)} since {minute(rollout.since)}")
    if rollout.following is not None:
        rows.add_row("next", f"{rollout.following.name}, hold time: {_left(rollout, now)}")
    if rollout.state not in BY_ITSELF:
        rows.add_row("waits", _text(_why(rollout)))
    if rollout.seen is not None and rollout.seen.command:
        rows.add_row("first", _text(rollout.seen.command))
    if rollout.approval is not None:
        rows.add_row("approved", f"{rollout.approval.percent} % by {_text(rollout.approval.by)}")
    rows.add_row("plan", _plan(rollout.plan))
    console.print(rows)
    log = folding_table("when (UTC)", "what", "who and why")
    for entry in reversed(rollout.log):
        log.add_row(minute(entry.at), entry.what, f"{_text(entry.by)}: {_text(entry.reason)}")
    console.print(log)


def print_changed(change: FlagChange) -> None:
    """A step that was taken, or the way back."""
    for name, flag in change.after.items():
        console.print(f"{name}: {'on' if flag['enabled'] else 'off'}, {flag.get('rolloutPercent', '-')} %")
    if change.in_effect_ms is not None:
        console.print(f"in effect everywhere after {change.in_effect_ms / 1000:.1f} s")
    if change.problem:
        console.print(change.problem, style="red", markup=False)


def _state(rollout: Rollout) -> str:
    colour = COLOURS.get(rollout.state)
    return f"[{colour}]{rollout.state}[/]" if colour else str(rollout.state)


def _held(rollout: Rollout) -> str:
    return "nothing yet" if rollout.held is None else rollout.held.name


def _left(rollout: Rollout, now: int) -> str:
    if rollout.state is not State.RUNNING:
        return "-"
    return "over" if now >= rollout.held_until else duration((rollout.held_until - now) // 1000)


def _why(rollout: Rollout) -> str:
    if rollout.seen is not None:
        return rollout.seen.text
    return NOTHING_YET if rollout.state is State.RUNNING else rollout.reason


def _plan(plan: Plan) -> str:
    parts = [written(plan.steps)]
    if plan.approvals:
        parts.append("a second person must agree")
    if plan.hours is not None:
        days = "" if len(plan.hours.days) == 7 else f" on days {', '.join(map(str, plan.hours.days))}"
        parts.append(f"from {plan.hours.first} to {plan.hours.last} o'clock {plan.hours.zone}{days}")
    if plan.exact:
        parts.append("as lists of people")
    return "; ".join(parts)


def _text(text: str) -> str:
    return escape(printable(text))
