"""Beginning a run of repair or a job: it gets an id, and is refused while a stop waits for an answer."""

from secrets import token_hex
from typing import Literal

from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.errors import SyncStoppedError
from chalicelib.domain.migration.sync.reconciliation import RepairRun, SyncControl
from chalicelib.domain.readings import to_datetime


def new_run(
    job: Literal["sync", "repair", "undo", "backfill", "down"], now: int, source: Side | None = None
) -> RepairRun:
    """A run that begins now: ``repair-20250131-174500-3f9a``."""
    return RepairRun(f"{job}-{to_datetime(now):%Y%m%d-%H%M%S}-{token_hex(2)}", source)


def check_answered(control: SyncControl) -> None:
    """Raise SyncStoppedError while the sync job is stopped and nobody has said which side is right."""
    if stop := control.stop():
        raise SyncStoppedError(stop.reason)
