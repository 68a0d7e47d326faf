"""Lambda's answers when a function fails outside its own code. Bodies and log lines only, no processes."""

import json
import signal
from dataclasses import dataclass
from datetime import datetime

RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of an invocation: the payload for the caller, and what the platform itself logs about it."""

    payload: bytes
    error_type: str = ""
    log: str = ""
    status: str = ""  # what REPORT says beside the figures: "error", "timeout" or nothing

    @property
    def is_error(self) -> bool:
        """Whether the caller gets a function error."""
        return bool(self.error_type)


def succeeded(payload: bytes) -> Answer:
    """Answer with what the function returned, unless it is larger than Lambda passes on."""
    if len(payload) > RESPONSE_LIMIT_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes)."
        return Answer(_body("Function.ResponseSizeTooLarge", message), "Function.ResponseSizeTooLarge", status="error")
    return Answer(payload)


def failed(payload: bytes) -> Answer:
    """Answer with the error that the runtime client reported: an exception, or a module that does not import."""
    return Answer(payload, _error_type(payload), status="error")


def timed_out(request_id: str, seconds: float, now: datetime) -> Answer:
    """Answer for a function that did not finish within its own time-out."""
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
    message = f"{stamp} {request_id} Task timed out after {seconds:.2f} seconds"
    return Answer(_body("Sandbox.Timedout", message), "Sandbox.Timedout", f"{message}\n\n", "timeout")


def exited(request_id: str, returncode: int) -> Answer:
    """Answer for a process that ended in the middle of an invocation or while it was starting."""
    message = f"RequestId: {request_id} Error: {_reason(returncode)}"
    return Answer(_body("Runtime.ExitError", message), "Runtime.ExitError", f"{message}\nRuntime.ExitError\n", "error")


def _reason(returncode: int) -> str:
    if returncode == 0:
        return "Runtime exited without providing a reason"
    if returncode < 0:
        return f"Runtime exited with error: signal: {(signal.strsignal(-returncode) or str(-returncode)).lower()}"
    return f"Runtime exited with error: exit status {returncode}"


def _body(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _error_type(payload: bytes) -> str:
    try:
        return str(json.loads(payload)["errorType"]) or "Unhandled"
    except (ValueError, KeyError, TypeError):
        return "Unhandled"
