"""Speed of ``verify`` by several workers, each a process of its own as a function is, against one that does the same.

Run: ``make bench``, or ``python -m tests.performance.bench_fan_out``. Both do all ranges of one walk, claimed and kept
as on AWS; only the queue is a list that the processes take from. Rounds alternate, so both meet the same machine.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from chalicelib.bootstrap.operations import Operations, shell_operations
from chalicelib.domain.meters.fan_out import RangeQueue, RangeTask
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.database import open_database
from chalicelib.services.refresh.fan_out import RangeState
from infra.local.throwaway import mongod
from tests.performance.bench_backfill import holds
from tests.performance.bench_verify import READINGS, filled

WORKERS = 4
RANGES = 32
ROUNDS = 3
WANTED = 1.3


@dataclass
class Listed(RangeQueue):
    """The messages of a walk."""

    tasks: list[RangeTask] = field(default_factory=list)

    def send(self, tasks: Sequence[RangeTask]) -> None:
        """Keep them."""
        self.tasks += tasks


def main() -> None:
    """Fill a server of its own, verify it by one worker and by four, some times, print the medians."""
    with mongod() as uri:
        database = filled(uri)
        one, four = _pool(1), _pool(WORKERS)
        seconds: dict[int, list[float]] = {1: [], WORKERS: []}
        for workers, pool in [(1, one), (WORKERS, four)] * (ROUNDS + 1):
            seconds[workers].append(_verified(uri, database.name, pool))
        meters = database["meters"].count_documents({})
        for pool in (one, four):
            pool.shutdown()
        database.client.close()
    alone, together = (sorted(each[1:])[ROUNDS // 2] for each in seconds.values())  # the first one starts processes
    table = Table("figure", "value", "bound", "holds")
    table.add_row(f"one worker, meters of {READINGS} readings", f"{meters / alone:,.0f} /s", "", "")
    table.add_row(f"{WORKERS} workers, {os.cpu_count()} cores", f"{meters / together:,.0f} /s", "", "")
    ratio = alone / together
    table.add_row("how much faster", f"{ratio:.2f}", f"> {WANTED}", holds(ratio > WANTED))
    Console().print(table)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"))


def _verified(uri: str, name: str, pool: ProcessPoolExecutor) -> float:
    """One walk by the workers of a pool; returns how many seconds it took them."""
    queue = Listed()
    operations = shell_operations(open_database(uri, name), workers=queue)
    operations.fan_out.begin(Walk.VERIFY, RANGES, restart=True)
    started = time.perf_counter()
    states = list(pool.map(partial(_work, uri, name), queue.tasks))
    seconds = time.perf_counter() - started
    progress = operations.fan_out.progress(Walk.VERIFY)
    assert set(states) == {RangeState.DONE.value}
    assert progress is not None
    assert progress.fan_out.finished, "the last one adds it all up"
    assert progress.seen.differences == 0
    return seconds


_opened: dict[str, Operations] = {}


def _work(uri: str, name: str, task: RangeTask) -> str:
    """In a worker's process, which opens its client once."""
    if name not in _opened:
        _opened[name] = shell_operations(open_database(uri, name))
    return _opened[name].fan_out.work(task, 600, 600).value


if __name__ == "__main__":
    main()
