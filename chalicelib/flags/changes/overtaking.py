"""The message for an operator who was overtaken: who has changed the flag document in the meantime, and to what."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from chalicelib.domain.errors import RolloutError, UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState, ComponentAnswer, FlagChange, FlagHistory
from chalicelib.flags.appconfig.deployment import LOOK_AGAIN, FlagDeployment
from chalicelib.flags.document.flag_document import FlagDocument, MalformedDocumentError, read, version_of
from chalicelib.flags.document.names import short_name

LATEST_CHANGES = 10


@dataclass(frozen=True, slots=True)
class Overtaking:
    """Finds the change that came in between: in the record, else by what AppConfig shows beside the deployment."""

    history: FlagHistory
    deployment: FlagDeployment

    def message(self, seen: str, names: Collection[str], own: str = "") -> str:
        """Say who made the latest change since the document ``seen``, and what it made of its flags.

        ``own`` is the id of the overtaken change, ``names`` are its flags. Never raises.
        """
        change = self._recorded(seen, own)
        said = self._deployed(names) if change is None else _said(change)
        return f"{said}; {LOOK_AGAIN}"

    def _recorded(self, seen: str, own: str) -> FlagChange | None:
        """The change that made the deployed document; where that is still ``seen``, the one that is on its way."""
        with suppress(UnavailableError, RolloutError):
            changes = self.history.changes(None, LATEST_CHANGES)
            others = [change for change in changes if change.id != own and change.state is not ChangeState.FAILED]
            now = self.deployment.now()
            if (version := version_of(now.content)) != seen:
                numbers = (None, now.latest_deployment)
                made = (change for change in others if change.to_version == version and change.deployment in numbers)
                return next(made, None)
            return next(takewhile(lambda change: change.to_version != seen, others), None)
        return None

    def _deployed(self, names: Collection[str]) -> str:
        """A change that is not in the record: made by other tools, or while the database did not answer."""
        said = "somebody else has changed the flag document meanwhile"
        with suppress(UnavailableError, RolloutError, MalformedDocumentError):
            found = self.deployment.now()
            flags = read(found.content).flags
            now = {name: flags[name].as_json() for name in names if name in flags}
            beside = f' (deployment {found.latest_deployment}: "{self.deployment.description(found)}")'
            return f"{said}{beside}: {in_words(now)}"
        return said


def carries(document: FlagDocument, change: FlagChange) -> bool:
    """Whether a document says of the changed flags what the change made of them."""
    flags = document.flags
    return all(name in flags and flags[name].as_json() == after for name, after in change.after.items())


def in_words(flags: Mapping[str, ComponentAnswer]) -> str:
    """Flags in few words: ``energy_table is on at 20 %``."""
    return ", ".join(f"{short_name(name)} is {_state(flag)}" for name, flag in flags.items())


def _said(change: FlagChange) -> str:
    return (
        f'{change.by} has changed the flag document meanwhile ({change.action}, "{change.reason}"): '
        f"{in_words(change.after)}"
    )


def _state(flag: ComponentAnswer) -> str:
    if flag.get("retired"):
        return "retired"
    share = f" at {flag['rolloutPercent']} %" if "rolloutPercent" in flag else ""
    return f"{'on' if flag['enabled'] else 'off'}{share}"
