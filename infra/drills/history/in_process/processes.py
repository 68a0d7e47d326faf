"""Pools of function processes for a history: each answers one request at a time, is killed, and is made again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import LifoQueue
from random import Random
from tempfile import mkdtemp
from typing import Any

from infra.errors import OperatorError
from infra.local.layout import ROOT
from infra.local.waiting import wait_until

START_SECONDS = 60.0
HELD_SHARE = 0.01  # of the writes: they are held up in the middle
LATEST_FLAGS_SECONDS = 1.0
Message = dict[str, Any]
MakePool = Callable[[int, Random, Message], "FunctionPool"]


class Worker:
    """One process, over its connection. ``how`` is what ``process_source`` must know of it."""

    def __init__(self, address: str, how: Message) -> None:
        self._socket = _connected(address)
        self._stream = self._socket.makefile("rwb")
        self._say(how)
        said = self._stream.readline()
        if not said:
            self.close()
            raise OperatorError("a function's process has ended before it began: is its code sound?")
        self.pid = int(said)
        self.flags = ""

    def ask(self, message: Message) -> Message | None:
        """What it answers; None where it was killed meanwhile."""
        try:
            self._say(message)
            line = self._stream.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    def _say(self, message: Message) -> None:
        self._stream.write(json.dumps(message).encode() + b"\n")
        self._stream.flush()

    def close(self) -> None:
        """The process ends by itself when its connection does."""
        with suppress(OSError):
            self._stream.close()
        self._socket.close()


class FunctionPool:
    """A fixed number of processes; a caller waits for a free one. New flags reach each of them within a second.

    ``how``: what ``process_source`` must know of each.
    """

    def __init__(self, address: str, size: int, random: Random, how: Message) -> None:
        self._address = address
        self._how = how
        self._free: LifoQueue[Worker] = LifoQueue()
        self._random = random
        self._lock = threading.Lock()
        self._alive: dict[int, Worker] = {}
        self._flags, self._flags_since = "", 0.0
        for _ in range(size):
            self._free.put(self._made())

    def ask(self, message: Message) -> Message | None:
        """What a function answers; None where its process was killed: another one takes its place."""
        worker = self._free.get()
        answer = worker.ask(message | self._news(worker))
        if answer is None:
            with self._lock:
                self._alive.pop(worker.pid, None)
            worker.close()
            worker = self._made()
        self._free.put(worker)
        return answer

    def deploy(self, flags: str) -> None:
        """Another flag document, from now on."""
        self._flags, self._flags_since = flags, time.monotonic()

    def kill(self) -> int:
        """Kill one process, whatever it does just now; returns its id."""
        with self._lock:
            pid = self._random.choice(list(self._alive))
            os.kill(pid, signal.SIGKILL)
            return pid

    def close(self) -> None:
        """End all processes."""
        for worker in [*self._alive.values()]:
            worker.close()

    def _news(self, worker: Worker) -> Message:
        """The flags that a process does not know yet; it polls as seldom as it likes."""
        flags, waits = self._flags, time.monotonic() - self._flags_since
        if worker.flags == flags or self._random.uniform(0, LATEST_FLAGS_SECONDS) > waits:
            return {}
        worker.flags = flags
        return {"flags": flags}

    def _made(self) -> Worker:
        worker = Worker(self._address, self._how)
        with self._lock:
            self._alive[worker.pid] = worker
        return worker


@contextmanager
def function_source(uri: str, database: str) -> Iterator[MakePool]:
    """Start the source of the pools' processes, with what ``process_source`` must know of them."""
    folder = Path(mkdtemp(prefix="energy-monitor-history-"))
    address, log = str(folder / "functions"), folder / "log"
    with log.open("wb") as said:
        source = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", f"{__package__}.process_source", address, uri, database],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )

    try:
        if not wait_until(lambda: Path(address).exists() or source.poll() is not None, START_SECONDS) or source.poll():
            raise OperatorError(f"no function process can be made: {log.read_text()[-1000:]}")
        yield partial(FunctionPool, address)
    finally:
        if source.stdin:
            source.stdin.close()
        source.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _connected(address: str) -> socket.socket:
    """The source binds before it listens."""
    connection = socket.socket(socket.AF_UNIX)

    def connected() -> bool:
        with suppress(ConnectionRefusedError):
            connection.connect(address)
            return True
        return False

    if not wait_until(connected, START_SECONDS):
        raise OperatorError("the process that makes functions does not answer")
    return connection
