"""``python -m infra status``: where the migration is, whether it may go on, and what comes first if not."""

import sys
from dataclasses import replace

import click
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.bootstrap.operations import shell_ports
from chalicelib.bootstrap.status import status_service
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.status.blocks import LONGEST_HOURS, Status
from infra.deployment.packaging import ROOT, digest_of_sources
from infra.errors import OperatorError
from infra.operations.printing import print_json
from infra.operations.status.printing import print_component, print_release, print_status
from infra.targets.database import opened
from infra.targets.deployment import Deployment
from infra.targets.flags import overview_of
from infra.targets.looks import TargetLooks
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

HOURS = 24


@click.command()
@click.option("--hours", type=click.IntRange(1, LONGEST_HOURS), default=HOURS, show_default=True, help="how far back")
@click.option(
    "--component", type=click.Choice([component.value for component in Component]), help="this component alone"
)
@with_target(changes=False)
@json_option
def status(target: Target, hours: int, component: str | None, as_json: bool) -> None:
    """Say where the migration is, and what comes first. Exit code 1 when a component may not go on.

    Beside each figure is the command that prints its detail. What cannot be looked at says why; the rest is shown.
    """
    found = seen(target, hours)
    found = replace(found, components=[each for each in found.components if component in (None, each.component)])
    if as_json:
        print_json(found.as_document())
    elif component is None:
        print_status(found, str(target))
        _compare_releases(target)
    else:
        print_component(found.components[0], found.at)
    sys.exit(0 if found.may_go_on else 1)


def _compare_releases(target: Target) -> None:
    """Say so where another code is deployed; nothing where nobody can say which one is."""
    try:
        deployed = Deployment.of(target).parameters().get("Release", "")
    except (OperatorError, BotoCoreError, ClientError):
        return
    print_release(deployed, digest_of_sources(ROOT))


def seen(target: Target, hours: int = HOURS) -> Status:
    """The status of a target; a database that is away is one of its problems."""
    with opened(target) as database:
        looks = TargetLooks(target)
        service = status_service(
            shell_ports(database), overview_of(target, database), looks.letters, looks.release, looks.alarms
        )
        return service.status(hours)
