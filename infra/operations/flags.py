"""``python -m infra flags list | set | plan | explain | history | rollback | kill``."""

import sys
from collections.abc import Callable
from typing import Any

import click

from chalicelib.flags.changes.as_json import (
    change_document,
    explanation_document,
    listing_document,
    made_document,
    plan_document,
)
from chalicelib.flags.changes.patch import FlagPatch, percentage
from chalicelib.flags.changes.request import ChangeRequest, ChangeResult
from chalicelib.flags.document.names import COMPONENTS, component_flag_named, flag_named
from infra.operations.flag_printing import (
    print_change,
    print_changes,
    print_explanation,
    print_gate,
    print_listing,
    print_plan,
)
from infra.operations.printing import print_json, progress_console
from infra.operations.reason import reason_option
from infra.targets.flags import Flags
from infra.targets.target import Target, json_option, with_target

Users = tuple[str, ...]


@click.group()
def flags() -> None:
    """Which components move to the new backend, and for whom."""


@flags.command(name="list")
@with_target(changes=False, deployed=True)
@json_option
def list_flags(target: Target, as_json: bool) -> None:
    """Say what is deployed, what is wrong with it, and whether anything may rise now."""
    with target.flags() as place:
        listing = place.operations.overview.listing()
        if as_json:
            print_json(listing_document(listing))
        else:
            print_listing(listing)


@flags.command(name="set")
@click.argument("flag")
@click.option("--percent", help="0 to 100; more than 0 switches the flag on")
@click.option("--on/--off", "enabled", default=None, help="switch the flag on or off; the rest stays as it is")
@click.option("--exact", is_flag=True, help="write the percentage of the known users down by id: for small numbers")
@click.option("--test-user", "test_users", multiple=True, help="gets the new backend at any percentage; repeatable")
@click.option("--no-test-user", "no_test_users", multiple=True, help="is no test user any more; repeatable")
@click.option("--block", multiple=True, help="stays on the old backend; repeatable")
@click.option("--unblock", multiple=True, help="is not blocked any more; repeatable")
@click.option("--retire", is_flag=True, help="off for good: the name is never used again")
@click.option("--if-version", help="only if this document is still the deployed one (flags list names it)")
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def set_flag(
    target: Target,
    flag: str,
    percent: str | None,
    if_version: str | None,
    reason: str,
    as_json: bool,
    **wished: Any,
) -> None:
    """Change one flag: a component's, or 'global'. Refused, with what to do first, before the data allow it."""

    def change(place: Flags) -> ChangeResult:
        wish = FlagPatch(percent=None if percent is None else percentage(percent), **wished)
        return place.operations.changes.set(flag_named(flag), wish, ChangeRequest(place.by, reason, if_version))

    _make(change, target, as_json)


@flags.command()
@click.argument("component")
@click.option("--from", "start", help="the percentage to begin with; where the flag stands, unless you say so")
@click.option("--to", "end", required=True, help="the percentage to end with")
@click.option("--exact", is_flag=True, help="as a list of people, as 'set --exact' would write it")
@with_target(changes=False, deployed=True)
@json_option
def plan(target: Target, component: str, start: str | None, end: str, exact: bool, as_json: bool) -> None:
    """List who enters and who leaves between two percentages. Exit code 1 when a rise drops somebody."""
    with target.flags() as place:
        first, last = None if start is None else percentage(start), percentage(end)
        found = place.operations.overview.plan(component_flag_named(component), first, last, exact=exact)
    if as_json:
        print_json(plan_document(found))
    else:
        print_plan(found)
    dropped = found.leaving and found.after.rollout_percent >= found.before.rollout_percent
    sys.exit(1 if dropped else 0)


@flags.command()
@click.argument("user")
@click.argument("component")
@with_target(changes=False, deployed=True)
@json_option
def explain(target: Target, user: str, component: str, as_json: bool) -> None:
    """Say which backend a user gets for a component, and by which rule of which document."""
    with target.flags() as place:
        found = place.operations.overview.explain(user, COMPONENTS[component_flag_named(component)])
    if as_json:
        print_json(explanation_document(found))
    else:
        print_explanation(found)


@flags.command()
@click.argument("flag", required=False)
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@with_target(changes=False, deployed=True)
@json_option
def history(target: Target, flag: str | None, limit: int, as_json: bool) -> None:
    """Say who changed which flag, when and why, the newest first."""
    with target.flags() as place:
        found = place.operations.overview.changes(None if flag is None else flag_named(flag), limit)
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

    def change(place: Flags) -> ChangeResult:
        back_to = None if percent is None else percentage(percent)
        order = ChangeRequest(place.by, reason)
        return place.operations.changes.rollback(component_flag_named(component), back_to, order)

    _make(change, target, as_json)


@flags.command()
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def kill(target: Target, reason: str, as_json: bool) -> None:
    """Send everything back to the old backend, now; ends a deployment that is under way."""
    _make(lambda place: place.operations.changes.kill(ChangeRequest(place.by, reason)), target, as_json)


def _make(change: Callable[[Flags], ChangeResult], target: Target, as_json: bool) -> None:
    """Make a change and say when it was in effect. Exit code 1 when it was not, or is a way back that leads nowhere."""
    with target.flags() as place:
        progress_console.print("deploying, and waiting until every function has asked AppConfig again: 15 seconds")
        made = change(place)
        answered = place.wait_for_answer(made.change.to_version)
        loaded = place.operations.overview.store.loaded()
    if as_json:
        print_json(made_document(made) | {"answeredByApi": answered})
    else:
        print_change(made, answered)
        print_gate(loaded.document.flags.values() if loaded else (), made.overruled)
    sys.exit(0 if succeeded(made, answered) else 1)


def succeeded(made: ChangeResult, answered: bool | None) -> bool:
    """Whether a change is in effect, and a way back has led to the old backend."""
    back_in_vain = made.overruled is not None and made.change.action != "set"
    return made.change.in_effect_ms is not None and answered is not False and not back_in_vain
