"""Applies and reverts scripts: under the lock, in order, each remembered before and after it runs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.database import Database
from pymongo.errors import ConnectionFailure
from typing_extensions import override

from chalicelib.domain.errors import UnavailableError
from chalicelib.repositories.control import sync_state
from migrations.errors import LockedError, MigrationError, RefusedError
from migrations.ledger import INTERRUPTED, Ledger, State
from migrations.lock import LOCK_SECONDS, Lock, holder
from migrations.scripts import FOLDER, QUIET, Advance, Direction, Migration, Run, Script, Step, scripts

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller can say about a run. ``retry``: go on with a script that failed."""

    folder: Path = FOLDER
    retry: bool = False
    lock_seconds: float = LOCK_SECONDS
    run: Run = QUIET


DEFAULT = Options()
BASE = "base"  # alembic's word for the state before the first script
Choice = Callable[[Ledger, list[Script]], list[Script]]


@dataclass(frozen=True, slots=True)
class Planned:
    """One script that a command would run: what it would do, or why it cannot."""

    name: str
    steps: Sequence[Step]
    refused: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """One script as ``status`` shows it."""

    name: str
    state: str
    detail: str


def pending(database: Database[Any], folder: Path = FOLDER) -> list[str]:
    """The names of the scripts that are not applied, in order."""
    return [script.name for script in Ledger(database).pending(scripts(folder))]


def up(database: Database[Any], last: str | None = None, options: Options = DEFAULT) -> list[str]:
    """Apply what is pending, up to and including ``last``; returns the names.

    Stops before a script that the state of the data does not allow yet: ``refusal`` says why.

    Raises:
        LockedError, EditedError, DirtyError: nothing was changed.
        MigrationError: there is no script ``last``; nothing was changed.
        LostModeError: neither, because the sync mode is lost.
        MigrationError: a script failed; it is marked as failed.
    """
    return _run_all(database, "up", options, lambda ledger, known: _until(ledger.pending(known), known, last))


def down(
    database: Database[Any],
    steps: int = 1,
    options: Options = DEFAULT,
    *,
    last: str | None = None,
    agreed: Sequence[str] | None = None,
) -> list[str]:
    """Revert the ``steps`` scripts applied last, or all after ``last``, which remains applied; the latest first.

    ``last`` may be ``base``: all are reverted. ``agreed``: the scripts that a person has seen and agreed to, None: any.
    Returns the names.

    Raises:
        MigrationError: others than the agreed ones would be reverted by now; nothing was changed.
        RefusedError: the state of the data does not allow it; the message says what was reverted before, if anything.
        LockedError, EditedError, DirtyError, MigrationError: as for ``up``.
    """

    def chosen(ledger: Ledger, known: list[Script]) -> list[Script]:
        found = _to_revert(ledger, known, last, steps)
        if agreed is not None and [script.name for script in found] != [*agreed]:
            raise MigrationError(
                "somebody has applied or reverted scripts meanwhile, so others than those that were shown would be "
                "reverted; nothing was changed: look again, then run the command again"
            )
        return found

    return _run_all(database, "down", options, chosen)


def refusal(
    database: Database[Any], direction: Direction, folder: Path = FOLDER, last: str | None = None
) -> str | None:
    """Why the next script of a direction cannot run now; None: it can, or there is none.

    ``last``: on the way up, nothing after this one was asked for.
    """
    ledger, known = Ledger(database), scripts(folder)
    following = _until(ledger.pending(known), known, last) if direction == "up" else _revertible(ledger, known)
    if not following:
        return None
    reason = following[0].load().refusal(database, direction)
    return reason and f"{following[0].name}: {reason}"


def plan(
    database: Database[Any],
    direction: Direction,
    options: Options = DEFAULT,
    *,
    last: str | None = None,
    steps: int = 1,
) -> list[Planned]:
    """What ``up`` or ``down`` would do, as things are now. Changes nothing.

    Raises:
        LostModeError, EditedError, DirtyError: as the command itself would.
    """
    sync_state(database)
    ledger, known = Ledger(database), scripts(options.folder)
    ledger.check_unedited(known)
    chosen = _until(ledger.pending(known), known, last) if direction == "up" else _to_revert(ledger, known, last, steps)
    for script in chosen:
        ledger.check_clean(script, options.retry)
    return [_planned(database, script, direction) for script in chosen]


def status(database: Database[Any], folder: Path = FOLDER) -> list[Status]:
    """Every script, applied ones whose file is gone included."""
    ledger, known = Ledger(database), scripts(folder)
    edited, running = ledger.edited(known), holder(ledger.records) is not None
    names = sorted({*(script.name for script in known), *edited})
    return [_status(name, ledger, edited.get(name), running) for name in names]


