"""Runs a command line in this process, and says how it ended."""

from collections.abc import Callable


def exit_code(run: Callable[[list[str]], object], *arguments: str) -> int | str | None:
    """What a shell gets; 0 where the command simply comes to its end."""
    try:
        run([*arguments])
    except SystemExit as exited:
        return exited.code
    return 0
