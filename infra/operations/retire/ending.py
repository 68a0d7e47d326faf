"""``retire callers | check | apply``: who still calls, what blocks the end, and the end itself."""

import sys
from collections.abc import Iterator, Sequence

import click

from chalicelib.bootstrap.operations import now, shell_operations, shell_ports
from chalicelib.bootstrap.status import status_sources
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.retirement.blockers import Blocker, Part
from chalicelib.domain.migration.retirement.callers import KEPT_DAYS, QUIET_DAYS
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.retirement.as_json import blocker_document, callers_document
from chalicelib.services.migration.retirement.check import RetirementCheck
from infra.deployment.packaging import ROOT
from infra.errors import OperatorError
from infra.operations.printing import counted, print_json
from infra.operations.reason import reason_option
from infra.operations.retire.of_target import commands_of, commands_on
from infra.operations.retire.printing import print_blockers, print_callers
from infra.operations.sync.comparing import by_workers, comparison_option, say_if_needless
from infra.operations.sync.printing import print_mode
from infra.removal.references import references_of
from infra.targets.database import database_of, own_code
from infra.targets.flags import overview_of
from infra.targets.looks import TargetLooks
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

DAYS = 14
SHOWN_REFERENCES = 5
days_option = click.option(
    "--days",
    type=click.IntRange(0, KEPT_DAYS),
    default=DAYS,
    show_default=True,
    help="how long all have had the new one",
)
quiet_option = click.option(
    "--quiet-days",
    type=click.IntRange(0, KEPT_DAYS),
    default=QUIET_DAYS,
    show_default=True,
    help="how long nobody must have called",
)


@click.command()
@click.option("--days", type=click.IntRange(1, KEPT_DAYS), default=QUIET_DAYS, show_default=True, help="how far back")
@with_target(changes=False)
@json_option
def callers(target: Target, days: int, as_json: bool) -> None:
    """List who calls version 1, by pseudonym, client and route. Exit code 1 when somebody has."""
    with commands_of(target) as commands:
        found, more = commands.callers(days), commands.more_callers(days)
    if as_json:
        print_json(callers_document(found, days, more))
    else:
        print_callers(found, days, more)
    sys.exit(1 if found else 0)


@click.command()
@days_option
@quiet_option
@with_target(changes=False)
@json_option
def check(target: Target, days: int, quiet_days: int, as_json: bool) -> None:
    """List what blocks the old backend's end, each with the command that helps. Exit code 1: something."""
    with database_of(target) as database:
        found = blockers(target, database, days, quiet_days)
    if as_json:
        print_json([blocker_document(each) for each in found])
    else:
        print_blockers(found)
    sys.exit(1 if found else 0)


@click.command()
@days_option
@quiet_option
@click.option(
    "--force", is_flag=True, help="override callers, dates, brown-outs, old answers, references; nothing else"
)
@comparison_option
@reason_option("why; kept with the change of the mode")
@with_target(changes=True)
@json_option
def apply(
    target: Target, days: int, quiet_days: int, force: bool, ranges: int | None, reason: str, as_json: bool
) -> None:
    """Take the mode to new_only, once nothing blocks it. The way back: mode set dual_write --wait.

    --force overrides what callers and dates say, never what people would see wrong or data could be lost by.
    Fewer days than usual need --force too, but in a rehearsal, and are noted.
    """
    workers = by_workers(target, ranges)
    with database_of(target) as database:
        operations = shell_operations(database, own_code)
        if operations.modes.show().state.mode is not SyncMode.NEW_ONLY:
            if less := days < DAYS or quiet_days < QUIET_DAYS:
                _check_rehearsed(database, force=force)

            def refuse_blocked() -> None:
                _check_clean(blockers(target, database, days, quiet_days), force=force)

            refuse_blocked()
            asked = f" (asked for {days} days at 100 % and {quiet_days} days without calls)" if less else ""
            compare = workers or operations.consistency.count_differences

            def compared() -> int:
                """It takes long: somebody may have taken people back meanwhile, whom the mode would take along."""
                differing = compare()
                refuse_blocked()
                return differing

            operations.modes.set(SyncMode.NEW_ONLY, reason + asked, person(), compared)
        report = operations.modes.show()
    say_if_needless(workers)
    if as_json:
        print_json(report.as_document())
    else:
        print_mode(report)


def blockers(target: Target, database: MongoDatabase, days: int, quiet_days: int) -> Sequence[Blocker]:
    """What blocks the end, in the target and in this tree."""
    looks, overview = TargetLooks(target), overview_of(target, database)
    sources = status_sources(shell_ports(database), overview, looks.letters, looks.release, looks.alarms)
    return [*RetirementCheck(sources, now).blockers(days, quiet_days), *_references()]


def _references() -> Iterator[Blocker]:
    command = "python -m infra retire plan"
    try:
        found = references_of(ROOT)
    except OperatorError as error:
        why = str(error).partition("\n")[0]
        text = f"nobody can say which references to flags the removal takes away: {why}"
        yield Blocker(Part.REFERENCES, text, command, unknown=True)
        return
    if found:
        shown = ", ".join(map(str, found[:SHOWN_REFERENCES]))
        text = f"{counted(len(found), 'line')} that the removal leaves name a flag: {shown}"
        yield Blocker(Part.REFERENCES, text, command)


def _check_rehearsed(database: MongoDatabase, *, force: bool) -> None:
    """Raise OperatorError where people call who are due more time, unless somebody overrides that."""
    if not force and not commands_on(database).calendar().rehearsal:
        raise OperatorError(
            f"{DAYS} days at 100 % and {QUIET_DAYS} days without calls are due to callers: leave --days and "
            "--quiet-days out, or say --force, and why; nothing was changed"
        )


def _check_clean(found: Sequence[Blocker], *, force: bool) -> None:
    """Raise OperatorError, with each blocker that nobody may override."""
    if left := [each for each in found if not (force and each.may_be_forced)]:
        forcible = all(each.may_be_forced for each in left)
        more = "; or say --force, and why" if forcible else ""
        lines = [f"{each.text}; first: {each.command}" for each in left]
        raise OperatorError("\n".join([*lines, f"nothing was changed{more}"]))
