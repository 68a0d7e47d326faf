"""A file with the log of every invocation of every function: for people, who have no CloudWatch console here.

It stays small: when it is full it becomes ``<name>.1``, and a new one begins. Of one invocation it keeps the end.
"""

import logging
from logging.handlers import RotatingFileHandler

FILE_BYTES = 5_000_000
RECORD_CHARACTERS = 100_000


class InvocationLog:
    """Appends to ``file``; to nothing when there is no name."""

    def __init__(self, file: str | None, file_bytes: int = FILE_BYTES) -> None:
        self._logger = logging.Logger("invocations")  # of its own: LocalStack's logging settings stay out of it
        self._handler: logging.Handler = logging.NullHandler()
        if file:
            self._handler = RotatingFileHandler(file, maxBytes=file_bytes, backupCount=1, encoding="utf-8", delay=True)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._logger.addHandler(self._handler)

    def append(self, function: str, text: str) -> None:
        """Add one invocation's record under a line with the time and the function's name."""
        self._logger.info("%s\n%s", function, text[-RECORD_CHARACTERS:].rstrip("\n"))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
