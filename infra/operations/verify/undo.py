"""``python -m infra repair undo RUN``: bringing back what a run deleted or overwrote."""

import sys

import click

from chalicelib.domain.migration.sync.repairs import REPAIR, KeptDocument, Undone
from infra.operations.printing import console, counted, limit_option, print_json
from infra.operations.verify.printing import COLLECTIONS
from infra.targets.database import connected
from infra.targets.options import json_option, with_target
from infra.targets.target import Target


@click.command()
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
