"""Deciding which backend answers a component: by the sync mode first, as the state of the data, then by the flags."""

from collections.abc import Callable

from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncState
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason, RolloutDecisions
from chalicelib.domain.migration.sync.mode_changes import MODE_MS, decided_by
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger


class RolloutService(RolloutDecisions):
    """Decides by the sync mode, then by the flags."""

    def __init__(self, flags: RolloutDecisions, sync: Callable[[], SyncState], clock: Clock) -> None:
        self._flags = flags
        self._sync = sync
        self._clock = clock
        self._state = SyncState()
        self._read_at: int | None = None

    @override
    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        try:
            return decided_by(self._mode()) or self._flags.should_use_new_backend(user_id, component)
        except UnavailableError:
            return Decision(Backend.OLD, Reason.NO_MODE)
        except Exception:  # noqa: BLE001 a defect here must not take the application down
            logger().exception("no decision", extra={"component": component})
            return Decision(Backend.OLD, Reason.FAILED)

    def _mode(self) -> SyncState:
        now = self._clock()
        if self._read_at is None or not 0 <= now - self._read_at < MODE_MS:
            self._state = self._sync()
            self._read_at = now
        return self._state
