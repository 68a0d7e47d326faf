"""Composes the gate for a shell."""

from collections.abc import Callable, Sequence

from chalicelib.alarm_states.board import Alarm
from chalicelib.bootstrap.operations import now, shell_ports
from chalicelib.bootstrap.status import status_sources
from chalicelib.flags.changes.inspect import FlagOverview
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.migration.gate.service import GateService


def shell_gate(
    database: MongoDatabase,
    overview: Callable[[], FlagOverview],
    letters: Callable[[], int],
    release: Callable[[], str],
    alarms: Callable[[], Sequence[Alarm]],
) -> GateService:
    """Put the gate together; what it is given is what ``status_sources`` is given."""
    return GateService(status_sources(shell_ports(database), overview, letters, release, alarms), now)
