"""``python -m infra mode``: where writes go."""

import click

from chalicelib.bootstrap.operations import Operations
from chalicelib.domain.backends.sync_mode import SyncMode
from infra.operations.printing import print_json
from infra.operations.reason import reason_option
from infra.operations.sync.catching_up import catch_up, drain
from infra.operations.sync.comparing import by_workers, comparison_option, say_if_needless
from infra.operations.sync.printing import print_mode
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person


@click.group()
def mode() -> None:
    """Where writes go: old_only <-> dual_write <-> new_only."""


@mode.command()
@with_target(changes=False)
@json_option
def show(target: Target, as_json: bool) -> None:
    """Say the mode, since when, and how long its drain still takes."""
    with connected(target) as operations:
        _show(operations, as_json)


MODES = click.Choice([mode.value for mode in SyncMode])


@mode.command(name="set")
@click.argument("wanted", metavar="MODE", type=MODES)
@reason_option("why; kept with the change and with who made it")
@click.option("--wait", is_flag=True, help="wait out the drain, and bring both sides together where that is needed")
@comparison_option
@with_target(changes=True)
@json_option
def set_mode(target: Target, wanted: str, reason: str, wait: bool, ranges: int | None, as_json: bool) -> None:
    """Change the mode to a neighbour. Refused, with what to do first, where a write could get lost."""
    if ranges is not None and wanted != SyncMode.NEW_ONLY:
        raise click.UsageError(f"nothing is compared on the way to {wanted}: leave out --fan-out")
    comparison = by_workers(target, ranges)
    with connected(target) as operations:
        state = operations.modes.set(SyncMode(wanted), reason, person(), comparison)
        say_if_needless(comparison)
        if wait:
            drain(operations)
        if wait and state.catching_up:
            catch_up(operations, full=False)
        _show(operations, as_json)


@mode.command()
@click.argument("wanted", metavar="[MODE]", type=MODES, required=False)
@reason_option("why; kept with the change and with who made it")
@with_target(changes=True)
@json_option
def recover(target: Target, wanted: str | None, reason: str, as_json: bool) -> None:
    """Write the mode again where it is lost: as its history and the data say, or as MODE says. Its drain begins then.

    Refused where the mode can be read, and where history and data contradict each other: then name the mode.
    """
    with connected(target) as operations:
        operations.modes.recover(SyncMode(wanted) if wanted else None, reason, person())
        _show(operations, as_json)


def _show(operations: Operations, as_json: bool) -> None:
    report = operations.modes.show()
    if as_json:
        print_json(report.as_document())
    else:
        print_mode(report)
