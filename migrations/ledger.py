"""The collection ``migrations``, the ledger of scripts: checksum, state, times, and what went wrong."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pymongo.database import Database

from migrations.errors import DirtyError, EditedError
from migrations.lock import LOCK
from migrations.scripts import REMOVED, Direction, Script

COLLECTION = "migrations"


class State(StrEnum):
    """How far a script has come. ``applying`` and ``reverting`` without a runner: it was interrupted."""

    PENDING = "pending"
    APPLYING = "applying"
    APPLIED = "applied"
    REVERTING = "reverting"
    FAILED = "failed"


UNDER_WAY: dict[Direction, State] = {"up": State.APPLYING, "down": State.REVERTING}
DONE: dict[Direction, State] = {"up": State.APPLIED, "down": State.PENDING}
INTERRUPTED = frozenset(UNDER_WAY.values())


class Ledger:
    """The records of one database."""

    def __init__(self, database: Database[Any]) -> None:
        self.records = database[COLLECTION]
        # A record without a checksum was written before there were any: its script is looked at again.
        found = self.records.find({"_id": {"$ne": LOCK}, "checksum": {"$exists": True}})
        self._found: dict[str, dict[str, Any]] = {record["_id"]: record for record in found}

    def state(self, name: str) -> State:
        """How far a script has come."""
        return State(self._found[name]["state"]) if name in self._found else State.PENDING

    def record(self, name: str) -> dict[str, Any]:
        """Everything that is known of a script."""
        return self._found.get(name, {})

    def pending(self, scripts: Iterable[Script]) -> list[Script]:
        """Those that are not applied, in order."""
        return [script for script in scripts if self.state(script.name) is not State.APPLIED]

    def edited(self, scripts: Iterable[Script]) -> dict[str, str]:
        """Applied scripts that are not what they were, and in what way."""
        present = {script.name: script for script in scripts}
        return {
            name: "was changed" if name in present else "is gone"
            for name, record in sorted(self._found.items())
            if State(record["state"]) is State.APPLIED
            and name not in REMOVED
            and not (name in present and present[name].is_what_was_applied(record["checksum"]))
        }

    def check_unedited(self, scripts: Iterable[Script]) -> None:
        """Raise EditedError unless every applied script is still the one that was applied."""
        if edited := self.edited(scripts):
            what = ", ".join(f"{name} {how} after it was applied" for name, how in edited.items())
            raise EditedError(
                f"{what}. Put the file back and write a new script ('create'); "
                "if the change means nothing, 'resolve NAME --as applied' accepts the changed file"
            )

    def check_clean(self, script: Script, retry: bool) -> None:
        """Raise DirtyError when a script failed, or was interrupted where it must not simply go on."""
        state = self.state(script.name)
        if retry or state in DONE.values() or (state in INTERRUPTED and script.load().RESUMABLE):
            return
        reason = self.record(script.name).get("error", "it was interrupted")
        raise DirtyError(
            f"{script.name} did not get to its end: {reason}. Mend the cause and run the command with --retry, "
            f"or decide by 'resolve {script.name} --as applied' or '--as pending'"
        )

    def begin(self, script: Script, direction: Direction, owner: str) -> None:
        """Remember that a script is under way, before it changes anything."""
        self._write(script, {"state": UNDER_WAY[direction].value, "owner": owner, "startedAt": datetime.now(UTC)})

    def finish(self, script: Script, direction: Direction) -> None:
        """Remember that a script has succeeded."""
        self._write(script, {"state": DONE[direction].value, "finishedAt": datetime.now(UTC)}, gone=["error"])

    def fail(self, script: Script, reason: str) -> None:
        """Remember that a script has failed, and why."""
        self._write(script, {"state": State.FAILED.value, "error": reason, "finishedAt": datetime.now(UTC)})

    def resolve(self, script: Script, state: State) -> None:
        """Take an operator's word for the state of a script."""
        self._write(script, {"state": state.value, "resolvedAt": datetime.now(UTC)}, gone=["error"])

    def _write(self, script: Script, fields: dict[str, Any], gone: Iterable[str] = ()) -> None:
        update = {"$set": {"checksum": script.checksum, **fields}, "$unset": dict.fromkeys(gone, "")}
        self.records.update_one({"_id": script.name}, update, upsert=True)
        self._found[script.name] = {**self._found.get(script.name, {}), **update["$set"]}
