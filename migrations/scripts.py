"""Migration scripts: files ``NNN_what_it_does.py``, their checksums, and the functions that each offers."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from pymongo.database import Database
from typing_extensions import override

from migrations.errors import MigrationError

FOLDER = Path(__file__).parent
Direction = Literal["up", "down"]
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a script would do, and how many documents it touches."""

    what: str
    documents: int


class Run(Protocol):
    """What a script is given besides the database."""

    def check(self) -> None:
        """Raise LockedError when the lock is no longer this runner's; long scripts ask often."""

    def say(self, text: str) -> None:
        """Show the operator a message."""

    def progress(self, unit: str, total: int) -> AbstractContextManager[Advance]:
        """Show a bar of ``total`` for as long as the block runs; call what it yields with what was done."""

    def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
        """Let workers bring both sides of all meters together and refresh their display; False: there are none.

        ``meters``: how many there are about. ``check`` is called while they work, and may raise.
        """


class QuietRun(Run):
    """Implements ``Run`` for callers that neither watch nor share the database."""

    @override
    def check(self) -> None:
        """Nobody else runs scripts."""

    @override
    def say(self, text: str) -> None:
        """Nobody listens."""

    @override
    def progress(self, unit: str, total: int) -> AbstractContextManager[Advance]:
        """Nobody looks."""
        return nullcontext(lambda _: None)

    @override
    def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
        """Nobody helps."""
        return False


# Scripts whose files are gone, because nothing is left that they could do: no ledger misses them.
REMOVED: tuple[str, ...] = ()
QUIET = QuietRun()


class Migration(Protocol):
    """The functions of a script. ``RESUMABLE``: after an interruption it may simply be run again."""

    RESUMABLE: bool

    def refusal(self, database: Database[Any], direction: Direction) -> str | None:
        """Why it cannot run now and what to do about it; None: it can."""

    def preview(self, database: Database[Any], direction: Direction) -> list[Step]:
        """What it would do. Changes nothing."""

    def up(self, database: Database[Any], run: Run) -> None:
        """Do it."""

    def down(self, database: Database[Any], run: Run) -> None:
        """Undo it."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file."""

    path: Path

    @property
    def name(self) -> str:
        """``001_create_display_collection``."""
        return self.path.stem

    @property
    def checksum(self) -> str:
        """The SHA-256 of the present file, independent of its line ends."""
        return sha256(self.path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()

    def is_what_was_applied(self, checksum: str) -> bool:
        """Whether this file does what the one with ``checksum`` did: it is that file, or names it in ``FORMER``.

        ``FORMER`` holds the checksums of earlier texts of the same script, which did the same in other words.
        """
        return checksum == self.checksum or checksum in getattr(self.load(), "FORMER", ())

    def load(self) -> Migration:
        """Import the file from any folder."""
        spec = spec_from_file_location(f"migrations.{self.name}", self.path)
        if spec is None or spec.loader is None:
            raise MigrationError(f"{self.path} cannot be imported")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return cast(Migration, module)


def scripts(folder: Path = FOLDER) -> list[Script]:
    """All scripts, in order.

    Raises:
        MigrationError: two scripts have one number.
    """
    found = [Script(path) for path in sorted(folder.glob("[0-9][0-9][0-9]_*.py"))]
    for one, other in pairwise(found):
        if one.name[:3] == other.name[:3]:
            raise MigrationError(f"{one.name} and {other.name} have the same number; give one of them another")
    return found
