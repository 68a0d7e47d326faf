"""Faults in the running application, each planted before its processes are made: a history must find them.

Not here: what finds them.
"""

from collections import Counter
from dataclasses import replace
from itertools import count
from typing import Any

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.repositories import display, transactions
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.dual_write import MongoEnergyRepository
from chalicelib.repositories.prefetch import NOTHING, begun
from chalicelib.services.components import component_reads
from chalicelib.services.components.new_backend import NewBackend
from chalicelib.services.display import view_data
from chalicelib.services.display.display import DisplayService, View
from chalicelib.services.recording import energy_crud
from chalicelib.services.refresh import refresh
from infra.local.waiting import wait_until

HELD_SECONDS = 15.0  # the longest: a request may take twenty
HELD_WRITES = "heldWrites"  # a collection: who waits for a write to be held up looks there


def dual_write_off() -> None:
    """In ``dual_write`` readings go to the old side alone."""
    begin = MongoEnergyRepository.__init__

    def changed(repository: Any, *arguments: Any, **more: Any) -> None:
        begin(repository, *arguments, **more)
        _only_old(repository)

    _put(MongoEnergyRepository, "__init__", changed)


def refresh_without_the_version_guard() -> None:
    """A slow refresh puts what it has calculated over what is newer: the first one of a meter, now and again."""
    publish, slow, newer = MongoDisplayDataRepository.publish, dict[Any, Any](), Counter[Any]()

    def late(repository: Any, user_id: str, energy_type: Any, update: Any) -> bool:
        meter = (user_id, energy_type)
        first = slow.setdefault(meter, update)
        newer[meter] += update is not first
        return publish(repository, user_id, energy_type, update if newer[meter] % 2 else first)

    _put(display, "behind", lambda *_, **__: {})
    _put(MongoDisplayDataRepository, "publish", late)


def a_cached_mode() -> None:
    """A process that has once written in ``old_only`` goes on with that."""
    read, known = begun, list[Any]()

    def cached(*arguments: Any) -> Any:
        state, prefetched = read(*arguments)
        if state.mode is SyncMode.OLD_ONLY:
            known.append(state)
        return (known[0], NOTHING) if known else (state, prefetched)

    _put(transactions, "begun", cached)


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
    """Who asks for every write gets what is stored; and every other refresh of a process comes to nothing."""
    in_service, publish, number = DisplayService._in_service, MongoDisplayDataRepository.publish, count()

    def seldom(repository: Any, *update: Any) -> bool:
        return bool(next(number) % 2) or publish(repository, *update)

    _put(DisplayService, "_in_service", lambda service, state, _: in_service(service, state, False))
    _put(MongoDisplayDataRepository, "publish", seldom)


def a_view_that_counts_wrong() -> None:
    """The stored timeline leaves out the last reading."""

    def wrong(snapshot: Any) -> Any:
        data = view_data.histogram_data(snapshot)
        *others, last = data["buckets"] or [None]
        return data if last is None else {**data, "buckets": [*others, {**last, "count": last["count"] - 1}]}

    _put(refresh, "histogram_data", wrong)


def months_of_the_new_backend_without_the_last_one() -> None:
    """The new backend leaves a month out, says the right version, and is right where somebody insists."""
    ask = component_reads.ShowMonths.ask

    def wrong(read: Any, backend: Any, user_id: str) -> Any:
        answer: Any = ask(read, backend, user_id)
        if read.consistent or not isinstance(backend, NewBackend):
            return answer
        view = answer.view
        data = {**view.data, "months": view.data["months"][:-1]}
        return replace(answer, view=replace(view, data=data))

    _put(component_reads.ShowMonths, "ask", wrong)


def slow_writes_in_old_only() -> None:
    """No fault by itself: such a write commits when the sides have been compared, which is what the drain is for.

    No refresh touches its meter meanwhile: the database would have it done again, by the mode of then.
    """
    read = begun

    def slow(control: Any, *arguments: Any) -> Any:
        state, prefetched = read(control, *arguments)
        database = control.database
        if state.mode is SyncMode.OLD_ONLY:
            database[HELD_WRITES].insert_one({})
            wait_until(lambda: _is_settled(sync_state(database)), HELD_SECONDS)
        return state, prefetched

    _put(transactions, "begun", slow)
    _put(MongoDisplayDataRepository, "publish", lambda *_: False)


def _is_settled(state: SyncState) -> bool:
    return state.mode is SyncMode.DUAL_WRITE and state.catching_up is None


def _put(owner: Any, name: str, fault: object) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}: nothing is planted"
    setattr(owner, name, fault)


def _only_old(repository: Any) -> None:
    if Side.OLD in repository._written:
        repository._written = {Side.OLD: repository._written[Side.OLD]}
