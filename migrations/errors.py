"""Errors that keep a migration from running, each with the exit code of the command line.

MigrationError             1  a script failed, or the database did not answer
├── RefusedError           3  the state of the data does not allow it now; the message says what to do
├── EditedError            4  a script that was applied has been changed or is gone
├── LockedError            5  another runner holds the lock
└── DirtyError             6  a script failed half-way and waits for a decision
"""


class MigrationError(Exception):
    """Raised when a migration cannot be run or did not succeed."""

    exit_code = 1


class RefusedError(MigrationError):
    """Raised when a script cannot run in the present state of the data."""

    exit_code = 3


class EditedError(MigrationError):
    """Raised when an applied script is not the one that was applied."""

    exit_code = 4


class LockedError(MigrationError):
    """Raised when another runner holds the lock, or has taken it from this one."""

    exit_code = 5


class DirtyError(MigrationError):
    """Raised when a script failed before and nobody has decided what becomes of it."""

    exit_code = 6
