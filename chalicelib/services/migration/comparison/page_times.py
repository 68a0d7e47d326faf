"""What pages and the server have measured of each component, by backend, to hold old and new against each other."""

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.measurements import ComponentTimes, MeasurementKind, PageMeasurements, Sample

LATEST = 10_000  # of each component, backend and kind: a busy month stays bounded


class PageTimesService:
    """Reads the latest measurements."""

    def __init__(self, pages: PageMeasurements) -> None:
        self._pages = pages

    def report(self, since: int) -> list[ComponentTimes]:
        """Each component, old before new, from an instant on. Raises UnavailableError."""
        return [self._times(component, backend, since) for component in Component for backend in Backend]

    def _times(self, component: Component, backend: Backend, since: int) -> ComponentTimes:
        def sample(kind: MeasurementKind) -> Sample:
            return self._pages.measured(component, backend, kind, since, LATEST)

        return ComponentTimes(
            component,
            backend,
            fetch=sample(MeasurementKind.FETCH),
            render=sample(MeasurementKind.RENDER),
            interaction=sample(MeasurementKind.INTERACTION),
            errors=sample(MeasurementKind.ERROR),
            served=self._pages.served(component, backend, since, LATEST),
        )
