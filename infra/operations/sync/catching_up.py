"""Waiting until no late write can come any more, and bringing both sides together until nothing is left to do."""

import time
from collections.abc import Callable
from math import ceil

from chalicelib.bootstrap.operations import Operations
from chalicelib.services.migration.sync.sync_job import SyncReport
from infra.operations.printing import progress_console
from infra.operations.sync.printing import sync_line
from infra.operations.walking import UNTIL_DONE


def drain_before_catching_up(operations: Operations) -> None:
    """Wait for the drain where one side has to catch up; else there is nothing to wait for."""
    if operations.modes.show().state.catching_up:
        drain(operations)


def drain(operations: Operations) -> None:
    """Wait until no write of the mode before can arrive any more."""
    count_down(lambda: operations.modes.show().drain_seconds, time.sleep)


def count_down(remaining: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Show the seconds of a drain until none remain: each of them on a terminal, every tenth elsewhere."""
    step = 1.0 if progress_console.is_terminal else 10.0
    with progress_console.status("") as status:
        while seconds := remaining():
            text = f"waiting {ceil(seconds)} s for writes of the mode before"
            if progress_console.is_terminal:
                status.update(text)
            else:
                progress_console.print(text)
            sleep(min(seconds, step))


def catch_up(operations: Operations, *, full: bool) -> SyncReport:
    """Run the sync job until it is done, and print each part of it."""
    return operations.sync.run(UNTIL_DONE, lambda report: progress_console.print(sync_line(report)), full=full)
