"""``python -m infra flags list | set | plan | explain | history | rollback | kill | restore | stale``."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn

import click

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import EnergyMonitorError, UnchangedError
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.as_json import (
    change_document,
    explanation_document,
    listing_document,
    made_document,
    past_document,
    plan_document,
)
from chalicelib.flags.changes.past import past_instant
from chalicelib.flags.changes.patch import FlagPatch, percentage
from chalicelib.flags.changes.request import ChangeRequest, ChangeResult
from chalicelib.flags.document.names import COMPONENTS, component_flag_named, flag_named
from infra.errors import OperatorError
from infra.operations.flags.past import print_past
from infra.operations.flags.printing import (
    print_change,
    print_changes,
    print_explanation,
    print_gate,
    print_listing,
    print_plan,
)
from infra.operations.flags.stale import stale
from infra.operations.printing import console, print_json, progress_console
from infra.operations.reason import reason_option
from infra.targets.flags import flags_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

Users = tuple[str, ...]


@click.group()
def flags() -> None:
    """Which components move to the new backend, and for whom."""


@flags.command(name="list")
@with_target(changes=False, deployed=True)
@json_option
def list_flags(target: Target, as_json: bool) -> None:
    """Say what is deployed, what is wrong with it, and whether anything may rise now."""
    with flags_of(target) as place:
        listing = place.operations.overview.listing()
        if as_json:
            print_json(listing_document(listing))
        else:
            print_listing(listing)


@flags.command(name="set")
@click.argument("flag")
@click.option("--percent", help="0 to 100; more than 0 switches the flag on")
@click.option("--on", is_flag=True, help="switch the flag on, change nothing else")
@click.option("--off", is_flag=True, help="switch the flag off, change nothing else")
@click.option("--exact", is_flag=True, help="write the percentage of the known users down by id: for small numbers")
@click.option("--test-user", "test_users", multiple=True, help="gets the new backend at any percentage; repeatable")
@click.option("--no-test-user", "no_test_users", multiple=True, help="is no test user any more; repeatable")
@click.option("--block", multiple=True, help="stays on the old backend; repeatable")
@click.option("--unblock", multiple=True, help="is not blocked any more; repeatable")
@click.option("--retire", is_flag=True, help="off for good: the name is never used again")
@click.option("--hurry", is_flag=True, help="raise the percentage although the gate is shut; the history records this")
@click.option("--if-version", help="only if this document is still the deployed one (flags list names it)")
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def set_flag(
    target: Target,
    flag: str,
    percent: str | None,
    on: bool,
    off: bool,
    hurry: bool,
    if_version: str | None,
    reason: str,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change one flag: a component's, or 'global'. Refused, with what to do first, before data and gate allow it."""
    if on and off:
        raise click.UsageError("--on and --off: say one of them")
    with _checked():
        patch = FlagPatch(enabled=on if on or off else None, percent=_percent(percent), **fields)
        if patch.exact and patch.percent is None:
            raise click.UsageError("--exact is a way to write a percentage: say --percent too")
        wanted, request = flag_named(flag), ChangeRequest(person(), reason, if_version, hurry)
    _make(lambda changes: changes.set(wanted, patch, request), target, as_json)


@flags.command()
@click.argument("component")
@click.option("--from", "start", help="the percentage to begin with; default: the present one")
@click.option("--to", "end", required=True, help="the percentage to end with")
@click.option("--exact", is_flag=True, help="as a list of people, as 'set --exact' would write it")
@with_target(changes=False, deployed=True)
@json_option
def plan(target: Target, component: str, start: str | None, end: str, exact: bool, as_json: bool) -> None:
    """List who enters and who leaves between two percentages. Exit code 1 when a rise drops somebody."""
    with _checked():
        wanted, first, last = component_flag_named(component), _percent(start), percentage(end)
    with flags_of(target) as place:
        found = place.operations.overview.plan(wanted, first, last, exact=exact)
    if as_json:
        print_json(plan_document(found))
    else:
        print_plan(found)
    dropped = found.leaving and found.after.rollout_percent >= found.before.rollout_percent
    sys.exit(1 if dropped else 0)


