"""A request to change flags: who asks and why, and the record that is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.operating import checked_reason
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENTS as COMPONENTS
from chalicelib.flags.document.names import component_flag_named as component_flag_named
from chalicelib.flags.document.names import flag_named as flag_named
from chalicelib.monitoring.trace import trace_id


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Who asks for a change and why. ``expected``: the document that they have seen, None: any.

    ``hurry``: although the gate is shut.
    """

    by: str
    reason: str
    expected: str | None = None
    hurry: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInputError without a reason."""
        checked_reason(self.reason)


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change that was made. ``recorded``: whether the database has it.

    ``overruled``: why everybody still gets the new backend; None also where the database could not be asked.
    """

    change: FlagChange
    recorded: bool
    overruled: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """The work of a request; ``must_record``: it is not done unless it can be recorded."""

    action: str
    request: ChangeRequest
    evidence: Mapping[str, Any] = field(default_factory=dict)
    must_record: bool = False

    def change(self, before: FlagDocument, after: FlagDocument, to_version: str, now: int) -> FlagChange:
        """The record: the flags that differ, with the flag before and after."""
        changed = [name for name, flag in after.flags.items() if before.flags.get(name) != flag]
        return FlagChange(
            id=uuid4().hex,
            at=now,
            by=self.request.by,
            action=self.action,
            reason=self.request.reason.strip(),
            before={name: before.flags[name].as_json() if name in before.flags else None for name in changed},
            after={name: after.flags[name].as_json() for name in changed},
            from_version=before.version,
            to_version=to_version,
            evidence=self.evidence,
            trace_id=trace_id(),
        )


def description(change: FlagChange, *, is_recorded: bool) -> str:
    """What AppConfig shows beside the deployment, which nobody can change or delete any more.

    Who and why are in the record, where an account's end takes them out; here only where the record may be missing.
    """
    said = f"change {change.id}" if is_recorded else f"by {change.by}: {change.reason}"
    text = f"{change.action} {', '.join(change.after)} {said}"
    return text.encode("ascii", "replace").decode()
