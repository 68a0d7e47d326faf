"""One function's process: AWS's runtime client in a deployment package, its output, its end.

A process is used until it fails once; its owner then starts a new one. It leads its own process group, so that
killing it also ends what the function started.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty

from . import answers
from .answers import Answer
from .runtime_api import Event, Invocation, RuntimeApi

INIT_SECONDS = 10.0
LAUNCHER = str(Path(__file__).with_name("launch.py"))

# The kernel kills a function when the *thread* that started it ends, so one thread that never ends starts them all.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="function-spawner")


class FunctionProcess:
    """A started process and the Runtime API it talks to."""

    def __init__(self, python: str, handler: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.started_at = time.monotonic()
        self._api = RuntimeApi()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process; close() closes it
        self._read_to = 0
        self._peak_memory_mb = 0
        self._exited = threading.Event()
        command = [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), python, "-m", "awslambdaric", handler]
        everything = {**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        self._process = _SPAWNER.submit(self._spawn, command, folder, everything).result()
        threading.Thread(target=self._announce_exit, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return not self._exited.is_set()

    def wait_until_ready(self, request_id: str, timeout: float) -> Answer | None:
        """Wait for the first request for work; what went wrong instead, if it did. ``timeout`` in seconds.

        Lambda gives initialisation ten seconds and repeats it inside the first invocation; here it goes on instead.
        """
        event = self._wait(INIT_SECONDS + timeout)
        if event is None:
            return answers.timed_out(request_id, INIT_SECONDS + timeout, datetime.now(UTC))
        return None if event.kind == "ready" else self._end_of(event, request_id)

    def invoke(self, invocation: Invocation) -> Answer | None:
        """Hand over one request and wait for its end: an answer, an error, an exit, or the time-out.

        Returns None when the process was killed while idle and never read the request: another one may have it.
        """
        self._api.hand_out(invocation)
        event = self._wait(invocation.timeout, but_not="ready")
        if event is None:
            return answers.timed_out(invocation.request_id, invocation.timeout, datetime.now(UTC))
        if event.kind == "exit" and not self._api.was_taken():
            return None
        return self._end_of(event, invocation.request_id)

    def new_output(self) -> str:
        """Return what the process has written since the last call."""
        length = os.fstat(self._output.fileno()).st_size - self._read_to
        content = os.pread(self._output.fileno(), length, self._read_to)
        self._read_to += len(content)
        return content.decode(errors="replace")

    def peak_memory_mb(self) -> int:
        """Return the most memory the process held; 0 where there is no /proc."""
        with contextlib.suppress(OSError):
            if found := re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text()):
                self._peak_memory_mb = int(found[1]) // 1024
        return self._peak_memory_mb

    def close(self) -> None:
        """Kill the process with everything it started, and stop its Runtime API."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._api.close()
        self._exited.wait()
        self._output.close()

    def _spawn(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the command is put together above
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def _announce_exit(self) -> None:
        returncode = self._process.wait()
        self._exited.set()
        self._api.events.put(Event("exit", returncode=returncode))

    def _wait(self, timeout: float, but_not: str = "") -> Event | None:
        deadline = time.monotonic() + timeout
        try:
            while (event := self._api.events.get(timeout=max(0.0, deadline - time.monotonic()))).kind == but_not:
                pass
        except Empty:
            return None
        return event

    def _end_of(self, event: Event, request_id: str) -> Answer:
        if event.kind == "exit":
            return answers.exited(request_id, event.returncode)
        return answers.succeeded(event.payload) if event.kind == "response" else answers.failed(event.payload)
