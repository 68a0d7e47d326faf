"""The router between the backends: takes the one that was decided, unless an operator insists on the old one."""

from dataclasses import dataclass

from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import FORCED_OLD, Decision, Reason, RolloutDecisions
from chalicelib.services.components.energy_backend import EnergyBackend


@dataclass(frozen=True, slots=True)
class Route:
    """The backend that answers, and why it is this one."""

    backend: EnergyBackend
    decision: Decision


class NobodyDecides(RolloutDecisions):
    """Decides where there are no flags: nothing has moved."""

    @override
    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        return Decision(Backend.OLD, Reason.NO_DOCUMENT)


class BackendRouter:
    """Picks one of two backends. What they answer looks the same."""

    def __init__(self, old: EnergyBackend, new: EnergyBackend, decisions: RolloutDecisions) -> None:
        self._backends = {Backend.OLD: old, Backend.NEW: new}
        self._decisions = decisions

    def route(self, user_id: str, component: Component, *, force_old: bool = False) -> Route:
        """The backend for one request.

        ``force_old`` overrules flags, not the sync mode: in ``new_only`` the old readings rest. Who may ask for it is
        checked where the request is read.
        """
        decision = self._decisions.should_use_new_backend(user_id, component)
        if force_old and decision.reason != Reason.NEW_ONLY:
            decision = FORCED_OLD
        return Route(self._backends[decision.backend], decision)
