"""The store of pages' measurements, on the fake and on MongoDB alike."""

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import FORCED_OLD
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement, Sample
from chalicelib.domain.migration.records.usage import BackendUsage
from infra.local.waiting import wait_until

TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS
OLD, NEW = Backend
FETCH, RENDER, _, ERROR = MeasurementKind
T = 1_700_000_000_000


def measured(ports: Ports, since: int = T, limit: int = 9, kind: MeasurementKind = FETCH) -> Sample:
    return ports.measurements.measured(TABLE, NEW, kind, since, limit)


def wait_for(ports: Ports, count: int, kind: MeasurementKind = FETCH) -> None:
    """Rows are not acknowledged."""
    assert wait_until(lambda: len(measured(ports, 0, 99, kind).measured) == count, 10)


def test_a_batch_is_found_by_component_backend_and_kind_the_latest_first(ports: Ports, user: str) -> None:
    others = [
        PageMeasurement(CHARTS, NEW, FETCH, 1),
        PageMeasurement(TABLE, OLD, FETCH, 2),
        PageMeasurement(TABLE, NEW, RENDER, 3),
    ]
    for at, elapsed in ((T + 1, 10.5), (T + 3, 30), (T + 2, 20.25)):
        ports.measurements.insert([*others, PageMeasurement(TABLE, NEW, FETCH, elapsed)], user, at)
    wait_for(ports, 3)
    assert measured(ports) == Sample([(T + 3, 30), (T + 2, 20.25), (T + 1, 10.5)])
    assert measured(ports, T + 2) == Sample([(T + 3, 30), (T + 2, 20.25)])


def test_a_sample_is_cut_where_there_is_more(ports: Ports, user: str) -> None:
    for at in (T, T + 1, T + 2):
        ports.measurements.insert([PageMeasurement(TABLE, NEW, FETCH, 1)], user, at)
    wait_for(ports, 3)
    assert measured(ports, limit=2) == Sample([(T + 2, 1), (T + 1, 1)], cut=True)
    assert measured(ports, limit=3).cut is False


def test_errors_are_measurements_that_take_no_time(ports: Ports, user: str) -> None:
    ports.measurements.insert([PageMeasurement(TABLE, NEW, ERROR, 0, "TypeError")] * 2, user, T)
    wait_for(ports, 2, ERROR)
    assert measured(ports, kind=ERROR) == Sample([(T, 0), (T, 0)])


def test_what_the_server_needed_is_found_by_component_and_backend(ports: Ports, user: str) -> None:
    for at, component, elapsed in ((T, TABLE, 5.5), (T + 1, CHARTS, 6.5), (T + 2, TABLE, 7.5)):
        ports.usage.insert(BackendUsage(component, user, FORCED_OLD, elapsed, success=True), user, at)

    def served(backend: Backend = OLD, since: int = T, limit: int = 9) -> Sample:
        return ports.measurements.served(TABLE, backend, since, limit)

    assert wait_until(lambda: len(served().measured) == 2, 10)
    assert served() == Sample([(T + 2, 7.5), (T, 5.5)])
    assert served(limit=1) == Sample([(T + 2, 7.5)], cut=True)
    assert served(since=T + 1) == Sample([(T + 2, 7.5)])
    assert served(NEW) == Sample([])
