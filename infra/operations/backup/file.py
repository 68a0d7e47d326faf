"""A backup as a file: gzip with one document of canonical extended JSON a line, whole or refused.

The first line says what it is, the last one how many documents of each collection there are and the digest of all lines
before it. What is carried lives in ``data``.
"""

import fcntl
import gzip
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from bson.json_util import JSONMode, JSONOptions, dumps, loads

from infra.errors import OperatorError

FORMAT, VERSION = "energy-monitor backup", 1
OWNER_ONLY = 0o600
# Every type comes back as it was: 32 and 64 bits, doubles, Decimal128, dates of any year.
OPTIONS = JSONOptions(json_mode=JSONMode.CANONICAL, datetime_conversion=DatetimeConversion.DATETIME_MS)
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a whole backup says of itself: its first line, how many documents of each collection, its digest."""

    header: Document
    counts: Mapping[str, int]
    digest: str


class Writer:
    """Writes the lines of a backup and counts them."""

    def __init__(self, file: gzip.GzipFile, header: Document) -> None:
        self._file = file
        self._digest = sha256()
        self.counts: Counter[str] = Counter()
        self._line({"format": FORMAT, "version": VERSION, **header})

    def add(self, collection: str, document: Mapping[str, Any]) -> None:
        """One more document of a collection."""
        self.counts[collection] += 1
        self._line({"in": collection, "document": document})

    def end(self) -> None:
        """The last line."""
        self._line({"counts": dict(self.counts), "sha256": self._digest.hexdigest()})

    def _line(self, document: Document) -> None:
        line = dumps(document, json_options=OPTIONS).encode() + b"\n"
        self._digest.update(line)
        self._file.write(line)


@contextmanager
def new_file(path: Path) -> Iterator[gzip.GzipFile]:
    """A file that has its name only when it is whole; for its owner's eyes only.

    Raises:
        OperatorError: there is a file of that name, which may be the last good backup; or somebody else writes it now.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT, OWNER_ONLY), "wb") as file:  # noqa: PTH123
        _take(file, unfinished, path)
        try:
            if path.exists():
                raise OperatorError(f"{path} is there already: name another file, or remove it")
            file.truncate()  # what a killed backup has left
            os.fchmod(file.fileno(), OWNER_ONLY)
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=zlib.Z_DEFAULT_COMPRESSION) as packed:
                yield packed
            file.flush()
            os.fsync(file.fileno())
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def _take(file: IO[bytes], unfinished: Path, path: Path) -> None:
    """Lock the file that is to become ``path``: else the first of two would give a half written one its name."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = os.path.samestat(os.fstat(file.fileno()), unfinished.stat())
    except (BlockingIOError, FileNotFoundError):
        is_ours = False  # not where whoever had it has renamed it meanwhile
    if not is_ours:
        raise OperatorError(f"another backup writes {path} just now: wait for it, or name another file")


def inspected(path: Path) -> Contents:
    """Read a whole backup and say what is in it. Raises OperatorError where it is damaged, says how."""
    found: list[Contents] = []
    for _ in documents(path, found.append):
        pass
    return found[0]


def documents(path: Path, ended: Callable[[Contents], None] = lambda _: None) -> Iterator[tuple[str, Document]]:
    """Every document with its collection, in the order of the file; ``ended`` gets what it is, at its end.

    Raises:
        OperatorError: this is no backup, or not a whole one; also after documents were given out.
    """
    digest, counts, header, last = sha256(), Counter[str](), None, None
    for number, line in enumerate(_lines(path), 1):
        if last is not None:
            raise OperatorError(f"{path} was edited: line {number} comes after its last line")
        read = _read(path, number, line)
        if header is None:
            header = _header(path, read)
        elif "sha256" in read:
            last = read
            continue
        else:
            counts[read["in"]] += 1
            yield read["in"], read["document"]
        digest.update(line)
    if header is None or last is None:
        raise OperatorError(f"{path} is truncated: it has no last line, after {_shown(counts)}")
    if (last["sha256"], last["counts"]) != (digest.hexdigest(), dict(counts)):
        raise OperatorError(f"{path} was edited or damaged: its digest and counts are not those of its last line")
    ended(Contents(header, counts, digest.hexdigest()))


def _lines(path: Path) -> Iterator[bytes]:
    lines = 0
    try:
        with gzip.open(path) as file:
            for line in file:
                lines += 1
                yield line
    except EOFError as error:
        raise OperatorError(f"{path} is truncated: it ends in line {lines + 1}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise OperatorError(f"{path} is damaged after line {lines}, or no backup: {error}") from error


def _read(path: Path, number: int, line: bytes) -> Document:
    try:
        read = loads(line, json_options=OPTIONS)
    except (ValueError, TypeError, BSONError) as error:
        raise OperatorError(f"{path} is damaged: line {number} is not extended JSON: {error}") from error
    if not isinstance(read, dict) or not ({"in", "document"} <= read.keys() or {"format", "sha256"} & read.keys()):
        raise OperatorError(f"{path} is no backup of Energy Monitor, or was edited: see line {number}")
    return read


def _header(path: Path, read: Document) -> Document:
    if read.get("format") != FORMAT:
        raise OperatorError(f"{path} is no backup of Energy Monitor: its first line does not say so")
    if read["version"] != VERSION:
        raise OperatorError(f"{path} has version {read['version']} of the format; this program reads {VERSION}")
    return read


def _shown(counts: Mapping[str, int]) -> str:
    return counted(counts) or "no document"


def counted(counts: Mapping[str, int], order: Sequence[str] = ()) -> str:
    """Documents per collection, in words."""
    return ", ".join(f"{name} {counts[name]:,}" for name in order or counts if counts.get(name))
