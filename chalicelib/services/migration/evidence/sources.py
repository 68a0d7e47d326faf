"""The sources of the status: the ports that it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn, TypeVar

from chalicelib.domain.meters.lagging import LaggingMeters
from chalicelib.domain.migration.gate.census_records import CensusRecords
from chalicelib.domain.migration.gate.counted import CountedEvidence
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.records.comparison_log import ComparisonLog
from chalicelib.domain.migration.records.feedback import FeedbackLog
from chalicelib.domain.migration.records.figures import RolloutFigures
from chalicelib.domain.migration.records.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.migration.retirement.ports import RetirementRecords
from chalicelib.domain.migration.rollouts.ports import Rollouts
from chalicelib.domain.migration.status.blocks import RingingAlarm
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.migration.status.records import StatusRecords
from chalicelib.domain.migration.sync.reconciliation import SyncControl
from chalicelib.domain.operating import Obstacle
from chalicelib.domain.people.account import Erasures
from chalicelib.services.migration.evidence.looking import TimeLimit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StatusSources:
    """The ports that the status reads.

    ``flags``, ``readiness``: what is deployed, and why nobody may be sent to the new backend yet. ``letters``: how many
    dead letters there are; ``alarms``: those that ring. ``release``: the digest of the deployed code, "" where nobody
    knows. All may raise.
    """

    control: SyncControl
    lagging: LaggingMeters
    comparisons: ComparisonLog
    feedback: FeedbackLog
    history: FlagHistory
    figures: RolloutFigures
    erasures: Erasures
    records: StatusRecords
    ping: Callable[[], None]
    limit: TimeLimit
    flags: Callable[[], FlagsSeen]
    readiness: Callable[[], Obstacle | None]
    letters: Callable[[], int]
    alarms: Callable[[], Sequence[RingingAlarm]]
    release: Callable[[], str]
    counted: CountedEvidence
    census: CensusRecords
    users: KnownUsers
    limits: Limits
    rollouts: Rollouts
    retirement: RetirementRecords

    def once(self) -> "StatusSources":
        """A copy for one look: AWS is asked once for each thing, however many parts need it."""
        return replace(
            self,
            flags=_once(self.flags),
            letters=_once(self.letters),
            alarms=_once(self.alarms),
            release=_once(self.release),
        )


def _once(look: Callable[[], T]) -> Callable[[], T]:
    """What was found, or raised, the first time."""
    found: list[Callable[[], T]] = []

    def again() -> T:
        if not found:
            found.append(_kept(look))
        return found[0]()

    return again


def _kept(look: Callable[[], T]) -> Callable[[], T]:
    try:
        value = look()
    except Exception as error:  # noqa: BLE001 whatever was wrong, it is said to each who asks
        return partial(_raise, error)
    return lambda: value


def _raise(error: Exception) -> NoReturn:
    raise error
