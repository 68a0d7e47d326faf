"""The end of a log, put behind the message of a failure that it explains."""

from pathlib import Path

LINES = 15


def last_lines(*logs: Path) -> str:
    """Return the end of the first of these files that has something in it, and its name; nothing if none has."""
    for log in logs:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        if lines:
            tail = "\n".join(f"  {line}" for line in lines[-LINES:])
            return f"\n{tail}\nWhole log: {log}"
    return ""
