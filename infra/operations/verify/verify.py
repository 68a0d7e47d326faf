"""``python -m infra verify``: comparing both sides, and the display with a fresh calculation."""

import sys
from typing import NoReturn

import click

from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.migration.status.blocks import VerifyBlock
from infra.operations.fan_out.watching import fan_out_option, refuse_one_user, walked
from infra.operations.printing import limit_option, print_json, verification_document, verification_summary
from infra.operations.status.printing import print_recorded, verify_line
from infra.operations.sync.printing import print_stop
from infra.operations.verify.printing import print_verification
from infra.operations.walking import all_findings, walk_progress
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
@click.option("--user", help="one user's meters only")
@click.option("--restart", is_flag=True, help="begin from the start instead of going on with an interrupted comparison")
@fan_out_option
@click.option("--last", is_flag=True, help="compare nothing: print what the last comparison of all meters found")
@limit_option
@with_target(changes=False)
@json_option
def verify(
    target: Target, user: str | None, restart: bool, ranges: int | None, last: bool, limit: int, as_json: bool
) -> None:
    """Compare both sides, and the display with a fresh calculation. Exit code 1 when anything differs.

    With --json every finding is listed, so an interrupted comparison begins from the start; workers list the first
    thousand.
    """
    refuse_one_user(ranges, user)
    for option, is_given in (("--fan-out", ranges is not None), ("--user", user is not None), ("--restart", restart)):
        if last and is_given:
            raise click.UsageError(f"--last compares nothing: leave out {option}")
    if ranges is not None:
        _verify_by_workers(target, ranges, limit, restart=restart, as_json=as_json)
    if last:
        with connected(target) as operations:
            print_recorded(VerifyBlock.of(operations.consistency.last_verified()), verify_line, as_json)
        return
    with all_findings() as findings:
        with connected(target) as operations:
            stop = operations.modes.show().stop
            with walk_progress("verify", operations.consistency.count_meters()) as progress:
                seen = operations.consistency.verify(user, progress, restart=restart or as_json, found=findings.add)
        if as_json:
            findings.print_with(verification_summary(seen) | {"stopped": stop and stop.reason})
        else:
            print_verification(seen, limit)
            print_stop(stop)
    sys.exit(1 if seen.differences or stop else 0)


def _verify_by_workers(target: Target, ranges: int, limit: int, *, restart: bool, as_json: bool) -> NoReturn:
    from infra.targets.workers import with_workers  # only these need the clients of AWS

    with with_workers(target) as operations:
        consistency, stop = operations.consistency, operations.modes.show().stop
        with walk_progress("verify", consistency.count_meters()) as progress:
            seen = walked(operations.fan_out, Walk.VERIFY, ranges, progress, restart=restart)
        seen = consistency.with_unreadable(seen)
    if as_json:
        print_json(verification_document(seen) | {"stopped": stop and stop.reason})
    else:
        print_verification(seen, limit)
        print_stop(stop)
    sys.exit(1 if seen.differences or stop else 0)
