"""Composes the status for functions and for a shell, and the sources that it shares with the gate."""

from collections.abc import Callable, Sequence

from chalicelib.alarm_states.board import Alarm
from chalicelib.bootstrap.operations import LIMITS, Ports, now
from chalicelib.domain.migration.gate.evidence import Limits
from chalicelib.domain.migration.status.blocks import RingingAlarm
from chalicelib.domain.migration.status.flags import FlagsSeen
from chalicelib.domain.operating import Obstacle
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.readings import to_ms
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.flags.changes.readiness import Readiness
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.repositories.database import time_limit
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.migration.status.status import StatusService


def status_service(
    ports: Ports,
    overview: Callable[[], FlagOverview],
    letters: Callable[[], int],
    release: Callable[[], str],
    alarms: Callable[[], Sequence[Alarm]],
    clock: Clock = now,
) -> StatusService:
    """Put the status together; what it is given is what ``status_sources`` is given."""
    return StatusService(status_sources(ports, overview, letters, release, alarms), clock)


def status_sources(
    ports: Ports,
    overview: Callable[[], FlagOverview],
    letters: Callable[[], int],
    release: Callable[[], str],
    alarms: Callable[[], Sequence[Alarm]],
    limits: Limits = LIMITS,
) -> StatusSources:
    """Compose the sources of the status and the gate. AWS is asked only when somebody wants to know."""

    def flags() -> FlagsSeen:
        return flags_seen(overview().listing())

    def readiness() -> Obstacle | None:
        return Readiness.of(ports.sync_control).obstacle()

    def ringing() -> Sequence[RingingAlarm]:
        rings = (alarm for alarm in alarms() if alarm.state == "ALARM")
        return [RingingAlarm(alarm.name, alarm.severity, to_ms(alarm.since), alarm.look) for alarm in rings]

    return StatusSources(
        control=ports.sync_control,
        lagging=ports.lagging,
        comparisons=ports.comparisons,
        feedback=ports.feedback,
        history=ports.flag_history,
        figures=ports.figures,
        erasures=ports.erasures,
        records=ports.records,
        ping=ports.ping,
        limit=time_limit,
        flags=flags,
        readiness=readiness,
        letters=letters,
        alarms=ringing,
        release=release,
        counted=ports.counted,
        census=ports.census,
        users=ports.known_users,
        limits=limits,
        rollouts=ports.rollouts,
        retirement=ports.retirement,
    )
