"""Puts the one status together: everything is looked at for itself, then each component gets its verdict."""

from chalicelib.domain.ports import Clock
from chalicelib.domain.status.blocks import Status
from chalicelib.domain.status.verdict import Shared
from chalicelib.services.status.components import ComponentsLook
from chalicelib.services.status.looking import Looks
from chalicelib.services.status.parts import flags_block
from chalicelib.services.status.sources import StatusSources
from chalicelib.services.status.system import SystemLook


class StatusService:
    """What ``python -m infra status`` and ``GET /ops/status`` show."""

    def __init__(self, sources: StatusSources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def status(self, hours: int) -> Status:
        """The status now. Never raises: what could not be looked at says so.

        The database is asked first: AppConfig or the queue may keep it waiting for long.
        """
        sources, now = self._sources, self._clock()
        looks = Looks(sources.ping, sources.limit, self._clock)
        system, components = SystemLook(sources, looks, now), ComponentsLook(sources, looks, now, hours)
        sync, verify, readiness = system.sync(), system.verify(), system.readiness()
        display, migrations = system.display(), system.migrations()
        not_published, erasures, drill = system.not_published(), system.erasures(), system.drill()
        flags = looks.beside(sources.flags)
        shared = Shared(
            sync=sync,
            verify=verify,
            flags=flags_block(flags),
            readiness=readiness,
            alarms=system.alarms(),
            display=display,
            dead_letters=system.dead_letters(),
            migrations=migrations,
        )
        return Status(
            at=now,
            hours=hours,
            alarms=shared.alarms,
            sync=sync,
            verify=verify,
            components=[*components.statuses(flags, shared)],
            flags=shared.flags,
            display=display,
            dead_letters=shared.dead_letters,
            events_not_published=not_published,
            migrations=migrations,
            drill=system.compared(drill),
            erasures=erasures,
        )