def resolve(database: Database[Any], name: str, state: State, options: Options = DEFAULT) -> None:
    """Take the operator's word that a script counts as applied or pending.

    Raises:
        MigrationError: there is no such script.
        LockedError: another runner holds the lock.
    """
    with Lock(Ledger(database).records, options.lock_seconds):
        Ledger(database).resolve(_named(scripts(options.folder), name), state)


def _run_all(database: Database[Any], direction: Direction, options: Options, choose: Choice) -> list[str]:
    with Lock(Ledger(database).records, options.lock_seconds) as lock:
        sync_state(database)  # where the mode is lost, nobody knows which readings a script may believe
        ledger, known = Ledger(database), scripts(options.folder)
        ledger.check_unedited(known)
        done: list[str] = []
        for script in choose(ledger, known):
            ledger.check_clean(script, options.retry)
            if reason := script.load().refusal(database, direction):
                if direction == "down":
                    raise RefusedError(f"{script.name}: {reason}" + (f" (reverted: {', '.join(done)})" if done else ""))
                break
            _run_one(database, script, direction, ledger, _Held(lock, options.run))
            done.append(script.name)
        return done


def _run_one(database: Database[Any], script: Script, direction: Direction, ledger: Ledger, run: "_Held") -> None:
    ledger.begin(script, direction, run.lock.owner)
    try:
        _do(script.load(), database, direction, run)
    except LockedError:
        raise  # the record belongs to the runner that has the lock now
    except Exception as error:
        ledger.fail(script, f"{type(error).__name__}: {error}")
        raise MigrationError(f"{script.name} failed: {error}") from error
    ledger.finish(script, direction)


def _do(migration: Migration, database: Database[Any], direction: Direction, run: Run) -> None:
    """A server that stalls for two seconds breaks the connection: what may simply be run again is.

    Unless the data does not allow it any more: somebody may have changed the sync mode meanwhile.
    """
    work = migration.up if direction == "up" else migration.down
    attempts = ATTEMPTS if migration.RESUMABLE else 1
    for number in range(1, attempts + 1):
        try:
            if number > 1 and (reason := migration.refusal(database, direction)):
                raise RefusedError(reason)
            work(database, run)
        except (ConnectionFailure, UnavailableError) as error:
            if number == attempts:
                raise
            run.check()
            run.say(f"the script is run again, and goes on; it ended with: {error}")
        else:
            run.check()
            return


@dataclass(frozen=True, slots=True)
class _Held(Run):
    """A run that knows of the lock."""

    lock: Lock
    shown: Run

    @override
    def check(self) -> None:
        self.lock.check()

    @override
    def say(self, text: str) -> None:
        self.shown.say(text)

    @override
    def progress(self, unit: str, total: int) -> AbstractContextManager[Advance]:
        return self.shown.progress(unit, total)

    @override
    def by_workers(self, meters: Callable[[], int], check: Callable[[], None]) -> bool:
        return self.shown.by_workers(meters, check)


def _planned(database: Database[Any], script: Script, direction: Direction) -> Planned:
    migration = script.load()
    refused = migration.refusal(database, direction)
    return Planned(script.name, [] if refused else migration.preview(database, direction), refused)


def _until(chosen: list[Script], known: list[Script], last: str | None) -> list[Script]:
    if last is None:
        return chosen
    end = _named(known, last)
    return [script for script in chosen if script.name <= end.name]


def _to_revert(ledger: Ledger, known: list[Script], last: str | None, steps: int) -> list[Script]:
    revertible = _revertible(ledger, known)
    if last is None:
        return revertible[:steps]
    if last == BASE:
        return revertible
    end = _named(known, last)
    return [script for script in revertible if script.name > end.name]


def _revertible(ledger: Ledger, known: list[Script]) -> list[Script]:
    """Applied ones, and those that got stuck half-way."""
    return [script for script in reversed(known) if ledger.state(script.name) is not State.PENDING]


def _named(known: list[Script], name: str) -> Script:
    for script in known:
        if name in (script.name, script.name[:3]):
            return script
    raise MigrationError(f"there is no script {name!r}; there are {', '.join(script.name for script in known)}")


def _status(name: str, ledger: Ledger, edited: str | None, running: bool) -> Status:
    state, record = ledger.state(name), ledger.record(name)
    if edited:
        return Status(name, "edited", f"{edited} after it was applied")
    if state in INTERRUPTED and not running:
        return Status(name, "interrupted", f"while {state.value}, by {record['owner']}")
    if state is State.APPLIED:
        at = record.get("finishedAt") or record["resolvedAt"]
        return Status(name, state.value, f"{at:%Y-%m-%d %H:%M:%S} UTC")
    return Status(name, state.value, str(record.get("error", "")))
