"""How a backfill goes through the meters: so many at once, from its checkpoint on, and what it stops at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import SyncStoppedError
from chalicelib.domain.meters.lagging import LaggingMeter
from chalicelib.domain.migration.sync.reconciliation import Reconciled, Selection, SyncStop
from chalicelib.domain.readings import EnergyType, MeterKey
from migrations import backfill
from migrations.backfill import THREADS, Backfill
from migrations.checkpoint import Checkpoint
from migrations.display_documents import FIRST, LAST
from migrations.errors import RefusedError
from migrations.scripts import QuietRun

AT = 1_700_000_000_000
POWER = EnergyType.POWER
SYNC = SyncState(SyncMode.DUAL_WRITE, 5, Side.OLD, read_at=7)


class Place:
    """All that a backfill reaches, in the place of MongoDB: 250 meters, each of two ranges with three changes."""

    def __init__(self) -> None:
        self.meters_after: list[MeterKey | None] = []
        self.done: list[Any] = []
        self.made: dict[str, tuple[Any, ...]] = {}
        self.sync = [SYNC, SYNC]
        self.stopped: SyncStop | None = None
        self.found: dict[str, Any] | None = None
        self.problem: Exception | None = None
        self.copied: int | None = None
        self.version = 2
        self.asked_to_copy: list[Any] = []

    def meters(self, after: MeterKey | None) -> Iterator[MeterKey]:
        self.meters_after.append(after)
        return iter([(f"u{number:03}", POWER) for number in range(250)])

    def reconcile(self, meter: MeterKey, part: Selection, run: Any, deletes: Any) -> Reconciled:
        assert run.id.startswith("backfill-2023")
        if self.problem:
            raise self.problem
        return Reconciled(inserted=2, replaced=1, source_version=self.version)

    def copy(self, user_id: str, kinds: Any) -> int | None:
        self.asked_to_copy.append((user_id, *kinds))
        return self.copied

    def calculate(self) -> None:
        """What first copies are made with."""

    def refresh(self, *meter: Any) -> None:
        self.done.append(("refreshed", *meter))

    def every(self, since: int) -> list[LaggingMeter]:
        self.done.append(("what lags since", since))
        return [LaggingMeter("late|gas", 1, None)]

    def stop(self) -> SyncStop | None:
        return self.stopped

    def save_stop(self, stop: SyncStop) -> None:
        self.done.append(stop)

    def caught_up(self, ended: SyncState) -> None:
        self.done.append(("caught up", ended))

    def find_one(self, which: Any) -> dict[str, Any] | None:
        return self.found

    def update_one(self, which: Any, change: Any, *, upsert: bool) -> None:
        assert (which, upsert) == ({"_id": "backfill"}, True)
        [replaced] = change
        self.done.append(("checkpoint", replaced["$replaceWith"]))

    def delete_one(self, which: Any) -> None:
        self.done.append(("forgotten", which))

    def __getitem__(self, name: str) -> "Place":
        assert name == "control"
        return self


class Watched(QuietRun):
    """A run that counts what it shows, and how often it asks for its lock."""

    def __init__(self) -> None:
        self.checked, self.advanced, self.said = 0, 0, list[str]()

    def check(self) -> None:
        self.checked += 1

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def progress(self, unit: str, total: int) -> Iterator[Callable[[int], None]]:
        assert (unit, total) == ("meters", 250)
        yield self._advance

    def _advance(self, done: int) -> None:
        self.advanced += done


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place()

    def made(name: str) -> Callable[..., Place]:
        def make(*arguments: Any) -> Place:
            place.made[name] = arguments[1:]
            return place

        return make

    for name in (
        "MongoSyncControl",
        "MongoReconciliationRepository",
        "MongoFirstCopies",
        "MongoLaggingMeters",
        "MongoDisplayDataRepository",
        "MongoReadingQueries",
        "MongoSeriesPacking",
    ):
        monkeypatch.setattr(backfill, name, made(name))
    monkeypatch.setattr(backfill, "DisplayDataCalculationService", lambda *_, **__: place)
    monkeypatch.setattr(backfill, "sync_state", lambda _: place.sync.pop(0))
    monkeypatch.setattr(backfill, "count_meters", lambda *_: 250)
    monkeypatch.setattr(backfill, "now", lambda: AT)
    halves = [Selection(FIRST, FIRST), Selection(LAST, LAST)]
    monkeypatch.setattr(backfill, "ranges", lambda _database, _meter, at_once: halves if at_once == 5_000 else [])
    monkeypatch.setattr("migrations.checkpoint.control_of", lambda database: database)
    return place


def of(place: Place, run: QuietRun) -> Backfill:
    database: Any = place
    return Backfill(database, run)


def checkpoint(place: Place) -> Checkpoint:
    database: Any = place
    return Checkpoint(database, SYNC, Watched().said.append)


def test_a_hundred_meters_lie_between_two_checkpoints_and_what_lags_is_refreshed_in_the_end(place: Place) -> None:
    watched = Watched()
    assert of(place, watched).run() == 250 * 2 * 3
    assert 1 <= len(place.asked_to_copy) <= THREADS, "those who begin before the first answer"
    checked = 250 * 2 + 1 + len(place.asked_to_copy)
    assert (watched.checked, watched.advanced, watched.said) == (checked, 250, [])
    kept = [each[1] for each in place.done if each[0] == "checkpoint"]
    assert kept == [
        {"_id": "backfill", "since": 5, "userId": {"$literal": f"u{last:03}"}, "type": "power", "at": "$$NOW"}
        for last in (99, 199, 249)
    ]
    assert sum(each[0] == "refreshed" for each in place.done) == 251
    assert place.done[-4:] == [
        ("what lags since", 7),
        ("refreshed", "late", EnergyType.GAS),
        ("caught up", SYNC),
        ("forgotten", {"_id": "backfill"}),
    ]
    assert place.meters_after == [None]


def test_what_workers_have_done_is_not_done_again_but_what_lags_is(place: Place) -> None:
    class Helped(Watched):
        def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
            assert meters() == 250
            check()
            return True

    watched = Helped()
    place.sync[1:1] = [replace(SYNC, read_at=9)]
    assert of(place, watched).run() is None
    assert (watched.checked, watched.advanced, place.meters_after) == (2, 0, [])
    assert place.done == [
        ("what lags since", 9),
        ("refreshed", "late", EnergyType.GAS),
        ("caught up", SYNC),
        ("forgotten", {"_id": "backfill"}),
    ]


def test_of_whom_nothing_is_on_the_new_side_all_is_written_at_once(place: Place) -> None:
    place.copied, watched = 7, Watched()
    assert of(place, watched).run() == 250 * 7
    assert sorted(place.asked_to_copy) == [(f"u{number:03}", POWER) for number in range(250)]
    assert (watched.checked, watched.advanced) == (250 + 1, 250)
    assert [each for each in place.done if each[0] == "refreshed"] == [("refreshed", "late", EnergyType.GAS)]
    assert place.made["MongoFirstCopies"][1:] == (backfill.now, place.calculate, 5_000)


def test_what_is_written_at_once_counts_where_a_job_may_delete_less_than_half(place: Place) -> None:
    place.copied = 7
    run = of(place, Watched())
    run.run()
    assert (run._deletions.written, run._deletions.deleted) == (250 * 7, 0)


def test_after_a_first_meter_the_next_is_taken_for_one_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "THREADS", 1)  # of several, one may begin before another has seen its first meter
    place.version = 1
    of(place, Watched()).run()
    assert len(place.asked_to_copy) == 250


def test_each_transaction_ends_before_the_server_ends_it(place: Place) -> None:
    of(place, Watched())
    seconds = {name: arguments[0] for name, arguments in place.made.items() if arguments}
    assert seconds.keys() == place.made.keys() - {"MongoSyncControl"}
    assert {*seconds.values()} == {20.0}


def test_a_few_meters_are_brought_together_side_by_side(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    threads: Any = SimpleNamespace(shutdown=lambda **how: made.append(how))

    def pool(workers: int, **named: str) -> Any:
        made.append((workers, named))
        return threads

    monkeypatch.setattr(backfill, "ThreadPoolExecutor", pool)
    with backfill._threads() as given:
        assert given is threads
    assert made == [(4, {"thread_name_prefix": "backfill"}), {"cancel_futures": True}]


def test_it_goes_on_behind_the_meter_that_is_kept(place: Place) -> None:
    place.found = {"_id": "backfill", "since": 5, "userId": "u007", "type": "gas"}
    of(place, Watched()).run()
    assert place.meters_after == [("u007", EnergyType.GAS)]


@pytest.mark.parametrize("odd", [{"since": 6}, {"userId": 7}, {"userId": None}, {"type": "water"}, {"type": None}])
def test_a_checkpoint_of_another_period_or_of_no_meter_is_none(place: Place, odd: dict[str, Any]) -> None:
    place.found = {"_id": "backfill", "since": 5, "userId": "u007", "type": "gas", **odd}
    watched = Watched()
    of(place, watched).run()
    assert place.meters_after == [None]
    assert watched.said == ["the checkpoint is of another period of the mode or unreadable: all meters are looked at"]


def test_where_the_sync_job_is_stopped_nothing_is_begun(place: Place) -> None:
    place.stopped = SyncStop(AT, "too many deletions")
    with pytest.raises(RefusedError, match=r"^too many deletions$"):
        of(place, Watched()).run()
    assert (place.meters_after, place.done) == ([], [])


def test_a_meter_that_would_lose_too_much_stops_it_and_the_sync_job(place: Place) -> None:
    place.problem = SyncStoppedError("most of it would go")
    with pytest.raises(RefusedError, match=r"^most of it would go$"):
        of(place, Watched()).run()
    assert SyncStop(AT, "most of it would go") in place.done
    assert not any(each[0] in ("checkpoint", "forgotten") for each in place.done if isinstance(each, tuple))


@pytest.mark.parametrize("ended", [SyncState(SyncMode.NEW_ONLY, 5), SyncState(SyncMode.DUAL_WRITE, 6, Side.OLD)])
def test_a_mode_that_was_changed_meanwhile_has_it_done_again(place: Place, ended: SyncState) -> None:
    place.sync = [SYNC, ended]
    said = r"^the sync mode was changed meanwhile; set dual_write again, then: up --execute --retry$"
    with pytest.raises(RefusedError, match=said):
        of(place, Watched()).run()
    assert ("forgotten", {"_id": "backfill"}) not in place.done
    assert not any(each[0] == "caught up" for each in place.done)


def test_where_nothing_catches_up_nobody_is_said_to_have(place: Place) -> None:
    place.sync = [SyncState(SyncMode.DUAL_WRITE, 5), SyncState(SyncMode.DUAL_WRITE, 5)]
    of(place, Watched()).run()
    assert place.done[-1] == ("forgotten", {"_id": "backfill"})
    assert not any(each[0] == "caught up" for each in place.done)
