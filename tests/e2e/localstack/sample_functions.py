"""Sample functions that the executor's tests deploy: they succeed, fail, hang and die in every way that matters."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

if os.environ.get("EXIT_AT_IMPORT"):
    sys.exit(5)


def report(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Say who runs, and write a line of the caller's."""
    sys.stdout.write(f"{event.get('line', 'nothing to say')}\n")
    return {"pid": os.getpid(), "environment": dict(os.environ)}


def meet(event: dict[str, Any], _context: Any) -> list[str]:
    """Wait until as many invocations as expected run at the same time; returns their processes."""
    folder = Path(event["folder"])
    (folder / str(os.getpid())).touch()
    while len(present := sorted(file.name for file in folder.iterdir())) < event["expected"]:
        Event().wait(0.01)
    return present


def fail(event: dict[str, Any], _context: Any) -> int:
    """Raise, as a function with a defect does, unless the event says otherwise; either way log which process it is."""
    if not event.get("succeed"):
        raise ValueError(f"a defect in process {os.getpid()}")
    return os.getpid()


def leave(event: dict[str, Any], _context: Any) -> None:
    """End the process in the middle of the invocation, by an exit code or by a signal."""
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
    os._exit(event["code"])


def hang(event: dict[str, Any], _context: Any) -> None:
    """Note this process and a child of it, then never come back."""
    child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    Path(event["file"]).write_text(f"{os.getpid()} {child.pid}")
    Event().wait()


def large(event: dict[str, Any], _context: Any) -> str:
    """Return more than Lambda passes on."""
    return "x" * int(event["size"])
