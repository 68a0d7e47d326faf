"""The gate, as rollouts, changes of flags, the status and operators ask it."""

from collections.abc import Iterable, Sequence

from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.verdict import Gate, GateVerdict
from chalicelib.domain.ports.outside import Clock
from chalicelib.services.migration.evidence.looking import Looks
from chalicelib.services.migration.evidence.sources import StatusSources
from chalicelib.services.migration.gate.gathering import GateLook


class GateService(Gate):
    """``Gate`` on everything that is known of the migration."""

    def __init__(self, sources: StatusSources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock

    @override
    def verdict(self, component: Component) -> GateVerdict:
        return self.verdicts([component])[0]

    @override
    def verdicts(self, components: Iterable[Component] = tuple(Component)) -> Sequence[GateVerdict]:
        looks = Looks(self._sources.ping, self._sources.limit, self._clock)
        look = GateLook(self._sources, looks, self._clock())
        return [judge(look.evidence(component), self._sources.limits) for component in components]
