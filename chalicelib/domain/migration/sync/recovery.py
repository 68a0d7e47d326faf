"""Recovering a lost sync mode: choosing the mode that loses nothing, or none, with what to decide first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.backends.sync_mode import ModeChange, Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncModeError

COMMAND = "python -m infra mode recover MODE --reason WHY"
# A mode that writes one side only cannot have been the last one where that side is empty and the other one is not.
_ALONE = {SyncMode.OLD_ONLY: Side.OLD, SyncMode.NEW_ONLY: Side.NEW}
AreEqual = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Remains:
    """What says which mode was lost.

    ``problem``: what is wrong with the stored document (``stored``, None: there is none). ``mode`` and ``catching_up``:
    what can still be read of it. ``sides``: those that hold any reading.
    """

    problem: str
    stored: Any = None
    mode: SyncMode | None = None
    catching_up: Side | None = None
    changes: Sequence[ModeChange] = ()
    sides: frozenset[Side] = frozenset()


def recovered(remains: Remains, wanted: SyncMode | None, sides_are_equal: AreEqual) -> SyncState:
    """The state to store. ``wanted``: the mode that an operator names, None: what history and data say.

    Raises:
        SyncModeError: history and data contradict each other, or do not say enough; an operator names the mode.
    """
    mode = wanted or _mode(remains, sides_are_equal)
    return SyncState(mode, catching_up=_right(remains, sides_are_equal) if mode is SyncMode.DUAL_WRITE else None)


def _mode(remains: Remains, sides_are_equal: AreEqual) -> SyncMode:
    said = {"what is left of the document": remains.mode, "the history": _last_mode(remains)}
    known = {source: mode for source, mode in said.items() if mode is not None}
    if len(set(known.values())) > 1:
        raise _undecided(" and ".join(f"{source} says {mode}" for source, mode in known.items()))
    if not known:
        return _mode_by_data(remains, sides_are_equal)
    source, mode = next(iter(known.items()))
    if mode in _ALONE and remains.sides and _ALONE[mode] not in remains.sides:
        raise _undecided(f"{source} says {mode}, and the {_ALONE[mode]} side is empty, but the other one is not")
    return mode


def _mode_by_data(remains: Remains, sides_are_equal: AreEqual) -> SyncMode:
    """A side that holds readings alone is the one to believe. Both: only if it makes no difference."""
    if len(remains.sides) == 1:
        return SyncMode.OLD_ONLY if Side.OLD in remains.sides else SyncMode.NEW_ONLY
    if remains.sides and not sides_are_equal():
        raise _undecided("there is no history of the mode, and the two sides differ")
    return SyncMode.DUAL_WRITE


def _right(remains: Remains, sides_are_equal: AreEqual) -> Side | None:
    """The side that is right in ``dual_write`` until both are equal.

    In doubt the side that was right before: where both were equal already, it has everything too.
    """
    last = _last(remains)
    if last is not None:
        return SyncState(last.mode).authoritative if last.mode in _ALONE else last.catching_up
    if remains.catching_up is not None:
        return remains.catching_up
    if len(remains.sides) == 1:
        return next(iter(remains.sides))
    if remains.sides and not sides_are_equal():
        raise SyncModeError(
            "the two sides differ, and nothing says which one is right; recover old_only or new_only, the one whose "
            "readings are right, then: python -m infra mode set dual_write --wait"
        )
    return None


def _last(remains: Remains) -> ModeChange | None:
    return remains.changes[-1] if remains.changes else None


def _last_mode(remains: Remains) -> SyncMode | None:
    last = _last(remains)
    return None if last is None else last.mode


def _undecided(why: str) -> SyncModeError:
    return SyncModeError(f"{why}; look at the data and name the mode: {COMMAND}")
