"""The pool of function processes: few start at a time, who waits takes what is idle, none outlives its environment."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock

import pytest

from infra.local.localstack_plugin.process_lambda.functions.pool import ProcessPool
from infra.local.waiting import wait_until

SECONDS = 10.0
ONE, OTHER = ("arn:one", "r1"), ("arn:other", "r1")


@dataclass(eq=False)
class Process:
    """A process that somebody may have killed."""

    is_alive: bool = True
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


@dataclass
class Starts:
    """Starts processes, each when it is let."""

    begun: list[Process] = field(default_factory=list)
    gates: list[Event] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __call__(self) -> Process:
        with self.lock:
            process, gate = Process(), Event()
            self.begun.append(process)
            self.gates.append(gate)
        assert gate.wait(SECONDS)
        return process


@pytest.fixture
def pool() -> ProcessPool[Process]:
    return ProcessPool[Process](at_once=2)


def opened(pool: ProcessPool[Process], environments: int, version: tuple[str, str] = ONE) -> None:
    for number in range(environments):
        pool.open(version, number)


def must_not_start() -> Process:
    raise AssertionError("there is an idle one")


def test_who_finds_none_idle_starts_one_and_the_next_one_has_it(pool: ProcessPool[Process]) -> None:
    opened(pool, 2)
    process = pool.take(ONE, Process)
    pool.give(ONE, process)
    assert pool.take(ONE, must_not_start) is process
    assert pool.take(ONE, Process) is not process, "it is in use"


def test_of_many_that_come_together_two_start_and_the_others_have_these(pool: ProcessPool[Process]) -> None:
    opened(pool, 12)
    opened(pool, 1, OTHER)
    starts = Starts()
    with ThreadPoolExecutor(13) as threads:
        served = [threads.submit(_serve, pool, starts) for _ in range(12)]
        wait_until(lambda: len(starts.begun) == 2, SECONDS)
        elsewhere = threads.submit(pool.take, OTHER, Process)
        assert not any(each.done() for each in (*served, elsewhere)), "all wait for their turn"
        starts.gates[0].set()
        assert elsewhere.result(SECONDS) not in starts.begun
        _let(starts, served)
    assert {each.result() for each in served} <= {*starts.begun}
    assert len(starts.begun) < 12
    assert [process.closed for process in starts.begun] == [0] * len(starts.begun)


def _serve(pool: ProcessPool[Process], start: Callable[[], Process]) -> Process:
    process = pool.take(ONE, start)
    pool.give(ONE, process)
    return process


def _let(starts: Starts, served: list[Future[Process]]) -> None:
    def all_served() -> bool:
        for gate in [*starts.gates]:
            gate.set()
        return all(each.done() for each in served)

    wait_until(all_served, SECONDS)


def test_a_process_that_was_killed_while_idle_is_closed_and_replaced(pool: ProcessPool[Process]) -> None:
    opened(pool, 1)
    killed = pool.take(ONE, Process)
    pool.give(ONE, killed)
    killed.is_alive = False
    taken = pool.take(ONE, Process)
    assert (taken is killed, killed.closed) == (False, 1)
    pool.give(ONE, taken)
    assert taken.closed == 0


def test_a_start_that_fails_leaves_its_turn_to_others(pool: ProcessPool[Process]) -> None:
    opened(pool, 1)

    def fails() -> Process:
        raise OSError("no more processes")

    for _ in range(3):
        with pytest.raises(OSError, match="no more processes"):
            pool.take(ONE, fails)
    process = pool.take(ONE, Process)
    pool.give(ONE, process)
    assert process.closed == 0, "those that failed do not count"


def test_with_each_environment_that_goes_an_idle_process_goes(pool: ProcessPool[Process]) -> None:
    opened(pool, 3)
    processes = [pool.take(ONE, Process) for _ in range(3)]
    for process in processes:
        pool.give(ONE, process)
    pool.close(ONE, 0)
    assert sorted(process.closed for process in processes) == [0, 0, 1]
    pool.close(ONE, 1)
    pool.close(ONE, 2)
    assert [process.closed for process in processes] == [1, 1, 1]


def test_of_fewer_processes_than_environments_none_goes_too_early(pool: ProcessPool[Process]) -> None:
    opened(pool, 3)
    process = pool.take(ONE, Process)
    pool.give(ONE, process)
    pool.close(ONE, 0)
    pool.close(ONE, 1)
    assert process.closed == 0
    pool.close(ONE, 2)
    assert process.closed == 1


def test_with_an_environment_that_could_not_start_nothing_goes(pool: ProcessPool[Process]) -> None:
    """LocalStack stops it all the same, and may stop one twice."""
    opened(pool, 2)
    pool.close(ONE, "never opened")
    pool.close(ONE, 0)
    pool.close(ONE, 0)
    process = pool.take(ONE, Process)
    pool.give(ONE, process)
    assert process.closed == 0
    pool.close(ONE, 1)
    assert process.closed == 1


def test_one_in_use_comes_to_its_end_when_its_environment_is_gone(pool: ProcessPool[Process]) -> None:
    opened(pool, 1)
    process = pool.take(ONE, Process)
    pool.close(ONE, 0)
    assert process.closed == 0
    pool.give(ONE, process)
    assert process.closed == 1
    opened(pool, 1)
    assert pool.take(ONE, Process) is not process


def test_one_that_failed_is_closed_and_given_to_nobody(pool: ProcessPool[Process]) -> None:
    opened(pool, 2)
    failed = pool.take(ONE, Process)
    pool.end(ONE, failed)
    assert failed.closed == 1
    kept = [pool.take(ONE, Process) for _ in range(2)]
    for process in kept:
        pool.give(ONE, process)
    assert [process.closed for process in kept] == [0, 0], "one that is gone leaves its place"


def test_who_waits_while_its_version_goes_starts_one_that_goes_after_use(pool: ProcessPool[Process]) -> None:
    opened(pool, 1)
    opened(pool, 2, OTHER)
    starts = Starts()
    with ThreadPoolExecutor(3) as threads:
        others = [threads.submit(pool.take, OTHER, starts) for _ in range(2)]
        wait_until(lambda: len(starts.begun) == 2, SECONDS)
        late = threads.submit(pool.take, ONE, Process)
        pool.close(ONE, 0)
        for gate in starts.gates:
            gate.set()
        process = late.result(SECONDS)
        assert {each.result(SECONDS) for each in others} == {*starts.begun}
    pool.give(ONE, process)
    assert process.closed == 1
