"""The logs of a stack: private to their owner; the end of one explains a failure, behind its message."""

from contextlib import suppress
from pathlib import Path

LINES = 15
OWNER_FOLDER, OWNER_FILE = 0o700, 0o600


def logs_of(folder: Path) -> Path:
    """Return the folder of a stack's logs; both folders and all that lies in this one are its owner's alone."""
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    for private in (folder, logs):
        private.chmod(OWNER_FOLDER)
    for log in logs.iterdir():
        with suppress(FileNotFoundError):  # another piece that starts puts its own aside
            log.chmod(OWNER_FILE)
    return logs


def last_lines(*logs: Path) -> str:
    """Return the end of the first of these files that has something in it, and its name; nothing if none has."""
    for log in logs:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        if lines:
            tail = "\n".join(f"  {line}" for line in lines[-LINES:])
            return f"\n{tail}\nWhole log: {log}"
    return ""
