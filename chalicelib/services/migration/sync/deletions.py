"""The limit on deletions by jobs that nobody watches: sync job, catching up and backfill."""

from collections.abc import Callable
from threading import Lock

from chalicelib.domain.errors import MassDeletionError, SyncStoppedError
from chalicelib.domain.migration.sync.reconciliation import Reconciled
from chalicelib.domain.migration.sync.repairs import ANSWERS, DELETES_UNASKED, REPAIR

Count = Callable[[int, int], tuple[int, int]]  # adds to what is written and deleted, and returns both


class JobDeletions:
    """What a job deletes by itself: few twins, or fewer than half of what it writes. Safe to share between threads.

    Where another application really took many readings away, a person answers with ``repair``. ``count``: where workers
    of one job count together.
    """

    def __init__(self, written: int = 0, deleted: int = 0, count: Count | None = None) -> None:
        self._lock = Lock()
        self._count = count or self._added
        self.written = written
        self.deleted = deleted

    def reconciled(self, reconcile: Callable[[int], Reconciled]) -> Reconciled:
        """Reconcile a meter; ``reconcile`` takes how many documents it may delete.

        Raises:
            SyncStoppedError: it would be a mass deletion; of this meter nothing was written.
        """
        allowed = 0
        while True:
            try:
                done = reconcile(allowed)
            except MassDeletionError as error:
                self._admit(error, allowed)
                allowed = error.deletes
                continue
            if more := done.written - allowed:
                self._count(more, 0)
            return done

    def _admit(self, error: MassDeletionError, before: int) -> None:
        """Count the deletions before they are made: of two threads that ask at once, each sees the other's."""
        more = error.deletes - before
        written, deleted = self._count(more, more)
        if deleted > DELETES_UNASKED and deleted * 2 >= written:
            self._count(-more, -more)
            raise SyncStoppedError(
                f"the job would delete {deleted} documents, most of what it changes ({written}): it deletes no "
                f"more by itself. Look at it: {REPAIR}; then say which side is right: {ANSWERS}"
            )

    def _added(self, written: int, deleted: int) -> tuple[int, int]:
        with self._lock:
            self.written += written
            self.deleted += deleted
            return self.written, self.deleted
