"""Servers for tests: on free ports, in a folder of their own, gone afterwards with everything they kept."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from rich.console import Console

from infra.local import laptop
from infra.local.layout import Layout, Ports
from infra.local.processes import mongod as mongod_piece
from infra.local.processes.emulators import appconfig as appconfig_piece
from infra.local.processes.emulators import issuer as issuer_piece
from infra.local.processes.emulators import localstack as localstack_piece
from infra.local.processes.pieces import Processes
from infra.local.processes.ports import free_ports
from infra.local.processes.supervision import Piece, Supervisor

MEMORY = Path("/dev/shm")  # noqa: S108 the folder in it has a name of its own
ROOM = 8 * 1024**3  # bytes: more than all servers of a test run take together


@contextmanager
def mongod(*options: str, in_memory: bool = False) -> Iterator[str]:
    """Run a MongoDB replica set, with more options of ``mongod`` if need be; yields its URI.

    ``in_memory``: its files lie in memory where there is room, so that no write waits for a disk.
    """
    folder = Path(mkdtemp(prefix="energy-monitor-", dir=_memory() if in_memory else None))
    port = free_ports(1)[0]
    supervisor = Supervisor(folder)
    try:
        supervisor.start(mongod_piece.piece(folder / "mongod", port, *options))
        yield f"mongodb://127.0.0.1:{port}/?replicaSet={mongod_piece.REPLICA_SET}"
    finally:
        supervisor.stop("mongod")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def localstack() -> Iterator[Layout]:
    """Run LocalStack alone, with functions as processes; yields where it is."""
    with _alone(localstack_piece) as layout:
        yield layout


@contextmanager
def appconfig() -> Iterator[Layout]:
    """Run the AppConfig emulator alone, nothing deployed; yields where it is."""
    with _alone(appconfig_piece) as layout:
        yield layout


@contextmanager
def issuer() -> Iterator[Layout]:
    """Run the OpenID Connect provider alone; yields where it is."""
    with _alone(issuer_piece) as layout:
        yield layout


@contextmanager
def stack(*, demo: bool = False) -> Iterator[Layout]:
    """Run the whole system, deployed, with a MongoDB of its own; yields where it is."""
    with empty_stack() as layout:
        laptop.up(layout, Console(stderr=True), demo=demo)
        yield layout


@contextmanager
def empty_stack(purpose: str = "test") -> Iterator[Layout]:
    """A place for a whole system where nothing runs yet; what has come up there meanwhile is ended."""
    layout = _layout(purpose)
    try:
        yield layout
    finally:
        Processes(layout).stop()
        shutil.rmtree(layout.folder, ignore_errors=True)


def _memory() -> Path | None:
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


@contextmanager
def _alone(make: Callable[[Layout], Piece]) -> Iterator[Layout]:
    layout = _layout()
    supervisor, piece = Supervisor(layout.folder), make(layout)
    try:
        supervisor.start(piece)
        yield layout
    finally:
        supervisor.stop(piece.name)
        shutil.rmtree(layout.folder, ignore_errors=True)


def _layout(purpose: str = "test") -> Layout:
    return Layout(f"{purpose}-{uuid4().hex[:8]}", Ports(*free_ports(len(fields(Ports)))))
