"""A request to a component: what its function gets in place of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.api.components.bodies import ReadQuery
from chalicelib.api.endpoint import Call
from chalicelib.services.components.component_reads import ComponentAnswer, ComponentRead
from chalicelib.services.components.energy_backend import EnergyBackend


@dataclass(slots=True)
class ComponentRequest:
    """The call, and the backend that answers it."""

    call: Call
    backend: EnergyBackend
    parameters: Mapping[str, Any] | None = None  # of what was read, so that the comparer can ask it again

    @property
    def user_id(self) -> str:
        """Whose documents the request may touch."""
        return self.call.user_id

    def show(self, query: ReadQuery) -> ComponentAnswer:
        """Ask the backend what a query means."""
        return self.read(query.read(self.call))

    def read(self, read: ComponentRead) -> ComponentAnswer:
        """Ask the backend."""
        self.parameters = read.parameters()
        return read.ask(self.backend, self.user_id)
