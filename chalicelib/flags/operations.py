"""Everything that operators do with flags, put together for one stage's AppConfig."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.decision import RolloutDecisions
from chalicelib.domain.rollout.flag_history import FlagHistory, KnownUsers
from chalicelib.domain.sync.reconciliation import SyncControl
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.changes.apply import FlagChanges
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.publishing import FlagPublishing
from chalicelib.flags.decisions.store import FlagStore


@dataclass(frozen=True, slots=True)
class FlagAdapters:
    """AppConfig as one process reaches it: the store it decides by, new ones to watch with, the home it changes."""

    store: FlagStore
    new_store: Callable[[], FlagStore]
    home: AppConfigControlPlane
    waiting: Waiting = field(default_factory=lambda: Waiting(time.time, time.sleep))


@dataclass(frozen=True, slots=True)
class FlagOperations:
    """Looking at flags and changing them."""

    overview: FlagOverview
    changes: FlagChanges


def flag_operations(
    adapters: FlagAdapters,
    decisions: RolloutDecisions,
    history: FlagHistory,
    users: KnownUsers,
    control: SyncControl,
    clock: Clock,
) -> FlagOperations:
    """Put the use cases together."""
    deployment = FlagDeployment(adapters.home, adapters.waiting)
    publishing = FlagPublishing(deployment, adapters.new_store, history, adapters.waiting, clock)
    return FlagOperations(
        FlagOverview(adapters.home, adapters.store, decisions, history, users, control, clock),
        FlagChanges(publishing, users, control),
    )
