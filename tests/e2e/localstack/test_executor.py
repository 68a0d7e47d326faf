"""Functions as processes: what Lambda promises, kept by the executor on a LocalStack of its own."""

import base64
import io
import json
import re
import signal
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from botocore.config import Config

from infra.deployment.application import Target
from infra.local import layout as layouts
from infra.local.layout import REGION, Layout, Ports
from infra.local.processes import emulators, mongod
from infra.local.processes.ports import free_ports
from infra.local.processes.supervision import Piece, Supervisor
from infra.local.throwaway import localstack
from infra.local.waiting import wait_until

SAMPLES = Path(__file__).with_name("sample_functions.py")


@dataclass(frozen=True)
class Outcome:
    """How one invocation ended: what the caller gets, and the log that Lambda hands out with it."""

    payload: Any
    error: str | None
    log: str


@dataclass(frozen=True)
class Functions:
    """Deploys and calls the sample functions."""

    layout: Layout

    def client(self, service: str) -> Any:
        return Target(REGION, self.layout.localstack_url).client(service)

    def deploy(self, handler: str, *, timeout: int = 10, **environment: str) -> str:
        name = f"{handler}-{uuid4().hex[:8]}"
        client = self.client("lambda")
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/sample",
            Handler=f"sample_functions.{handler}",
            Code={"ZipFile": _archive()},
            Timeout=timeout,
            Environment={"Variables": environment},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return name

    def invoke(self, name: str, **event: Any) -> Outcome:
        answer = self._patient_client().invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return Outcome(json.loads(answer["Payload"].read()), answer.get("FunctionError"), log)

    def _patient_client(self) -> Any:
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        return Target(REGION, self.layout.localstack_url).session.client(
            "lambda", endpoint_url=self.layout.localstack_url, config=config
        )


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(SAMPLES, SAMPLES.name)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def functions(emulator: Layout) -> Functions:
    return Functions(emulator)


@pytest.fixture
def new_localstack() -> Iterator[Functions]:
    """A LocalStack that the test may kill."""
    with localstack() as layout:
        yield Functions(layout)


def test_a_function_gets_its_environment_and_nothing_of_this_machines(functions: Functions) -> None:
    environment = functions.invoke(functions.deploy("report", COLOUR="green")).payload["environment"]
    assert environment["COLOUR"] == "green"
    assert environment["AWS_ENDPOINT_URL"] == functions.layout.localstack_url
    assert {"AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "LAMBDA_TASK_ROOT"} <= set(environment)
    assert Path(environment["HOME"]) != Path.home()
    assert "PYTEST_CURRENT_TEST" not in environment


def test_an_invocation_comes_to_its_end_while_its_function_is_replaced(functions: Functions, tmp_path: Path) -> None:
    name, client = functions.deploy("meet"), functions.client("lambda")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(functions.invoke, name, folder=str(tmp_path), expected=2)
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 1, 10)
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "green"}})
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        second = functions.invoke(name, folder=str(tmp_path), expected=2)
    assert [first.result().error, second.error] == [None, None]


def test_several_functions_and_several_invocations_of_one_run_at_once(functions: Functions, tmp_path: Path) -> None:
    names = [functions.deploy("meet"), functions.deploy("meet")]
    with ThreadPoolExecutor(max_workers=6) as pool:
        calls = [pool.submit(functions.invoke, names[i % 2], folder=str(tmp_path), expected=6) for i in range(6)]
        outcomes = [call.result() for call in calls]
    assert {outcome.error for outcome in outcomes} == {None}
    assert len({tuple(outcome.payload) for outcome in outcomes}) == 1
    assert len(outcomes[0].payload) == 6


def test_a_warm_process_is_used_again(functions: Functions) -> None:
    name = functions.deploy("report")
    first, second = functions.invoke(name), functions.invoke(name)
    assert first.payload["pid"] == second.payload["pid"]
    assert "Init Duration" in first.log
    assert "Init Duration" not in second.log


