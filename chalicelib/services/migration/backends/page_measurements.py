"""Takes what pages measure, as metrics and as rows; never fails a person and never waits."""

from collections.abc import Sequence
from itertools import groupby

from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement, PageMeasurements
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.metrics import page_metrics
from chalicelib.monitoring.names import MetricName
from chalicelib.services.migration.backends.backend_usage import attempted

NOT_KEPT = "measurements of a page were not kept"
TIMES = {
    MeasurementKind.FETCH: MetricName.PAGE_FETCH,
    MeasurementKind.RENDER: MetricName.PAGE_RENDER,
    MeasurementKind.INTERACTION: MetricName.PAGE_INTERACTION,
}


class PageMeasurementTracker:
    """Puts each batch into metrics and log."""

    def __init__(self, log: PageMeasurements, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._log = log
        self._pseudonyms = pseudonyms
        self._clock = clock

    def record(self, user_id: str, measurements: Sequence[PageMeasurement]) -> None:
        """Keep a batch. Never raises: what cannot be kept is logged and lost."""
        attempted(NOT_KEPT, lambda: _measure(measurements))
        pseudonym = self._pseudonyms.of("user", user_id)
        attempted(NOT_KEPT, lambda: self._log.insert(measurements, pseudonym, self._clock()))


def _measure(measurements: Sequence[PageMeasurement]) -> None:
    """One line per component and backend."""
    for (component, backend), found in groupby(sorted(measurements, key=_place), key=_place):
        group = list(found)
        times = {name: [each.elapsed_ms for each in group if each.kind is kind] for kind, name in TIMES.items()}
        errors = sum(each.kind is MeasurementKind.ERROR for each in group)
        page_metrics({"component": component, "backend": backend}, times, errors)


def _place(measurement: PageMeasurement) -> tuple[str, str]:
    return measurement.component.value, measurement.backend.value
