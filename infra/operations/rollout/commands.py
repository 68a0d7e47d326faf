"""``python -m infra rollout start | status | pause | resume | step | abort | approve``."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from chalicelib.bootstrap.operations import now
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import EnergyMonitorError, UnavailableError
from chalicelib.domain.migration.gate.evidence import AllowedHours
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.rollouts.plan import Plan, steps_of
from chalicelib.domain.migration.rollouts.rollout import Rollout, State
from chalicelib.flags.changes.as_json import change_document
from chalicelib.flags.changes.patch import percentage
from chalicelib.flags.document.names import COMPONENTS, component_flag_named
from chalicelib.services.migration.rollouts.as_json import rollout_document
from chalicelib.services.migration.rollouts.commands import RolloutCommands
from infra.errors import OperatorError
from infra.operations.printing import console, print_json, progress_console
from infra.operations.reason import reason_option
from infra.operations.rollout.printing import print_changed, print_rollout, print_rollouts
from infra.targets.flags import flags_of
from infra.targets.options import is_on_the_command_line, json_option, with_target
from infra.targets.target import Target, person

CHANGE_SECONDS = 90.0
HOURS = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
WEEKDAYS = tuple(range(5))
component_argument = click.argument("component")


@click.group()
def rollout() -> None:
    """Automatic rollouts: start, look, pause, hurry, abort."""


@rollout.command()
@component_argument
@click.option("--steps", help="such as test:1d,10:2d,50:2d,100:7d (units s, m, h, d); default: as before, or these")
@click.option("--approvals", type=click.IntRange(0, 1), help="1: a second person must agree to each rise")
@click.option("--hours", help="the only hours in which something may rise, such as 9-17")
@click.option("--zone", default="Europe/Berlin", show_default=True, help="whose hours")
@click.option("--weekdays", is_flag=True, help="from Monday to Friday alone")
@click.option("--exact/--by-hash", default=None, help="percentages as lists of people: for small numbers")
@reason_option("why; kept with the rollout")
@with_target(changes=True, deployed=True)
@json_option
def start(
    target: Target,
    component: str,
    steps: str | None,
    approvals: int | None,
    hours: str | None,
    zone: str,
    weekdays: bool,
    exact: bool | None,
    reason: str,
    as_json: bool,
) -> None:
    """Begin a rollout; the schedule takes the first step within a minute.

    What is left out is as in the plan of the rollout before; hours, zone and days belong together.
    """
    is_timed = hours is not None or weekdays
    if is_on_the_command_line("zone") and not is_timed:
        raise click.UsageError("--zone says whose hours: say --hours or --weekdays too")
    with _checked():
        wanted = _named(component)
        allowed = _hours("0-24" if hours is None else hours, zone, WEEKDAYS if weekdays else tuple(range(7)))
        said: dict[str, Any] = {"approvals": approvals, "exact": exact, "hours": allowed if is_timed else None}
        said |= {"steps": None if steps is None else steps_of(steps)}
        parts = {name: part for name, part in said.items() if part is not None}
        Plan(**parts)  # what is wrong with it is said before anything is reached

    def begun(commands: RolloutCommands) -> Rollout:
        plan = replace(commands.planned(wanted), **parts) if parts else None
        return commands.start(wanted, plan, person(), reason)

    _change(target, wanted, begun, as_json)


@rollout.command()
@click.argument("component", required=False)
@with_target(changes=False, deployed=True)
@json_option
def status(target: Target, component: str | None, as_json: bool) -> None:
    """Say how far rollouts are, what comes next and when, and why it waits. Exit code 1 when one has stopped."""
    with _checked():
        wanted = None if component is None else _named(component)
    with flags_of(target) as place, _checked():
        commands = place.operations.rollouts
        found = commands.all() if wanted is None else [commands.one(wanted)]
    _show(found, whole=wanted is not None, as_json=as_json)
    sys.exit(1 if any(each.state is State.STOPPED for each in found) else 0)


@rollout.command()
@component_argument
@reason_option("why; kept with the rollout")
@with_target(changes=True, deployed=True)
@json_option
def pause(target: Target, component: str, reason: str, as_json: bool) -> None:
    """Let nothing rise until somebody resumes it; a breach of the gate still goes back."""
    wanted = _asked(component)
    _change(target, wanted, lambda commands: commands.pause(wanted, person(), reason), as_json)


@rollout.command()
@component_argument
@reason_option("why; kept with the rollout")
@with_target(changes=True, deployed=True)
@json_option
def resume(target: Target, component: str, reason: str, as_json: bool) -> None:
    """Go on from where the flag is, after a pause, or after it has stopped by itself."""
    wanted = _asked(component)
    _change(target, wanted, lambda commands: commands.resume(wanted, person(), reason), as_json)


@rollout.command()
@component_argument
@click.option("--hurry", is_flag=True, help="past the hold time and what holds the gate shut, never past a breach")
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def step(target: Target, component: str, hurry: bool, reason: str, as_json: bool) -> None:
    """Take the next step now. Refused, with what to do first, while the gate is shut or the step is held."""
    wanted = _asked(component)
    _deploy(target, lambda commands: commands.step(wanted, person(), reason, CHANGE_SECONDS, hurry=hurry), as_json)


@rollout.command()
@component_argument
@reason_option()
@with_target(changes=True, deployed=True)
@json_option
def abort(target: Target, component: str, reason: str, as_json: bool) -> None:
    """End a rollout and go to 0 %, now: nobody but test users stays on the new backend."""
    wanted = _asked(component)
    _deploy(target, lambda commands: commands.abort(wanted, person(), reason, CHANGE_SECONDS), as_json)


@rollout.command()
@component_argument
@click.option("--percent", help="a change by hand to this percentage; default: the next step")
@reason_option("why; kept with the rollout")
@with_target(changes=True, deployed=True)
@json_option
def approve(target: Target, component: str, percent: str | None, reason: str, as_json: bool) -> None:
    """Agree to a rise that somebody else asks for."""
    with _checked():
        wanted, to = _named(component), None if percent is None else percentage(percent)
    _change(target, wanted, lambda commands: commands.approve(wanted, to, person(), reason), as_json)


def _change(target: Target, wanted: Component, change: Callable[[RolloutCommands], Rollout], as_json: bool) -> None:
    with flags_of(target) as place, _checked():
        change(place.operations.rollouts)
        found = place.operations.rollouts.one(wanted)
    _show([found], whole=True, as_json=as_json)


def _deploy(target: Target, change: Callable[[RolloutCommands], FlagChange | None], as_json: bool) -> None:
    """Change the flag and wait for it. Exit code 1 where it was not yet seen in effect everywhere."""
    progress_console.print("deploying, and waiting until every function has asked AppConfig again: 15 seconds")
    with flags_of(target) as place, _checked():
        made = change(place.operations.rollouts)
    if as_json:
        print_json(None if made is None else change_document(made))
    elif made is None:
        console.print("the flag was there already: the step is taken")
    else:
        print_changed(made)
    sys.exit(0 if made is None or made.in_effect_ms is not None else 1)


def _show(found: Sequence[Rollout], *, whole: bool, as_json: bool) -> None:
    instant = now()
    if as_json:
        documents = [rollout_document(each, instant) for each in found]
        print_json(documents[0] if whole else documents)
    elif whole:
        print_rollout(found[0], instant)
    else:
        print_rollouts(found, instant)


@contextmanager
def _checked() -> Iterator[None]:
    """What is refused is shown as every refusal is."""
    try:
        yield
    except UnavailableError:
        raise
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error


def _asked(component: str) -> Component:
    with _checked():
        return _named(component)


def _named(component: str) -> Component:
    return COMPONENTS[component_flag_named(component)]


def _hours(text: str, zone: str, days: Sequence[int]) -> AllowedHours:
    found = HOURS.fullmatch(text)
    if found is None:
        raise OperatorError(f"--hours {text!r}: write an hour, a hyphen and a later hour, such as 9-17")
    return AllowedHours(zone, int(found[1]), int(found[2]), days)
