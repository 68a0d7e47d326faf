"""``python -m infra repair``: mending what differs."""

import sys
from dataclasses import dataclass, replace
from shlex import quote

import click

from chalicelib.bootstrap.operations import Operations
from chalicelib.domain.backends.sync_mode import Side, other_side
from chalicelib.domain.migration.sync.repairs import REPAIR, RepairPlan
from infra.errors import OperatorError
from infra.operations.confirmation import confirm, yes_option
from infra.operations.printing import console, limit_option, print_json, verification_document
from infra.operations.sync.printing import print_stop
from infra.operations.verify.plan_printing import next_step, outcome, plan_document, print_plan, question
from infra.operations.verify.printing import COLLECTIONS, print_verification
from infra.operations.verify.runs import runs
from infra.operations.verify.undo import undo
from infra.operations.walking import Findings, all_findings, walk_progress
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target, person


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
    request = _Request(Side(source) if source else None, allow_deletes, reason, user, yes)
    with all_findings() as findings, connected(target) as operations:
        plan = _planned(operations, request, findings)
        if apply:
            sys.exit(_apply(operations, plan, request, limit, as_json))
        stop = operations.modes.show().stop
        if as_json:
            findings.print_with(plan_document(plan) | {"stopped": stop and stop.reason, "applied": False})
        else:
            print_plan(plan, limit)
            print_stop(stop)
            console.print(next_step(plan, request.command), markup=False)
    sys.exit(1 if not plan.is_empty or stop else 0)


@dataclass(frozen=True, slots=True)
class _Request:
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
        return f"{REPAIR}{chosen}{f' --user {quote(self.user)}' if self.user else ''} --apply"


def _planned(operations: Operations, request: _Request, findings: Findings) -> RepairPlan:
    with walk_progress("compare", operations.consistency.count_meters()) as progress:
        return operations.consistency.plan(request.user, progress, request.source, findings.add)


def _apply(operations: Operations, plan: RepairPlan, request: _Request, limit: int, as_json: bool) -> int:
    """Show the plan, ask, do it; returns the exit code."""
    if not as_json:
        print_plan(plan, limit)
    operations.consistency.check_answered(request.user, request.source)
    _check_deletes(plan, request)
    if not plan.is_empty:
        confirm(question(plan), yes=request.yes)
    run = operations.consistency.new_run()
    with walk_progress("repair", plan.found.meters) as progress:
        reason = f"{request.reason or 'no reason was given'} ({person()})"
        found, left = operations.consistency.repair(request.user, progress, request.source, plan.deletes, run, reason)
    if as_json:
        done = {"applied": True, "run": run.id, "left": verification_document(left)}
        print_json(plan_document(plan) | done | {"found": verification_document(found)})
    else:
        print_verification(left, limit)
        is_kept = any(each.id == run.id for each in operations.undo.runs())
        console.print(outcome(plan, left, run.id if is_kept else None))
    return 1 if left.differences else 0


def _check_deletes(plan: RepairPlan, request: _Request) -> None:
    if request.allow_deletes is not None and request.allow_deletes != plan.deletes:
        raise OperatorError(
            f"{plan.deletes} documents would be deleted, not {request.allow_deletes}; nothing was changed"
        )
    if plan.needs_number and request.allow_deletes is None:
        other = other_side(plan.source)
        raise OperatorError(
            f"{plan.deletes} of the {plan.documents[other]} documents of {COLLECTIONS[other]} would be deleted; "
            f"nothing was changed. If they are right and {COLLECTIONS[plan.source]} is damaged: "
            f"{replace(request, source=other).command}; "
            f"if they should go: {request.command} --allow-deletes {plan.deletes}"
        )


repair.add_command(runs)
repair.add_command(undo)
