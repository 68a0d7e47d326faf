"""Faults in the running application, each planted before its processes are made: a history must find them.

Not here: what finds them.
"""

import time
from typing import Any

from chalicelib.domain.sync.modes import Side, SyncMode
from chalicelib.repositories import calculation_marks, control, display, transactions
from chalicelib.repositories.dual_write import MongoEnergyRepository
from chalicelib.services.display import view_data
from chalicelib.services.display.display import DisplayService, View
from chalicelib.services.recording import energy_crud
from chalicelib.services.refresh import calculation

HELD_SECONDS = 8.0  # longer than the sides take to be brought together


def dual_write_off() -> None:
    """In ``dual_write`` readings go to the old side alone."""
    begin = MongoEnergyRepository.__init__

    def changed(repository: Any, *arguments: Any, **more: Any) -> None:
        begin(repository, *arguments, **more)
        _only_old(repository)

    _put(MongoEnergyRepository, "__init__", changed)


def refresh_without_the_version_guard() -> None:
    """A slow refresh puts what it has calculated over what is newer."""
    guarded = calculation_marks.behind

    def unguarded(*arguments: Any, **more: Any) -> Any:
        return {name: wanted for name, wanted in guarded(*arguments, **more).items() if name != "displayVersion"}

    _put(display, "behind", unguarded)


def a_cached_mode() -> None:
    """A process writes by the mode that it has read first."""
    read, known = control.sync_state, list[Any]()

    def cached(*arguments: Any) -> Any:
        known.extend([] if known else [read(*arguments)])
        return known[0]

    _put(transactions, "sync_state", cached)


def a_resurrected_delete() -> None:
    """A reading is removed on the old side, its twin stays."""
    remove = MongoEnergyRepository.remove

    def half_removed(repository: Any, *arguments: Any) -> None:
        written = repository._written
        _only_old(repository)
        remove(repository, *arguments)
        repository._written = written

    _put(MongoEnergyRepository, "remove", half_removed)


def a_stale_etag() -> None:
    """A view has one ETag for all versions of its meter."""
    _put(View, "etag", property(lambda view: f'"{view.state.calculation_version}"'))


def an_if_match_that_nobody_looks_at() -> None:
    """A write is done whatever its sender has seen."""
    current = energy_crud._current
    _put(energy_crud, "_current", lambda transaction, reading_id, *_: current(transaction, reading_id, None, None))


def a_consistent_read_of_a_stale_view() -> None:
    """Who asks for every write gets what is stored."""
    in_service = DisplayService._in_service
    _put(DisplayService, "_in_service", lambda service, state, _: in_service(service, state, False))


def a_view_that_counts_wrong() -> None:
    """The stored timeline leaves out the last reading."""

    def wrong(snapshot: Any) -> Any:
        data = view_data.histogram_data(snapshot)
        *others, last = data["buckets"] or [None]
        return data if last is None else {**data, "buckets": [*others, {**last, "count": last["count"] - 1}]}

    _put(calculation, "histogram_data", wrong)


def slow_writes_in_old_only() -> None:
    """No fault by itself: such a write commits long after the mode has changed, which is what the drain is for."""
    read = control.sync_state

    def slow(*arguments: Any) -> Any:
        state = read(*arguments)
        if state.mode is SyncMode.OLD_ONLY:
            time.sleep(HELD_SECONDS)
        return state

    _put(transactions, "sync_state", slow)


def _put(owner: Any, name: str, fault: object) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}: nothing is planted"
    setattr(owner, name, fault)


def _only_old(repository: Any) -> None:
    if Side.OLD in repository._written:
        repository._written = {Side.OLD: repository._written[Side.OLD]}
