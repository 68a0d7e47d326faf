"""Bodies of the operators' routes beside flags and rollouts."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from chalicelib.api.bodies import Body, Moment
from chalicelib.domain.backends.sync_mode import (
    Side,
    SyncMode,
)
from chalicelib.domain.operating import REASON_LENGTH, Action

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_LENGTH)]


class ReasonedBody(Body):
    """Every change says why."""

    reason: Reason


class PerhapsReasonedBody(Body):
    """What changes nothing may say why."""

    reason: Reason | None = None


class ModeBody(ReasonedBody):
    """The sync mode that is wanted: a neighbour of the present one."""

    mode: SyncMode


class Letter(Body):
    """A dead letter in a line; attempts: how often the function was called with the event."""

    id: str
    at: Moment
    function: str | None
    event_type: str | None
    error: str
    attempts: int | None


class Letters(Body):
    """The first hundred dead letters; count: about how many there are."""

    letters: tuple[Letter, ...]
    count: int
    command: str


class WholeLetter(Letter):
    """A dead letter with its event, people by their pseudonyms."""

    event: Any
    command: str


class Redriven(Body):
    """The letter whose event its function has now."""

    redriven: str
    function: str


class DiscardedLetter(Body):
    """The letter that is gone."""

    discarded: str
    function: str


class LaggingMeter(Body):
    """A meter that cannot be refreshed: the pseudonym of its owner, and its type."""

    meter: str
    since_seconds: float | None
    attempts: int
    error: str | None
    next_attempt: Moment


class StalenessReport(Body):
    """How many meters lag for too long, and the first of those that cannot be refreshed."""

    lagging: int
    failing: int
    oldest_seconds: float
    meters: tuple[LaggingMeter, ...]
    command: str


class Swept(Body):
    """What a run of the sweeper has done; unfinished: another one goes on."""

    state: Literal["resting", "unfinished", "swept"]
    lagging: int
    staleness_seconds: float
    refreshed: int
    failed: int
    failing: int
    brought_up: int
    outdated: int


class ModeChange(Body):
    """A change of the sync mode."""

    mode: SyncMode
    at: Moment
    reason: str
    by: str | None


class ModeReport(Body):
    """The sync mode, the rest of its drain in seconds, and how it came about."""

    mode: SyncMode
    since: Moment | None
    authoritative: Side
    catching_up: Side | None
    drain_seconds: float
    stopped: str | None
    changes: tuple[ModeChange, ...]
    command: str


class LastVerify(Body):
    """What the last comparison of all meters found; without one everything is null."""

    at: Moment | None
    up_to: Moment | None
    meters: int | None
    lagging: int | None
    differences: int | None
    first_seen: Moment | None
    last_seen: Moment | None
    command: str


class VerifyFinding(Body):
    """A document that is not as it should be; people in it by their pseudonyms."""

    meter: str
    collection: str
    document: str
    problem: str
    kind: str


class VerifyStep(Body):
    """How far a comparison is; finished false: ask again, it goes on."""

    finished: bool
    meters: int
    of: int
    differences: int
    findings: tuple[VerifyFinding, ...]
    command: str


class ShownAlarm(Body):
    """An alarm: what it means, the command to look, the command to act."""

    name: str
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    since: Moment
    severity: Literal["critical", "warning"]
    reason: str
    meaning: str
    command: str | None
    act: str | None


class Alarms(Body):
    """Those that ring come first."""

    alarms: tuple[ShownAlarm, ...]


class DoneAction(Body):
    """Something that an operator has done."""

    at: Moment
    by: str
    action: Action
    subject: str | None
    reason: str


class DoneActions(Body):
    """The newest come first."""

    actions: tuple[DoneAction, ...]
