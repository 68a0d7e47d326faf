"""Figures that say what a test wants."""

from collections.abc import Sequence

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures, Share


class FakeFigures:
    """Says what a test wants."""

    def __init__(self) -> None:
        self.backends: dict[Component, dict[Backend, BackendFigures]] = {}
        self.shares: dict[Component, Share] = {}

    def fold(self, until: int) -> int:
        return 0

    def figures(self, component: Component, since: int) -> ComponentFigures:
        return ComponentFigures(component, since, self.backends.get(component, {}), 0, 0)

    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:
        return []

    def share(self, component: Component, document_version: str) -> Share:
        return self.shares.get(component, Share(0, 0))
