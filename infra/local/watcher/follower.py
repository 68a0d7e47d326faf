"""Follows a log file as it grows, also when it is replaced by a new one of the same name."""

import os
from pathlib import Path
from typing import BinaryIO


class Follower:
    """Reads what is written to ``file`` from now on."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._open: BinaryIO | None = None
        self._rest = b""
        if file.exists():
            self._open = file.open("rb")
            self._open.seek(0, os.SEEK_END)

    def lines(self) -> list[str]:
        """Return the lines that were finished since the last call."""
        text = self._rest + self._read()
        while new := self._successor():
            text += self._read()  # what came before the old file was put aside
            self.close()
            self._open = new
            text += self._read()
        *whole, self._rest = text.split(b"\n")
        return [line.decode(errors="replace") for line in whole]

    def close(self) -> None:
        """Close the file."""
        if self._open:
            self._open.close()

    def _read(self) -> bytes:
        return self._open.read() if self._open else b""

    def _successor(self) -> BinaryIO | None:
        """Open the file that has got the name since, if one has."""
        try:
            new = self._path.open("rb")
        except FileNotFoundError:
            return None
        if self._open and os.path.sameopenfile(new.fileno(), self._open.fileno()):
            new.close()
            return None
        return new
