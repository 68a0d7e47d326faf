"""Starting, recognising and ending the processes of a stack.

Each piece leads its own session, is recorded with process id and start time (a bare id may belong to somebody else by
now), and carries a mark in its environment that everything it starts inherits. Ending a piece ends all that carries
its mark, so nothing is left of one that was killed itself.
"""

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.errors import OperatorError
from infra.local.processes.logs import OWNER_FILE, last_lines, logs_of
from infra.local.waiting import wait_until

MARK = "ENERGY_MONITOR_STACK"
STOP_SECONDS = 15.0
OWNER_ONLY = 0o077  # what a piece writes, and what it starts, nobody else reads
KEEP_NOTHING = {"localstack"}  # ended by force at once: it would take five seconds to forget everything


@dataclass(frozen=True, slots=True)
class Piece:
    """A program that belongs to a stack. ``ready`` is asked until it holds, for ``ready_seconds`` at most.

    ``after_kill`` says what a person needs to know when it starts again after it did not end in order.
    """

    name: str
    command: list[str]
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    ready_seconds: float = 60.0
    remedy: str = ""
    after_kill: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest of how a piece is started: another one means that a running piece was started in another way."""
        return hashlib.sha256(json.dumps([self.command, self.environment]).encode()).hexdigest()


class Supervisor:
    """Knows the processes of one stack; ``folder`` is the stack's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[str] = []

    def log_of(self, name: str) -> Path:
        """Return the file that holds what a piece prints."""
        return self._folder / "logs" / f"{name}.log"

    def process_of(self, name: str) -> psutil.Process | None:
        """Return the running process of a piece, or None."""
        note = self._note(name)
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            recorded = json.loads(note.read_text())
            process = psutil.Process(recorded["pid"])
            if process.create_time() == recorded["created"] and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def runs_as(self, piece: Piece) -> bool:
        """Return whether the piece runs, started in exactly this way, and answers."""
        if not self.process_of(piece.name):
            return False
        return (
            bool(json.loads(self._note(piece.name).read_text())["fingerprint"] == piece.fingerprint) and piece.ready()
        )

    def start(self, piece: Piece) -> None:
        """Start the piece and return when it is ready. Raises OperatorError with the end of its log."""
        self._started.append(piece.name)
        process = self._launch(piece)
        self._write_note(piece, process.pid)
        is_ready = wait_until(lambda: process.poll() is not None or piece.ready(), piece.ready_seconds)
        # The process is meant to outlive this program; without a code Python would warn about that.
        code, process.returncode = process.poll(), 0
        if code is not None:
            raise OperatorError(f"{piece.name} ended with code {code}.{self._explain(piece)}")
        if not is_ready:
            raise OperatorError(f"{piece.name} was not ready within {piece.ready_seconds:.0f} s.{self._explain(piece)}")
        self._killed(piece.name).unlink(missing_ok=True)

    def was_killed(self, name: str) -> bool:
        """Return whether a piece that does not run any more ended by itself or by force, and was not started since."""
        return self._killed(name).exists() or (self._note(name).exists() and not self.process_of(name))

    def stop(self, name: str) -> bool:
        """End a piece and what it started: politely, then by force. Return whether there was anything."""
        leader, killed = self.process_of(name), self.was_killed(name)
        if leader and name not in KEEP_NOTHING:
            with contextlib.suppress(psutil.NoSuchProcess):
                leader.terminate()
                killed = bool(psutil.wait_procs([leader], timeout=STOP_SECONDS)[1])
        if killed:
            self._killed(name).touch()
        left = list(self._marked(name))
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=STOP_SECONDS)
        self._note(name).unlink(missing_ok=True)
        return bool(leader or left)

    def stop_what_was_started(self) -> None:
        """End the pieces that this supervisor started itself."""
        self.stop_all(self._started)
        self._started.clear()

    def stop_all(self, names: Sequence[str]) -> list[str]:
        """End several pieces side by side; return the names of those that ran."""
        with ThreadPoolExecutor(max_workers=len(names) or 1) as pool:
            return [name for name, ran in zip(names, pool.map(self.stop, names), strict=True) if ran]

    def listening(self, names: Sequence[str]) -> set[int]:
        """Return the ports that these pieces hold."""
        ports = set()
        for process in self._marked(*names):
            with contextlib.suppress(psutil.Error):
                ports |= {held.laddr.port for held in process.net_connections("tcp") if held.status == "LISTEN"}
        return ports

    def _launch(self, piece: Piece) -> subprocess.Popen[bytes]:
        log = self._fresh_log(piece.name)
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE), "wb") as output:  # noqa: PTH123
            try:
                return subprocess.Popen(  # noqa: S603 - the pieces' commands are fixed
                    piece.command,
                    env={**os.environ, **piece.environment, MARK: self._mark(piece.name)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    umask=OWNER_ONLY,
                )
            except FileNotFoundError as error:
                raise OperatorError(
                    f"{piece.name}: there is no program {piece.command[0]}.{self._explain(piece)}"
                ) from error

    def _marked(self, *names: str) -> Iterator[psutil.Process]:
        marks = {self._mark(name) for name in names}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) in marks:
                    yield process

    def _mark(self, name: str) -> str:
        return f"{self._folder}#{name}"

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.process"

    def _killed(self, name: str) -> Path:
        return self._folder / f"{name}.killed"

    def _write_note(self, piece: Piece, pid: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            created = psutil.Process(pid).create_time()
            note = {"pid": pid, "created": created, "fingerprint": piece.fingerprint}
            self._note(piece.name).write_text(json.dumps(note))

    def _fresh_log(self, name: str) -> Path:
        logs_of(self._folder)
        log = self.log_of(name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        return log

    def _explain(self, piece: Piece) -> str:
        return last_lines(self.log_of(piece.name)) + (f"\n{piece.remedy}" if piece.remedy else "")
