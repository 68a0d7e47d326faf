"""Speed of ``verify`` by several workers, each a process of its own as a function is, against one that does the same.

Both do all ranges of one walk, claimed and kept as on AWS; only the queue is a list that the processes take from.
Rounds alternate, so both meet the same machine.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from statistics import median

from chalicelib.bootstrap.operations import Operations, shell_operations
from chalicelib.domain.meters.fan_out import RangeQueue, RangeTask
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.database import open_database
from chalicelib.services.refresh.fan_out import RangeState
from tests.performance.benches.verify import METERS, READINGS, USERS, fill
from tests.performance.form import Figure, Target
from tests.performance.setting import server, timed

TITLE = "Verify by several workers"
WORKERS, RANGES, ROUNDS = 4, 32, 3
GAIN = f"one worker / {WORKERS}, seconds of one walk"
TARGETS = {GAIN: Target(1.3, "the workers share the machine's cores with the server that they ask", True)}


@dataclass
class Listed(RangeQueue):
    """The messages of a walk."""

    tasks: list[RangeTask] = field(default_factory=list)

    def send(self, tasks: Sequence[RangeTask]) -> None:
        """Keep them."""
        self.tasks += tasks


def measure() -> Iterator[Figure]:
    """Verify everything by one worker and by four, some times; the first round starts the processes."""
    with server() as (uri, database):
        fill(database, USERS)
        seconds = dict[int, list[float]]()
        with _pool(1) as one, _pool(WORKERS) as several:
            for workers, pool in [(1, one), (WORKERS, several)] * (ROUNDS + 1):
                seconds.setdefault(workers, []).append(_verified(uri, database.name, pool))
    alone, together = (median(each[1:]) for each in seconds.values())
    yield Figure(f"one worker, meters of {READINGS} readings", METERS / alone, "/s")
    yield Figure(f"{WORKERS} workers, {os.cpu_count()} cores", METERS / together, "/s")
    yield Figure(GAIN, alone / together)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"))


def _verified(uri: str, name: str, pool: ProcessPoolExecutor) -> float:
    """One walk by the workers of a pool; returns how many seconds it took them."""
    queue = Listed()
    operations = shell_operations(open_database(uri, name), workers=queue)
    operations.fan_out.begin(Walk.VERIFY, RANGES, restart=True)
    seconds, states = timed(lambda: list(pool.map(partial(_work, uri, name), queue.tasks)))
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
