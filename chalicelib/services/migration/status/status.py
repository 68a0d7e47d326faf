"""Puts the status together: looks at each thing by itself, then gives each component its verdict."""

from chalicelib.domain.migration.status.blocks import Status
from chalicelib.domain.migration.status.verdict import Shared
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.evidence.looking import Looks
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.migration.gate.gathering import GateLook
from chalicelib.services.migration.status.components import ComponentsLook
from chalicelib.services.migration.status.parts import flags_block
from chalicelib.services.migration.status.system import SystemLook


class StatusService:
    """What ``python -m infra status`` and ``GET /ops/status`` show."""

    def __init__(self, sources: StatusSources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    def status(self, hours: int) -> Status:
        """The status now. Never raises: what could not be looked at says so.

        The database is asked first: AppConfig or the queue may keep it waiting for long.
        """
        sources, now = self._sources.once(), self._clock()
        looks = Looks(sources.ping, sources.limit, self._clock)
        gate, system = GateLook(sources, looks, now), SystemLook(sources, looks, now)
        components = ComponentsLook(sources, looks, gate, now, hours)
        sync, verify = system.sync(), system.verify()
        display, migrations = system.display(), system.migrations()
        not_published, erasures, drill = system.not_published(), system.erasures(), system.drill()
        retirement = system.retirement()
        flags = gate.flags
        shared = Shared(sync=sync, verify=verify, flags=flags_block(flags), migrations=migrations)
        return Status(
            at=now,
            hours=hours,
            alarms=system.alarms(),
            sync=sync,
            verify=verify,
            components=[*components.statuses(flags, shared)],
            flags=shared.flags,
            display=display,
            dead_letters=system.dead_letters(),
            events_not_published=not_published,
            migrations=migrations,
            drill=system.compared(drill),
            erasures=erasures,
            retirement=retirement,
        )