def test_a_hung_function_ends_at_its_own_time_out_with_whatever_it_started(
    functions: Functions, tmp_path: Path
) -> None:
    name = functions.deploy("hang", timeout=1)
    outcome = functions.invoke(name, file=str(tmp_path / "pids"))
    assert outcome.error == "Unhandled"
    assert outcome.payload["errorType"] == "Sandbox.Timedout"
    stamp, request_id, rest = outcome.payload["errorMessage"].split(" ", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)
    assert rest == "Task timed out after 1.00 seconds"
    assert f"END RequestId: {request_id}" in outcome.log
    assert "Status: timeout" in outcome.log
    assert_gone(int(pid) for pid in (tmp_path / "pids").read_text().split())


def test_an_exception_comes_back_as_lambda_reports_it_and_the_process_lives_on(functions: Functions) -> None:
    name = functions.deploy("fail")
    outcome = functions.invoke(name)
    message = f"a defect in process {functions.invoke(name, succeed=True).payload}"
    assert (outcome.error, outcome.payload["errorType"]) == ("Unhandled", "ValueError")
    assert outcome.payload["errorMessage"] == message
    assert "sample_functions.py" in outcome.payload["stackTrace"][0]
    assert f"[ERROR] ValueError: {message}" in outcome.log


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"code": 3}, "Runtime exited with error: exit status 3"),
        ({"code": 0}, "Runtime exited without providing a reason"),
        ({"signal": signal.SIGKILL}, "Runtime exited with error: signal: killed"),
        ({"signal": signal.SIGSEGV}, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_dies_in_the_middle_is_an_exit_error(
    functions: Functions, event: dict[str, int], reason: str
) -> None:
    outcome = functions.invoke(functions.deploy("leave"), **event)
    assert (outcome.error, outcome.payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert outcome.payload["errorMessage"].endswith(reason)
    assert "Error Type: Runtime.ExitError" in outcome.log


def test_after_a_crash_the_next_invocation_gets_a_fresh_process(functions: Functions) -> None:
    name = functions.deploy("leave")
    assert "Init Duration" in functions.invoke(name, code=1).log
    assert "Init Duration" in functions.invoke(name, code=2).log


def test_a_module_that_does_not_import_is_an_import_error(functions: Functions) -> None:
    client = functions.client("lambda")
    name = functions.deploy("report")
    client.update_function_configuration(FunctionName=name, Handler="no_such_module.report")
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    outcome = functions.invoke(name)
    assert (outcome.error, outcome.payload["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert "no_such_module" in outcome.log


def test_leaving_while_importing_is_an_exit_error(functions: Functions) -> None:
    outcome = functions.invoke(functions.deploy("report", EXIT_AT_IMPORT="1"))
    assert outcome.payload["errorType"] == "Runtime.ExitError"
    assert outcome.payload["errorMessage"].endswith("exit status 5")


def test_an_idle_process_that_was_killed_does_not_break_the_next_invocation(functions: Functions) -> None:
    name = functions.deploy("report")
    for _ in range(10):
        pid = functions.invoke(name).payload["pid"]
        psutil.Process(pid).kill()  # it may end before, while or after the next invocation is handed to it
        outcome = functions.invoke(name)
        assert outcome.error is None
        assert outcome.payload["pid"] != pid


def test_a_response_larger_than_lambda_passes_on_is_an_error(functions: Functions) -> None:
    outcome = functions.invoke(functions.deploy("large"), size=6 * 1024 * 1024 + 200)
    assert outcome.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_the_log_of_each_request_reaches_cloudwatch(functions: Functions) -> None:
    name = functions.deploy("report")
    lines = [f"line {uuid4().hex}" for _ in range(3)]
    for line in lines:
        functions.invoke(name, line=line)
    messages = logged(functions, name, lambda found: sum("REPORT" in message for message in found) == 3)
    for line in lines:
        at = messages.index(line)
        request_id = messages[at - 1].split()[2]
        assert messages[at - 1] == f"START RequestId: {request_id} Version: $LATEST"
        assert messages[at + 1] == f"END RequestId: {request_id}"
        figures = (
            rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms"
            r"\tMemory Size: 128 MB\tMax Memory Used: [1-9]\d* MB"
        )
        assert re.match(figures, messages[at + 2])


def test_the_log_of_each_request_is_in_the_functions_file_too(functions: Functions) -> None:
    name, failing = functions.deploy("report"), functions.deploy("fail")
    line = f"line {uuid4().hex}"
    functions.invoke(name, line=line)
    functions.invoke(failing)
    records = functions.layout.functions_log.read_text()
    own = records[records.index(name) : records.index(failing)]
    assert [word in own for word in ("START RequestId", line, "REPORT RequestId")] == [True] * 3
    assert "ValueError: a defect in process" in records[records.index(failing) :]


def test_nothing_listens_anywhere_but_on_this_machine(functions: Functions) -> None:
    functions.invoke(functions.deploy("report"))
    leader = Supervisor(functions.layout.folder).process_of("localstack")
    assert leader
    listening = addresses(leader)
    assert {port for _, port in listening} >= {functions.layout.ports.localstack, functions.layout.ports.api}
    assert {host for host, _ in listening} == {"127.0.0.1"}


@pytest.mark.parametrize("name", ["mongod", "appconfig"])
def test_neither_do_the_other_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setattr(layouts, "ROOT", tmp_path)
    stack = Layout("sample", Ports(*free_ports(5)))
    piece = mongod.piece(tmp_path, stack.ports.mongodb) if name == "mongod" else emulators.appconfig(stack)
    with running(piece, stack.folder) as leader:
        assert addresses(leader) == {("127.0.0.1", port) for port in piece.ports.values()}


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_no_process_outlives_localstack(new_localstack: Functions, tmp_path: Path, end: str) -> None:
    supervisor = Supervisor(new_localstack.layout.folder)
    leader = supervisor.process_of("localstack")
    assert leader
    idle = new_localstack.invoke(new_localstack.deploy("report")).payload["pid"]
    hanging = new_localstack.deploy("hang", timeout=60)
    note = tmp_path / "pids"
    new_localstack.client("lambda").invoke(
        FunctionName=hanging, InvocationType="Event", Payload=json.dumps({"file": str(note)})
    )
    assert wait_until(lambda: note.exists() and len(note.read_text().split()) == 2, 30)
    busy, child = (int(pid) for pid in note.read_text().split())
    if end == "killed":
        leader.kill()
        assert_gone([leader.pid, idle, busy])
    assert supervisor.stop("localstack")
    assert_gone([leader.pid, idle, busy, child])


def logged(functions: Functions, name: str, complete: Callable[[list[str]], bool]) -> list[str]:
    """The lines that CloudWatch keeps for a function, as soon as they are complete."""
    messages: list[str] = []

    def ask() -> bool:
        client = functions.client("logs")
        group = f"/aws/lambda/{name}"
        groups = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        events = client.filter_log_events(logGroupName=group)["events"] if groups else []
        messages[:] = [event["message"].rstrip("\n") for event in events]
        return complete(messages)

    assert wait_until(ask, 20), messages
    return messages


@contextmanager
def running(piece: Piece, folder: Path) -> Iterator[psutil.Process]:
    """A piece alone; yields its process."""
    supervisor = Supervisor(folder)
    try:
        supervisor.start(piece)
        leader = supervisor.process_of(piece.name)
        assert leader
        yield leader
    finally:
        supervisor.stop(piece.name)


def addresses(leader: psutil.Process) -> set[tuple[str, int]]:
    """Where a process and what it started listen."""
    return {
        (connection.laddr.ip, connection.laddr.port)
        for process in [leader, *leader.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def assert_gone(pids: Any) -> None:
    """No process of these runs, or will in a moment."""
    pids = list(pids)
    assert wait_until(lambda: not any(runs(pid) for pid in pids), 10), [pid for pid in pids if runs(pid)]


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
