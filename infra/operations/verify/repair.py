"""``python -m infra repair``, ``repair runs``, ``repair undo RUN``: mend what differs, and the way back."""

import sys
from dataclasses import dataclass, replace

import click
from rich.table import Column, Table

from chalicelib.bootstrap.operations import Operations
from chalicelib.domain.backends.sides import Side, other_side
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.sync.repairs import REPAIR, UNDO, KeptDocument, RepairPlan, Undone
from infra.errors import OperatorError
from infra.operations.confirmation import confirm, yes_option
from infra.operations.printing import (
    console,
    counted,
    limit_option,
    moment,
    print_json,
    verification_document,
    verification_summary,
)
from infra.operations.sync.printing import print_stop, print_verification
from infra.operations.walking import Findings, all_findings, walk_progress
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person

COLLECTIONS = {Side.OLD: "energies", Side.NEW: "source_energy_readings"}


@click.group(invoke_without_command=True)
@click.option("--apply", is_flag=True, help="mend what differs; without it, it is only listed")
@click.option(
    "--from",
    "source",
    type=click.Choice([side.value for side in Side]),
    help="which side is right: old (energies) or new (source_energy_readings); else the authoritative one",
)
@click.option("--allow-deletes", type=click.IntRange(min=0), help="exactly how many documents may be deleted")
@click.option("--reason", default="", help="why; kept with the answer to a stop of the sync job")
@click.option("--user", help="one user's meters only")
@yes_option
@limit_option
@with_target(changes=True)
@json_option
def repair(
    target: Target,
    apply: bool,
    source: str | None,
    allow_deletes: int | None,
    reason: str,
    user: str | None,
    yes: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Mend what differs from the authoritative side, or from the other one. Exit code 1: it still differs.

    Deletions over 10, or over 1 % of a side's documents, need --allow-deletes with their number. What is deleted or
    overwritten is kept for 30 days: repair undo RUN.
    """
    wish = _Wish(Side(source) if source else None, allow_deletes, reason, user, yes)
    with all_findings() as findings, connected(target) as operations:
        plan = _planned(operations, wish, findings)
        if apply:
            sys.exit(_apply(operations, plan, wish, limit, as_json))
        stop = operations.modes.show().stop
        if as_json:
            findings.print_with(_document(plan) | {"stopped": stop and stop.reason, "applied": False})
        else:
            _print_plan(plan, limit)
            print_stop(stop)
            console.print(_next_step(plan, wish))
    sys.exit(1 if not plan.is_empty or stop else 0)


@repair.command()
@with_target(changes=False)
@json_option
def runs(target: Target, as_json: bool) -> None:
    """List the runs of the last 30 days that deleted or overwrote something, and what of it has come back."""
    with connected(target) as operations:
        found = operations.undo.runs()
    if as_json:
        print_json(
            [{"run": run.id, "at": moment(run.at), "documents": run.documents, "undone": run.undone} for run in found]
        )
        return
    table = Table(Column("run", no_wrap=True), "at", "documents", "brought back")
    for run in found:
        table.add_row(run.id, moment(run.at), f"{run.documents:,}", f"{run.undone:,}")
    console.print(table)


@repair.command()
@click.argument("run")
@limit_option
@with_target(changes=True)
@json_option
def undo(target: Target, run: str, limit: int, as_json: bool) -> None:
    """Bring back what a run deleted or overwrote. Exit code 1: some were changed since, and left."""
    with connected(target) as operations:
        done = operations.undo.undo(run)
    if as_json:
        left = [_left_document(document, why) for document, why in done.left]
        print_json({"run": run, "restored": done.restored, "meters": len(done.meters), "left": left})
    else:
        _print_undone(done, limit)
    sys.exit(1 if done.left else 0)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the person has asked for."""

    source: Side | None
    allow_deletes: int | None
    reason: str
    user: str | None
    yes: bool

    @property
    def command(self) -> str:
        """The ``repair`` command line that would do it."""
        chosen = f" --from {self.source}" if self.source else ""
        return f"{REPAIR}{chosen}{f' --user {self.user}' if self.user else ''} --apply"


def _planned(operations: Operations, wish: _Wish, findings: Findings) -> RepairPlan:
    with walk_progress("compare", operations.consistency.count_meters()) as progress:
        return operations.consistency.plan(wish.user, progress, wish.source, findings.add)


def _apply(operations: Operations, plan: RepairPlan, wish: _Wish, limit: int, as_json: bool) -> int:
    """Show the plan, ask, do it; returns the exit code."""
    if not as_json:
        _print_plan(plan, limit)
    operations.consistency.check_answered(wish.user, wish.source)
    _check_deletes(plan, wish)
    if not plan.is_empty:
        confirm(_question(plan), yes=wish.yes)
    run = operations.consistency.new_run()
    with walk_progress("repair", plan.found.meters) as progress:
        reason = f"{wish.reason or 'no reason was given'} ({person()})"
        found, left = operations.consistency.repair(wish.user, progress, wish.source, plan.deletes, run, reason)
    if as_json:
        done = {"applied": True, "run": run.id, "left": verification_document(left)}
        print_json(_document(plan) | done | {"found": verification_document(found)})
    else:
        print_verification(left, limit)
        is_kept = any(each.id == run.id for each in operations.undo.runs())
        console.print(_outcome(plan, left, run.id if is_kept else None))
    return 1 if left.differences else 0


def _check_deletes(plan: RepairPlan, wish: _Wish) -> None:
    if wish.allow_deletes is not None and wish.allow_deletes != plan.deletes:
        raise OperatorError(f"{plan.deletes} documents would be deleted, not {wish.allow_deletes}; nothing was changed")
    if plan.needs_number and wish.allow_deletes is None:
        other = other_side(plan.source)
        raise OperatorError(
            f"{plan.deletes} of the {plan.documents[other]} documents of {COLLECTIONS[other]} would be deleted; "
            f"nothing was changed. If they are right and {COLLECTIONS[plan.source]} is damaged: "
            f"{replace(wish, source=other).command}; if they should go: {wish.command} --allow-deletes {plan.deletes}"
        )


def _document(plan: RepairPlan) -> dict[str, object]:
    return {
        "source": plan.source.value,
        "plan": [row.as_document() for row in plan.writes],
        "deletes": plan.deletes,
        "needsNumber": plan.needs_number,
        "found": verification_summary(plan.found),
        "left": verification_summary(plan.found),
    }


def _print_plan(plan: RepairPlan, limit: int) -> None:
    print_verification(plan.found, limit)
    table = Table("collection", "type", "inserted", "changed", "deleted", title=f"from {COLLECTIONS[plan.source]}")
    for row in plan.writes:
        counts = (f"{row.inserted:,}", f"{row.changed:,}", f"[red]{row.deleted:,}[/]" if row.deleted else "0")
        table.add_row(COLLECTIONS[row.side], row.type.value, *counts)
    console.print(table)
    console.print(f"{counted(plan.meters, 'meter')} would be calculated again")


def _question(plan: RepairPlan) -> str:
    inserted, changed = sum(row.inserted for row in plan.writes), sum(row.changed for row in plan.writes)
    return (
        f"{COLLECTIONS[plan.source]} is believed: {inserted} documents of the other side will be inserted, {changed} "
        f"changed, {plan.deletes} deleted, and {counted(plan.meters, 'meter')} calculated again"
    )


def _next_step(plan: RepairPlan, wish: _Wish) -> str:
    if plan.is_empty:
        return "nothing to mend"
    number = f" --allow-deletes {plan.deletes}" if plan.needs_number else ""
    return f"nothing was changed; mend it with: {wish.command}{number}"


def _outcome(plan: RepairPlan, left: Verification, run: str | None) -> str:
    """``run``: its id, where it has deleted or overwritten something."""
    if plan.is_empty:
        return "nothing to mend"
    way_back = f"; what it deleted or overwrote comes back with: {UNDO} {run}" if run else ""
    return (f"mended; {counted(left.differences, 'difference')} remain" if left.differences else "mended") + way_back


def _print_undone(done: Undone, limit: int) -> None:
    for document, why in done.left[:limit]:
        console.print(
            f"{COLLECTIONS[document.side]} {document.reading} (user {document.meter[0]}): {why}", markup=False
        )
    if len(done.left) > limit:
        console.print(f"... and {len(done.left) - limit} more; all of them: --json")
    console.print(
        f"{counted(done.restored, 'document')} brought back, {len(done.left)} left; "
        f"{counted(len(done.meters), 'meter')} calculated again. "
        f"Where the sides differ now, say which one is right: {REPAIR} --from old|new"
    )


def _left_document(document: KeptDocument, why: str) -> dict[str, str]:
    user_id, energy_type = document.meter
    return {
        "collection": COLLECTIONS[document.side],
        "document": str(document.reading),
        "userId": user_id,
        "type": energy_type.value,
        "reason": why,
    }
