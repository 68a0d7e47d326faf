"""``python -m infra flags stale``: flags that have sent everybody to the new backend for so long that they can go."""

import sys
from collections.abc import Mapping

import click

from chalicelib.bootstrap.operations import now
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.migration.retirement.full_flags import partly_old
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.services.migration.retirement.check import since_when
from infra.operations.printing import console, counted, duration, folding_table, minute, print_json
from infra.targets.flags import flags_of
from infra.targets.options import json_option, with_target
from infra.targets.target import Target

DAYS = 14


@click.command()
@click.option("--days", type=click.IntRange(0, 3_650), default=DAYS, show_default=True, help="for how long at least")
@with_target(changes=False, deployed=True)
@json_option
def stale(target: Target, days: int, as_json: bool) -> None:
    """List flags that have been at 100 % for that long, for everybody. Exit code 1 when there are some."""
    instant = now()
    with flags_of(target) as place:
        found = _stale(place.operations.overview, instant - days * DAY_MS)
    if as_json:
        print_json([_document(each, since, instant) for each, since in found.items()])
    elif found:
        table = folding_table("flag", "at 100 % since (UTC)", "for")
        for each, since in found.items():
            table.add_row(each.value, minute(since), duration((instant - since) // 1000))
        console.print(table)
        console.print("what blocks their removal: python -m infra retire check")
    else:
        console.print(f"no flag has been at 100 % for {counted(days, 'day')}")
    sys.exit(1 if found else 0)


def _stale(overview: FlagOverview, until: int) -> Mapping[Component, int]:
    """Since when each of them is at 100 %, the global gate open, and nobody is blocked."""
    old = {component for component, _ in partly_old(flags_seen(overview.listing()))}
    since = since_when(overview.history)
    return {each: at for each, at in since.items() if at is not None and at <= until and each not in old}


def _document(component: Component, since: int, instant: int) -> dict[str, str | int]:
    return {"flag": component.value, "since": moment(since), "days": (instant - since) // DAY_MS}
