"""Where the status looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.account import Erasures
from chalicelib.domain.meters.lagging import LaggingMeters
from chalicelib.domain.rollout.comparison_log import ComparisonLog
from chalicelib.domain.rollout.feedback import FeedbackLog
from chalicelib.domain.rollout.figures import RolloutFigures
from chalicelib.domain.rollout.flag_history import FlagHistory
from chalicelib.domain.status.blocks import RingingAlarm
from chalicelib.domain.status.flags import FlagsSeen, Obstacle
from chalicelib.domain.status.records import StatusRecords
from chalicelib.domain.sync.reconciliation import SyncControl
from chalicelib.services.status.looking import TimeLimit


@dataclass(frozen=True, slots=True)
class StatusSources:
    """Where the status looks.

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
