"""Starting and ending processes, with small real ones."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.errors import OperatorError
from infra.local.processes.ports import HOST, free_ports
from infra.local.processes.supervision import Piece, Supervisor
from infra.local.waiting import wait_until

SERVER = (
    "import socket, sys, threading; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); threading.Event().wait()"
)
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SERVER!r}, sys.argv[2]])\n{SERVER}"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def piece(code: str, *ports: int, name: str = "sample") -> Piece:
    arguments = [str(port) for port in ports]
    return Piece(name, [sys.executable, "-c", code, *arguments], lambda: all(map(listens, ports)), ready_seconds=20)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop_what_was_started()


def test_a_started_piece_is_ready_and_recognised_by_another_supervisor(supervisor: Supervisor, tmp_path: Path) -> None:
    sample = piece(SERVER, *free_ports(1))
    supervisor.start(sample)
    assert Supervisor(tmp_path).runs_as(sample)


def test_a_piece_that_would_be_started_differently_now_does_not_count(supervisor: Supervisor) -> None:
    port = free_ports(1)[0]
    supervisor.start(piece(SERVER, port))
    assert not supervisor.runs_as(piece(f"{SERVER} # changed", port))


def test_stopping_takes_along_what_the_piece_started(supervisor: Supervisor) -> None:
    ports = free_ports(2)
    supervisor.start(piece(PARENT, *ports))
    assert supervisor.stop("sample")
    assert not any(map(listens, ports))
    assert not supervisor.stop("sample")


def test_what_a_killed_piece_left_behind_is_found_by_its_mark(supervisor: Supervisor) -> None:
    ports = free_ports(2)
    supervisor.start(piece(PARENT, *ports))
    leader = supervisor.process_of("sample")
    assert leader
    leader.kill()
    leader.wait(10)
    assert listens(ports[1])
    assert supervisor.stop("sample")
    assert not listens(ports[1])


def test_other_stacks_are_left_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    port = free_ports(1)[0]
    supervisor.start(piece(SERVER, port))
    assert not Supervisor(tmp_path / "other").stop("sample")
    assert listens(port)


def test_a_process_id_that_belongs_to_somebody_else_by_now_is_not_ours(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "sample.process").write_text(f'{{"pid": {psutil.Process().pid}, "created": 1.0, "fingerprint": ""}}')
    assert supervisor.process_of("sample") is None


def test_a_piece_that_ends_at_once_is_told_with_its_last_words(supervisor: Supervisor) -> None:
    broken = piece("import sys; sys.exit('no such library')", *free_ports(1))
    with pytest.raises(OperatorError, match=r"sample ended with code 1\.\n  no such library\nWhole log: .*sample\.log"):
        supervisor.start(broken)


def test_a_program_that_is_not_there_is_told_with_the_remedy(supervisor: Supervisor) -> None:
    with pytest.raises(OperatorError, match=r"(?s)sample: there is no program no-such-program.*Do this\."):
        supervisor.start(Piece("sample", ["no-such-program"], lambda: True, remedy="Do this."))


def test_the_ports_of_a_piece_are_known_with_those_of_what_it_started(supervisor: Supervisor) -> None:
    ports = free_ports(2)
    supervisor.start(piece(PARENT, *ports))
    assert supervisor.listening(["sample", "other"]) == set(ports)
    assert supervisor.listening(["other"]) == set()


def test_a_piece_that_is_never_ready_is_told_too(supervisor: Supervisor) -> None:
    slow = Piece("sample", [sys.executable, "-c", SERVER, "0"], lambda: False, ready_seconds=0.2, remedy="Do this.")
    with pytest.raises(OperatorError, match=r"(?s)not ready within 0 s.*Do this\."):
        supervisor.start(slow)


def test_what_was_started_is_ended_together(supervisor: Supervisor) -> None:
    ports = free_ports(2)
    for name, port in zip(["one", "two"], ports, strict=True):
        supervisor.start(piece(SERVER, port, name=name))
    supervisor.stop_what_was_started()
    assert wait_until(lambda: not any(map(listens, ports)), 5)


@pytest.mark.parametrize("stopped_too", [False, True])
def test_a_piece_that_was_killed_is_remembered_until_it_starts_again(supervisor: Supervisor, stopped_too: bool) -> None:
    sample = piece(SERVER, *free_ports(1))
    supervisor.start(sample)
    process = supervisor.process_of("sample")
    assert process is not None
    assert not supervisor.was_killed("sample")
    process.kill()
    assert wait_until(lambda: supervisor.process_of("sample") is None, 10)
    if stopped_too:
        supervisor.stop("sample")
    assert supervisor.was_killed("sample")
    supervisor.stop("sample")
    supervisor.start(sample)
    assert not supervisor.was_killed("sample")
    supervisor.stop("sample")
    assert not supervisor.was_killed("sample")


def test_what_a_piece_writes_and_what_it_starts_writes_is_its_owners_alone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    writing = "open({!r}, 'w').write('it'); print('said', flush=True)"
    files = [tmp_path / "own", tmp_path / "child"]
    own, child = (writing.format(str(file)) for file in files)
    code = f"import subprocess, sys; {own}; subprocess.run([sys.executable, '-c', {child!r}])\n{SERVER}"
    log = supervisor.log_of("sample")
    log.parent.mkdir()
    log.write_text("of the run before")
    log.chmod(0o644)
    supervisor.start(piece(code, *free_ports(1)))
    assert "said" in log.read_text()
    for file in (*files, log, log.with_suffix(".log.1")):
        assert file.stat().st_mode & 0o777 == 0o600, file
    for folder in (tmp_path, log.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
