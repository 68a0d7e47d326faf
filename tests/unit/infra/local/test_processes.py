"""What happens to the processes of a stack when it is brought up in another way."""

import io
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from infra.errors import OperatorError
from infra.local import layout
from infra.local.layout import Layout, Ports
from infra.local.processes import emulators
from infra.local.processes.pieces import Processes
from infra.local.processes.ports import HOST, free_ports
from infra.local.processes.supervision import Piece
from infra.local.steps import Steps
from infra.local.waiting import wait_until

SERVER = (
    f"import socket, sys, threading; s = socket.create_server(({HOST!r}, int(sys.argv[1])));threading.Event().wait()"
)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Processes]:
    """A stack of which the database's port is held by a process that was started in another way."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    stack = Layout("sample", Ports(*free_ports(5)))
    processes = Processes(stack)
    command = [sys.executable, "-c", SERVER, str(stack.ports.mongodb)]
    processes.supervisor.start(Piece("mongod", command, lambda: stack.ports.mongodb in listening(processes)))
    yield processes
    processes.stop()


def listening(processes: Processes) -> set[int]:
    return processes.supervisor.listening(["mongod"])


def steps() -> Steps:
    return Steps(Console(file=io.StringIO()))


def test_a_port_of_somebody_elses_is_refused_before_anything_is_ended(processes: Processes) -> None:
    with (
        socket.create_server((HOST, processes._layout.ports.api)),
        pytest.raises(OperatorError, match=r"Port \d+ \(api\) is taken"),
    ):
        processes.start(steps(), {})
    assert processes.supervisor.process_of("mongod")


def test_an_existing_database_ends_the_stacks_own_server_when_all_is_up(processes: Processes) -> None:
    here = processes._layout
    processes.stop_unneeded()
    assert processes.supervisor.process_of("mongod")
    Processes(Layout(here.name, here.ports, "mongodb://elsewhere/")).stop_unneeded()
    assert not processes.supervisor.process_of("mongod")


def test_a_stack_whose_appconfig_was_killed_says_that_flags_are_old_and_what_brings_them_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    stack = Layout("sample", Ports(*free_ports(5)))
    processes, shown = Processes(stack), io.StringIO()
    command = [sys.executable, "-c", SERVER, str(stack.ports.appconfig)]
    idle = replace(emulators.appconfig(stack), command=command, ready=lambda: True)
    monkeypatch.setattr(processes, "_pieces", lambda: [idle])
    try:
        for _ in range(2):
            processes.start(Steps(Console(file=shown, width=300)), {})
        assert "killed" not in shown.getvalue()
        leader = processes.supervisor.process_of("appconfig")
        assert leader is not None
        leader.kill()
        assert wait_until(lambda: processes.supervisor.process_of("appconfig") is None, 10)
        processes.start(Steps(Console(file=shown, width=300)), {})
    finally:
        processes.stop()
    assert "flags are back at their last orderly state" in shown.getvalue()
    assert "python -m infra flags restore --name sample" in shown.getvalue()
