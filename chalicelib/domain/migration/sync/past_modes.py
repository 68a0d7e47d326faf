"""The sync mode at an instant in the past, as far as its record says it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.migration.sync.mode_changes import KEPT_CHANGES, MODE_MS
from chalicelib.domain.readings import moment


@dataclass(frozen=True, slots=True)
class PastMode:
    """The states that the record allows for then: one, or two where it does not say when the new side had caught up.

    ``since``: when the change to the mode was stored; None: the mode that a database begins in. ``unknown``: why the
    record does not say the mode, ``note``: what it leaves open besides.
    """

    states: Sequence[SyncState] = ()
    since: int | None = None
    unknown: str | None = None
    note: str | None = None

    @property
    def mode(self) -> SyncMode | None:
        """The mode; None where nobody knows it."""
        return self.states[0].mode if self.states else None

    def caught_up(self) -> "PastMode":
        """The mode where something shows that the new side had caught up by then."""
        return replace(self, states=self.states[:1], note=None)

    def read_late(self, before: "PastMode", at: int) -> "PastMode":
        """The mode with the one ``before`` it, where it is so new that some functions still go by the earlier one."""
        if self.since is None or not 0 <= at - self.since < MODE_MS:
            return self
        late = f"the mode had changed at {moment(self.since)}: for a second some still go by the one before"
        note = late if self.note is None else f"{self.note}; {late}"
        return replace(self, states=(*self.states, *before.states), note=note, unknown=self.unknown or before.unknown)


def mode_then(changes: Sequence[ModeChange], now: SyncState, at: int) -> PastMode:
    """The mode at an instant, by the recorded changes (in the order of time) and the mode that is stored now."""
    if now.since is not None and now.since <= at and not any(change.at > now.since for change in changes):
        earlier = [change for change in changes if change.at < now.since]
        return _since(now.since, now.mode, now.catching_up, earlier)
    until = [change for change in changes if change.at <= at]
    if until:
        return _since(until[-1].at, until[-1].mode, until[-1].catching_up, until[:-1])
    if len(changes) < KEPT_CHANGES and (changes or now.mode is SyncMode.OLD_ONLY):
        note = "no earlier change of the sync mode is recorded, so it was the one in which a database begins"
        return PastMode((SyncState(),), note=note)
    kept = f"the record of the sync mode begins at {moment(changes[0].at)}" if changes else "no mode is recorded"
    return PastMode(unknown=f"{kept}: which mode it was before, nobody knows")


def _since(at: int, mode: SyncMode, catching_up: Side | None, earlier: Sequence[ModeChange]) -> PastMode:
    """A recorded mode. On the way from ``old_only`` everything is old until the new side has caught up."""
    state, before = SyncState(mode, at, catching_up), earlier[-1].mode if earlier else SyncMode.OLD_ONLY
    if mode is not SyncMode.DUAL_WRITE or before is not SyncMode.OLD_ONLY or catching_up is Side.OLD:
        return PastMode((state,), at)
    note = (
        f"the new side had to catch up after the change of {moment(at)}, and when it had is not recorded: until then "
        "everybody got the old backend"
    )
    return PastMode((state, SyncState(mode, at, Side.OLD)), at, note=note)