@flags.command()
@click.argument("user")
@click.argument("component")
@click.option("--at", metavar="TIME", help="then instead of now: ISO, such as 2024-11-01T18:30; UTC without a zone")
@with_target(changes=False, deployed=True)
@json_option
def explain(target: Target, user: str, component: str, at: str | None, as_json: bool) -> None:
    """Say which backend a user gets for a component, and by which rule of which document.

    With --at: who answered then, by the recorded documents and sync modes, and the answers of the 30 seconds before and
    after. Exit code 1 when the records do not say it.
    """
    with _checked():
        wanted, instant = COMPONENTS[component_flag_named(component)], None if at is None else past_instant(at)
    if instant is not None:
        _explain_past(target, user, wanted, instant, as_json)
    with flags_of(target) as place:
        found = place.operations.overview.explain(user, wanted)
    if as_json:
        print_json(explanation_document(found))
    else:
        print_explanation(found)


def _explain_past(target: Target, user: str, component: Component, instant: int, as_json: bool) -> NoReturn:
    with flags_of(target) as place, _checked():
        past = place.operations.past.explain(user, component, instant)
    if as_json:
        print_json(past_document(past))
    else:
        print_past(past)
    sys.exit(0 if past.backend else 1)


@flags.command()
@click.argument("flag", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@with_target(changes=False, deployed=True)
@json_option
def history(target: Target, flag: str | None, limit: int, as_json: bool) -> None:
    """Say who changed which flag, when and why, the newest first."""
    with _checked():
        wanted = None if flag is None else flag_named(flag)
    with flags_of(target) as place:
        found = place.operations.overview.changes(wanted, limit)
    if as_json:
        print_json([change_document(change) for change in found])
    else:
        print_changes(found)


@flags.command()
@click.argument("component")
@click.option("--to", "percent", help="the percentage to go back to; without it the flag is switched off")
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def rollback(target: Target, component: str, percent: str | None, reason: str, as_json: bool) -> None:
    """Send a component back to the old backend, now; ends a deployment that is under way."""
    with _checked():
        wanted, back_to, request = component_flag_named(component), _percent(percent), ChangeRequest(person(), reason)
    _make(lambda changes: changes.rollback(wanted, back_to, request), target, as_json)


@flags.command()
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def kill(target: Target, reason: str, as_json: bool) -> None:
    """Send everything back to the old backend, now; ends a deployment that is under way."""
    with _checked():
        request = ChangeRequest(person(), reason)
    _make(lambda changes: changes.kill(request), target, as_json)


@flags.command()
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def restore(target: Target, reason: str, as_json: bool) -> None:
    """Bring back the flag document that was recorded last, where AppConfig has lost it."""
    with _checked():
        request = ChangeRequest(person(), reason)
    _make(lambda changes: changes.restore(request), target, as_json)


flags.add_command(stale)


@contextmanager
def _checked() -> Iterator[None]:
    """Input is checked before anything is reached. What is refused is shown as every refusal is."""
    try:
        yield
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error


def _percent(given: str | None) -> Decimal | None:
    return None if given is None else percentage(given)


def _make(change: Callable[[FlagChanges], ChangeResult], target: Target, as_json: bool) -> None:
    """Make a change and say when it was in effect. Exit code 1 when it was not, or is a way back that leads nowhere.

    Nothing to change is no failure.
    """
    with flags_of(target) as place:
        changes = place.operations.changes.announcing(_say_deploying)
        try:
            made = change(changes)
        except UnchangedError as unchanged:
            _print_unchanged(unchanged, as_json)
            return
        answered = None if made.change.in_effect_ms is None else place.wait_for_answer(made.change)
        problem = changes.publishing.problem(made.change) if answered is False else made.change.problem
        loaded = place.operations.overview.store.loaded()
    if as_json:
        print_json(made_document(made) | {"answeredByApi": answered, "problem": problem})
    else:
        print_change(made, answered, problem)
        print_gate(loaded.document.flags.values() if loaded else (), made.overruled)
    sys.exit(0 if succeeded(made, answered) else 1)


def _say_deploying() -> None:
    progress_console.print("deploying, and waiting until every function has asked AppConfig again: 15 seconds")


def _print_unchanged(unchanged: UnchangedError, as_json: bool) -> None:
    if as_json:
        print_json({"state": "unchanged", "problem": None, "said": str(unchanged)})
    else:
        console.print(str(unchanged))


def succeeded(made: ChangeResult, answered: bool | None) -> bool:
    """Whether a change is in effect, and a way back has led to the old backend."""
    back_in_vain = made.overruled is not None and made.change.action not in ("set", "restore")
    return made.change.in_effect_ms is not None and answered is not False and not back_in_vain
