"""``python -m infra alarms``: what rings, why, and what to do."""

import sys
from collections.abc import Sequence

import click
from rich.markup import escape

from chalicelib.alarm_states.board import Alarm
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.readings import moment, to_ms
from infra.errors import OperatorError
from infra.operations.printing import console, counted, minute, print_json, printable
from infra.targets.deployment import Deployment
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
@click.option("--all", "every", is_flag=True, help="those that are silent too")
@with_target(changes=False, deployed=True)
@json_option
def alarms(target: Target, every: bool, as_json: bool) -> None:
    """List the alarms that ring, with why, the command to look and the command to act. Exit code 1 when one rings."""
    try:
        found = Deployment.of(target).alarms().alarms()
    except UnavailableError as error:
        raise OperatorError(str(error)) from error
    ringing = [alarm for alarm in found if alarm.state == "ALARM"]
    shown = found if every else ringing
    if as_json:
        print_json([alarm.as_document() | {"since": moment(to_ms(alarm.since))} for alarm in shown])
    else:
        print_alarms(shown)
        console.print(f"{counted(len(ringing), 'alarm')} of {len(found)} {'rings' if len(ringing) == 1 else 'ring'}")
    sys.exit(1 if ringing else 0)


def print_alarms(alarms: Sequence[Alarm]) -> None:
    """Print alarms in lines, not in a table: no command may be cut off."""
    for alarm in alarms:
        state = {"ALARM": "[red]rings[/]", "OK": "is silent", "INSUFFICIENT_DATA": "has no data"}[alarm.state]
        console.print(f"{escape(alarm.name)} ({alarm.severity}) {state} since {minute(to_ms(alarm.since))}")
        for what, text in (("", alarm.meaning), ("", alarm.reason), ("look: ", alarm.look), ("act: ", alarm.act)):
            if text:
                console.print(f"  {what}{escape(printable(text))}")
