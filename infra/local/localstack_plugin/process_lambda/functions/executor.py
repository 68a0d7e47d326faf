"""The executor: what LocalStack calls to run a Lambda function, done with processes instead of containers.

An executor is one execution environment and serves one invocation at a time; LocalStack makes as many as it needs.
Each invocation takes a process of the function from the pool, which starts one where none is idle, and gives it back
unless it failed; so each failure is logged and answered in one place, and a process that was killed while idle is
simply replaced.

Settings (environment of LocalStack): ``PROCESS_LAMBDA_PYTHON`` is the interpreter that has awslambdaric;
``PROCESS_LAMBDA_PASS`` names variables of LocalStack's environment that every function gets too; ``PROCESS_LAMBDA_LOG``
is a file for the log of every invocation.
"""

import os
import platform
import tempfile
import threading
import time
from typing import Any

from localstack import config
from localstack.runtime import events
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import package_cache
from .answers import Answer
from .invocation_log import InvocationLog
from .pool import ProcessPool
from .process import FunctionProcess
from .record import Record
from .runtime_api import Invocation

RUNTIME = f"python:{platform.python_version()}"
LOG = InvocationLog(os.environ.get("PROCESS_LAMBDA_LOG"))
POOL = ProcessPool[FunctionProcess]()


class ProcessRuntimeExecutor(RuntimeExecutor):  # type: ignore[misc]  # LocalStack is not installed where mypy runs
    """One execution environment of one function version."""

    def __init__(self, id: str, function_version: Any) -> None:
        super().__init__(id, function_version)
        self._version = (function_version.qualified_arn, function_version.config.internal_revision)
        self._environment: dict[str, str] = {}
        self._process: FunctionProcess | None = None
        self._lock = threading.Lock()
        self._last_log = ""

    def start(self, env_vars: dict[str, Any]) -> None:
        """Note the environment; the first invocation takes or starts a process."""
        self._environment = _inherited() | {name: str(value) for name, value in env_vars.items()}
        self._environment["LAMBDA_TASK_ROOT"] = str(package_cache.folder_of(self.function_version.config.code))
        POOL.open(self._version, self.id)

    def stop(self) -> None:
        """End a process of the function for good.

        An invocation that has got here comes to its end first, as on Lambda, unless LocalStack itself ends.
        """
        POOL.close(self._version, self.id)
        if events.infra_stopping.is_set():
            self._discard()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one invocation to its end. Never raises for what the function does."""
        settings = self.function_version.config
        request_id = payload["invoke-id"]
        invocation = Invocation(
            request_id,
            payload["invoked-function-arn"],
            payload["payload"].encode(),
            payload.get("trace-id") or "",
            settings.timeout,
        )
        record = Record(request_id, self.function_version.id.qualifier, settings.memory_size)
        try:
            answer = self._run(invocation, record)
        finally:
            self._give_back()
        self._last_log = record.text()
        LOG.append(self.function_version.id.function_name, self._last_log)
        return InvocationResult(request_id, answer.payload, is_error=answer.is_error, logs=self._last_log)

    def _give_back(self) -> None:
        if process := self._without_process():
            POOL.give(self._version, process)

    def _run(self, invocation: Invocation, record: Record) -> Answer:
        while True:
            process, failure = self._ready_process(invocation, record)
            started_at = time.monotonic()
            if answer := failure or process.invoke(invocation):
                break
            self._discard()
        record.started()
        took_ms = (time.monotonic() - started_at) * 1000
        record.ended(process.new_output(), answer, took_ms, process.peak_memory_mb())
        if failure or answer.error_type in {"Sandbox.Timedout", "Runtime.ExitError"}:
            self._discard()
        return answer

    def _ready_process(self, invocation: Invocation, record: Record) -> tuple[FunctionProcess, Answer | None]:
        """A process, and what went wrong where it had to start."""
        failure: Answer | None = None

        def start() -> FunctionProcess:
            nonlocal failure
            process = self._start_process()
            failure = process.wait_until_ready(invocation.request_id, invocation.timeout)
            record.initialised(process.new_output(), RUNTIME, (time.monotonic() - process.started_at) * 1000)
            return process

        process = POOL.take(self._version, start)
        with self._lock:
            self._process = process
        return process, failure

    def _start_process(self) -> FunctionProcess:
        folder = package_cache.folder_of(self.function_version.config.code)
        python = os.environ["PROCESS_LAMBDA_PYTHON"]
        return FunctionProcess(python, self.function_version.config.handler, folder, self._environment)

    def _discard(self) -> None:
        if process := self._without_process():
            POOL.end(self._version, process)

    def _without_process(self) -> FunctionProcess | None:
        with self._lock:
            process, self._process = self._process, None
            return process

    def get_logs(self) -> str:
        """Return the log of the last invocation; LocalStack prints it when something is wrong."""
        return self._last_log

    def get_address(self) -> str:
        """Return where the environment can be reached: it is on this machine."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Return LocalStack's host as the function sees it."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Return the callback address of LocalStack's own runtime client, which is not used here."""
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version: Any) -> None:
        """Unpack the deployment package."""
        if function_version.config.code:
            package_cache.unpack(function_version.config.code)

    @classmethod
    def cleanup_version(cls, function_version: Any) -> None:
        """Keep the package: another version or function may share it."""


def _inherited() -> dict[str, str]:
    """Return the few variables that a function gets from this machine; the home is empty, as on Lambda."""
    passed = [name for name in os.environ.get("PROCESS_LAMBDA_PASS", "").split(",") if name in os.environ]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "HOME": tempfile.gettempdir(),
        "TMPDIR": tempfile.gettempdir(),
        **{name: os.environ[name] for name in passed},
    }
