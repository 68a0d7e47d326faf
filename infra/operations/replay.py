"""``python -m infra replay``: send events for meters again, so that the handlers refresh them."""

import sys
from zoneinfo import ZoneInfo

import click

from chalicelib.bootstrap.replay import shell_replay
from chalicelib.domain.errors import InvalidReadingError
from chalicelib.domain.readings import parse_instant
from chalicelib.services.refresh.replay import Replayed
from infra.operations.printing import console, counted, print_json, printable, progress_console
from infra.targets.database import database_of
from infra.targets.deployment import Deployment
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

UTC = ZoneInfo("UTC")
METERS_PER_LINE = 1_000


def _instant(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else parse_instant(text, UTC)
    except InvalidReadingError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--user", help="one user's meters")
@click.option(
    "--since",
    callback=_instant,
    metavar="INSTANT",
    help="meters written to since 2024-11-01T09:30Z, say; UTC if without an offset",
)
@click.option("--all", "every", is_flag=True, help="all meters of all users")
@click.option("--whole", is_flag=True, help="have every figure calculated again, without the stored ones")
@with_target(changes=True, deployed=True)
@json_option
def replay(target: Target, user: str | None, since: int | None, every: bool, whole: bool, as_json: bool) -> None:
    """Send one event per meter, so that handlers refresh it where its display lags; any number of times.

    Events that the bus does not take are sent again, with pauses. Exit code 1 when some did not get onto it all the
    same: their meters are named; do it again for them.
    """
    if [user is not None, since is not None, every].count(True) != 1:
        raise click.UsageError("say which meters: --user U, --since INSTANT or --all")
    deployment = Deployment.of(target)
    bus = deployment.client("events")
    bus.describe_event_bus(Name=deployment.stack)  # says it if nobody is there
    with database_of(target) as database:
        done = shell_replay(database, bus, deployment.stack).replay(user, since, _progress, whole=whole)
    _print(done, as_json)
    sys.exit(1 if done.unsent else 0)


def _progress(done: Replayed) -> None:
    if done.meters % METERS_PER_LINE == 0:
        progress_console.print(f"{done.meters} meters")


def _print(done: Replayed, as_json: bool) -> None:
    sent = done.meters - done.unsent
    if as_json:
        print_json({"meters": done.meters, "sent": sent, "unsent": done.unsent, "left": done.left})
        return
    console.print(f"{counted(done.meters, 'meter')}, {counted(sent, 'event')} sent, {done.unsent} not")
    if done.left:
        console.print("not sent for these meters; when the bus answers: python -m infra replay --user U")
        console.print(*(f"  {printable(meter)}" for meter in done.left), sep="\n", markup=False)
