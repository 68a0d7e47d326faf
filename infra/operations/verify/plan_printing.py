"""Printing what a repair would do, and what it did."""

from rich.table import Table

from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.sync.repairs import UNDO, RepairPlan
from infra.operations.printing import console, counted, verification_summary
from infra.operations.verify.printing import COLLECTIONS, print_verification


def plan_document(plan: RepairPlan) -> dict[str, object]:
    """What would be done, for scripts."""
    return {
        "source": plan.source.value,
        "plan": [row.as_document() for row in plan.writes],
        "deletes": plan.deletes,
        "needsNumber": plan.needs_number,
        "found": verification_summary(plan.found),
        "left": verification_summary(plan.found),
    }


def print_plan(plan: RepairPlan, limit: int) -> None:
    """What differs, and what would be written because of it, for people."""
    print_verification(plan.found, limit)
    table = Table("collection", "type", "inserted", "changed", "deleted", title=f"from {COLLECTIONS[plan.source]}")
    for row in plan.writes:
        counts = (f"{row.inserted:,}", f"{row.changed:,}", f"[red]{row.deleted:,}[/]" if row.deleted else "0")
        table.add_row(COLLECTIONS[row.side], row.type.value, *counts)
    console.print(table)
    console.print(f"{counted(plan.meters, 'meter')} would be calculated again")


def question(plan: RepairPlan) -> str:
    """What a person agrees to before it is done."""
    inserted, changed = sum(row.inserted for row in plan.writes), sum(row.changed for row in plan.writes)
    return (
        f"{COLLECTIONS[plan.source]} is believed: {inserted} documents of the other side will be inserted, {changed} "
        f"changed, {plan.deletes} deleted, and {counted(plan.meters, 'meter')} calculated again"
    )


def next_step(plan: RepairPlan, command: str) -> str:
    """The command that would do what was only listed; ``command`` is that without its number of deletions."""
    if plan.is_empty:
        return "nothing to mend"
    number = f" --allow-deletes {plan.deletes}" if plan.needs_number else ""
    return f"nothing was changed; mend it with: {command}{number}"


def outcome(plan: RepairPlan, left: Verification, run: str | None) -> str:
    """What was done, and the way back. ``run``: its id, where it has deleted or overwritten something."""
    if plan.is_empty:
        return "nothing to mend"
    way_back = f"; what it deleted or overwrote comes back with: {UNDO} {run}" if run else ""
    return (f"mended; {counted(left.differences, 'difference')} remain" if left.differences else "mended") + way_back
