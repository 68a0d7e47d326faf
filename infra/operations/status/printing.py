"""Printing the status for people: what was seen, and beside it the command that prints its detail."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

from rich.markup import escape

from chalicelib.domain.migration.rollouts.rollout import State
from chalicelib.domain.migration.status.blocks import (
    AlarmsBlock,
    Answers,
    Block,
    ComponentStatus,
    DisplayBlock,
    DrillBlock,
    ErasuresBlock,
    FingerprintSeen,
    FlagsBlock,
    LastChangeBlock,
    MigrationsBlock,
    NotPublishedBlock,
    RetirementBlock,
    RolloutBlock,
    ShareBlock,
    Stage,
    Status,
    SyncBlock,
    VerifyBlock,
)
from infra.errors import OperatorError
from infra.operations.printing import console, counted, duration, minute, print_json, printable

B = TypeVar("B", bound=Block)
Row = tuple[str, str, str]  # what, what was seen of it, the command


def print_status(status: Status, place: str) -> None:
    """Everything: what all components share, then each of them."""
    console.print(f"{escape(place)} at {minute(status.at)} UTC, figures of the last {counted(status.hours, 'hour')}")
    _print_rows(_shared(status))
    for component in status.components:
        print_component(component, status.at)


def print_release(deployed: str, here: str) -> None:
    """Say so where the functions are of another code than these commands."""
    if deployed and deployed != here:
        console.print("\n[red]the functions are of another release than these commands[/]: make up, or deploy")


def print_component(component: ComponentStatus, at: int) -> None:
    """One component as it was at an instant, its verdict first."""
    verdict = component.verdict
    colour = "green" if verdict.may_go_on else "red"
    said = f"\n[bold]{component.component}[/] {_stage(component)}: [{colour}]{_text(verdict.text)}[/]"
    console.print(f"{said}  [dim]{escape(verdict.command)}[/]")
    _print_rows(_rows(component, at))


def print_recorded(block: B, shown: Callable[[B], str], as_json: bool) -> None:
    """One part alone. Raises OperatorError where it could not be looked at."""
    if block.problem is not None:
        raise OperatorError(block.problem)
    if as_json:
        print_json(block.as_document())
    else:
        console.print(shown(block))


def _print_rows(rows: Iterator[Row]) -> None:
    """In lines, not in a table: no command may be cut off. Rows with one command have it behind the last of them."""
    listed = [*rows]
    for (what, seen, command), (_, _, following) in pairwise([*listed, ("", "", "")]):
        beside = "" if following == command else f"  [dim]{escape(command)}[/]"
        console.print(f"  {what:<21} {seen}{beside}")


def _row(what: str, block: B, shown: Callable[[B], str]) -> Row:
    seen = f"[red]not known: {_text(block.problem)}[/]" if block.problem is not None else shown(block)
    return what, seen, block.command


def _shared(status: Status) -> Iterator[Row]:
    yield _row("alarms", status.alarms, _alarms)
    yield _row("mode", status.sync, _sync)
    yield _row("verify", status.verify, verify_line)
    yield _row("flags", status.flags, _flags)
    yield _row("display", status.display, _display)
    yield _row("dead letters", status.dead_letters, lambda block: f"{block.count}")
    yield _row("events not published", status.events_not_published, _not_published)
    yield _row("migrations", status.migrations, _migrations)
    yield _row("drill", status.drill, drill_line)
    yield _row("erasures", status.erasures, _erasures)
    yield _row("old backend", status.retirement, _retirement)


def _rows(component: ComponentStatus, at: int) -> Iterator[Row]:
    yield _row("share", component.share, _share)
    backends, comparisons = component.backends, component.comparisons
    yield _row("old", backends, lambda block: _answers(block.old))
    yield _row("new", backends, lambda block: _answers(block.new))
    yield _row(
        "compared",
        comparisons,
        lambda block: (
            f"{block.equal} equal, {block.different} different, {block.ignored} ignored, {block.lagging} lagging, "
            f"{block.other_calculation} by other rules, {block.failed} failed; open fingerprints: {block.open}"
        ),
    )
    for each in comparisons.fingerprints or ():
        place = f"{each.kind} at {_text(each.place)}, {counted(each.answers, 'answer')}, last {minute(each.last)}"
        yield f"  {each.fingerprint}", f"{place}{_answered(each, at)}", comparisons.command
    yield _row("feedback", component.feedback, lambda block: f"{block.open} open, {block.looked} looked at")
    yield _row("last change", component.last_change, _last_change)
    yield _row("rollout", component.rollout, _rollout)


def _answered(seen: FingerprintSeen, at: int) -> str:
    """Who answers for a difference, or that it went: else it is open."""
    if seen.gone is not None:
        return f"; gone since {minute(seen.gone)}"
    if seen.ignored_until is None or seen.ignored_until <= at:
        return "; [red]open[/]"
    return f"; ignored by {_text(seen.ignored_by)} until {minute(seen.ignored_until)}"


def _stage(component: ComponentStatus) -> str:
    percent = f" {component.percent} %" if component.stage in (Stage.PARTIAL, Stage.EVERYBODY) else ""
    if component.stage is Stage.OFF and float(component.percent or 0):
        percent = f" ({component.percent} % are kept for when it is on)"
    exact = ", by a list of people" if component.exact else ""
    listed = [(component.test_users, "test user"), (component.blocked_users, "blocked user")]
    return f"{component.stage}{percent}{exact}" + "".join(f", {counted(many, who)}" for many, who in listed if many)


def _rollout(block: RolloutBlock) -> str:
    if block.state is None:
        return "none"
    at, said = block.step or "the flag as it was", f": {_text(block.reason)}"
    if block.state != State.RUNNING:
        stopped = block.state == State.STOPPED
        return f"[red]{block.state} at {at}{said}[/]" if stopped else f"{block.state} at {at}{said}"
    if block.next is None:
        return f"running at {at}, nothing comes after it"
    left = f"{duration(block.seconds_left)} left" if block.seconds_left else "its time is over"
    return f"running at {at}, {left}, then {block.next}" + (f"; waits: {_text(block.waits)}" if block.waits else "")


def _alarms(block: AlarmsBlock) -> str:
    ringing = [f"{_text(each.name)} ({each.severity}) since {minute(each.since)}" for each in block.ringing or ()]
    return f"[red]{len(ringing)} ring{'s' * (len(ringing) == 1)}: {', '.join(ringing)}[/]" if ringing else "none rings"


def _sync(block: SyncBlock) -> str:
    since = minute(block.since) if block.since else "ever"
    drain = f"; drain: {block.drain_seconds:.0f} s to go" if block.drain_seconds else ""
    behind = "; the other side catches up" if block.catching_up else ""
    stopped = f"; [red]the sync job is stopped: {_text(block.stopped)}[/]" if block.stopped else ""
    return f"{block.mode} since {since}; the {block.authoritative} side is right{behind}{drain}{stopped}"


def verify_line(block: VerifyBlock) -> str:
    """When all meters were compared last, and what that found."""
    if block.at is None:
        return "never"
    up_to = "" if block.up_to is None else f", has seen all up to {minute(block.up_to)}"
    seen = f"{counted(block.meters or 0, 'meter')}, {counted(block.differences or 0, 'difference')}"
    lagging = f", {block.lagging} lagging" if block.lagging else ""
    first, last = block.first_seen, block.last_seen
    sighted = "" if first is None or last is None else f"; seen first {minute(first)}, last {minute(last)}"
    return f"{minute(block.at)}{up_to}: {seen}{lagging}{sighted}"


def _flags(block: FlagsBlock) -> str:
    gate = "the global gate is open" if block.global_enabled else "the global gate is closed"
    overruled = f"; {_text(block.overruled)}" if block.overruled else ""
    return f"document {block.version}, {gate}{overruled}"


def _display(block: DisplayBlock) -> str:
    return (
        f"{block.lagging} lagging, the oldest {block.oldest_seconds:.0f} s; {block.failing} failing; "
        f"{block.outdated} of older rules"
    )


def _not_published(block: NotPublishedBlock) -> str:
    return f"{block.count}" + ("" if block.since is None else f" since {minute(block.since)}")


def _migrations(block: MigrationsBlock) -> str:
    return f"open: {', '.join(block.open)}" if block.open else "all applied"


def drill_line(block: DrillBlock) -> str:
    """When a rollback was rehearsed last, on which code, and what that has shown."""
    if block.at is None:
        return "none is recorded"
    codes = {None: "on a code that cannot be compared", True: "on this code", False: "on another code"}
    passed = "passed" if block.passed else "[red]not passed[/]"
    seen = f"{block.lost_writes} of {block.writes} writes lost, last new answer after {block.last_new_answer_seconds} s"
    return f"{minute(block.at)}, {block.component}, {codes[block.is_this_code]}: {seen}; {passed}"


def _erasures(block: ErasuresBlock) -> str:
    oldest = "" if block.oldest_seconds is None else f", the oldest for {block.oldest_seconds:.0f} s"
    return f"{block.waiting} waiting{oldest}"


def _retirement(block: RetirementBlock) -> str:
    if block.sunset is None:
        return "nothing is announced"
    sunset = f"; sunset {minute(block.sunset)}"
    brown_out = "" if block.brown_out is None else f"; brown-out {minute(block.brown_out)}"
    withheld = f"; [red]the last brown-out was withheld: {_text(block.withheld)}[/]" if block.withheld else ""
    return f"{(block.phase or '').replace('_', ' ')}{brown_out}{sunset}{withheld}"


def _share(block: ShareBlock) -> str:
    if not block.people:
        return f"nobody has asked since the flags changed last; {block.set:g} % are set"
    really = "" if block.percent is None else f" ({block.percent:g} %)"
    mismatch = "; [red]chance does not explain that[/]" if block.mismatch else ""
    return f"{block.new} of {block.people} people got the new backend{really}, {block.set:g} % are set{mismatch}"


def _answers(found: Answers | None) -> str:
    if found is None or not found.answers:
        return "no answers"
    times = " / ".join("-" if each is None else f"{round(each, 1):g}" for each in (found.p50, found.p95, found.p99))
    failed = f"{found.failures} failed ({found.failure_percent:g} %)"
    return f"{counted(found.answers, 'answer')}, {failed}; {times} ms (p50 / p95 / p99)"


def _last_change(block: LastChangeBlock) -> str:
    if block.at is None:
        return "never"
    return f"{minute(block.at)} {block.action} by {_text(block.by)}: {_text(block.reason)}"


def _text(text: str | None) -> str:
    return escape(printable(text or ""))
