"""Which backend answers, what is noted of it, and what the old one asks for."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import FieldError, InvalidReadingError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.metrics import metrics
from chalicelib.services.migration.backends.backend_router import BackendRouter, NobodyDecides
from chalicelib.services.migration.backends.backend_usage import BackendUsageTracker, attempted
from chalicelib.services.migration.backends.decisions import RolloutService
from chalicelib.services.migration.backends.old_backend import OldBackend
from chalicelib.services.migration.backends.page_measurements import PageMeasurementTracker
from infra.simulation.memory.migration.sides import reading

NOW = 1_700_000_000_000
HIDDEN = Pseudonyms(b"key")
ALICE = HIDDEN.of("user", "alice")
DASHBOARD, TABLE = Component.DASHBOARD, Component.ENERGY_TABLE
FORCED = Decision(Backend.OLD, Reason.FORCED_OLD)


@dataclass
class Deciding:
    """Decides as a test says, or fails."""

    decision: Decision | Exception

    def should_use_new_backend(self, user_id: str, component: Component) -> Decision:
        assert (user_id, component) == ("alice", DASHBOARD)
        if isinstance(self.decision, Exception):
            raise self.decision
        return self.decision


@pytest.mark.parametrize(
    ("reason", "force_old", "backend"),
    [
        (Reason.PERCENTAGE_IN, False, "new"),
        (Reason.PERCENTAGE_IN, True, "old"),
        (Reason.NEW_ONLY, True, "new"),
        (Reason.NEW_ONLY, False, "new"),
    ],
)
def test_who_insists_on_the_old_backend_gets_it_unless_its_readings_rest(
    reason: Reason, force_old: bool, backend: str
) -> None:
    decision = Decision(Backend.NEW, reason)
    old, new, decisions = cast(Any, ("old", "new", Deciding(decision)))
    route: Any = BackendRouter(old, new, decisions).route("alice", DASHBOARD, force_old=force_old)
    assert (route.backend, route.decision) == (backend, decision if backend == "new" else FORCED)


def test_nobody_insists_by_themselves() -> None:
    old, new, decisions = cast(Any, ("old", "new", Deciding(Decision(Backend.NEW, Reason.PERCENTAGE_IN))))
    route: Any = BackendRouter(old, new, decisions).route("alice", DASHBOARD)
    assert route.backend == "new"


def test_without_flags_nothing_has_moved() -> None:
    assert NobodyDecides().should_use_new_backend("alice", DASHBOARD) == Decision(Backend.OLD, Reason.NO_DOCUMENT)


@pytest.mark.parametrize(
    ("error", "reason"), [(UnavailableError("no"), Reason.NO_MODE), (ValueError("a defect"), Reason.FAILED)]
)
def test_where_nobody_can_decide_it_is_the_old_one_and_says_why(error: Exception, reason: Reason) -> None:
    service = RolloutService(cast(Any, Deciding(error)), lambda: SyncState(SyncMode.DUAL_WRITE), lambda: NOW)
    assert service.should_use_new_backend("alice", DASHBOARD) == Decision(Backend.OLD, reason)


def test_the_mode_is_read_again_after_a_second_and_where_the_clock_went_back() -> None:
    clock, reads = [NOW], list[int]()

    def mode() -> SyncState:
        reads.append(clock[0])
        return SyncState(SyncMode.NEW_ONLY)

    service = RolloutService(cast(Any, Deciding(FORCED)), mode, lambda: clock[0])
    for at in (NOW, NOW + 999, NOW + 1_000, NOW + 1_999, NOW + 1_000, NOW + 999):
        clock[0] = at
        assert service.should_use_new_backend("alice", DASHBOARD).reason == Reason.NEW_ONLY
    assert reads == [NOW, NOW + 1_000, NOW + 999]


@dataclass
class Log:
    """Rows as they were inserted, or a database that does not answer."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    down: bool = False

    def insert(self, *row: Any) -> None:
        if self.down:
            raise UnavailableError("no")
        self.rows.append(row)


@pytest.fixture(autouse=True)
def _no_metrics() -> Any:
    metrics().clear_metrics()
    yield
    metrics().clear_metrics()


def measured() -> dict[tuple[str, ...], dict[str, list[float]]]:
    """Values of each metric by its dimensions."""
    return {
        tuple(value for _, value in dimensions): {name: metric["Value"] for name, metric in group.items()}
        for dimensions, group in metrics()._groups.items()
    }


USAGE = BackendUsage(DASHBOARD, "alice", Decision(Backend.NEW, Reason.PERCENTAGE_IN), 12.5, success=False, error="E")


@pytest.mark.parametrize("down", [False, True])
def test_an_answer_is_a_row_and_a_metric_and_neither_can_fail_a_request(
    down: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log(down=down)
    BackendUsageTracker(cast(Any, log), HIDDEN, lambda: NOW).log_backend_usage(USAGE)
    assert log.rows == ([] if down else [(USAGE, ALICE, NOW)])
    assert measured() == {("dashboard", "new"): {"BackendDuration": [12.5], "BackendFailures": [1.0]}}
    [said] = metrics()._said.values()
    assert said == {"user": ALICE, "reason": "percentage_in", "error": "E"}
    assert ("usage of a backend was not noted" in caplog.text) is down


def test_a_success_is_no_failure_and_has_no_error() -> None:
    usage = BackendUsage(TABLE, "alice", FORCED, 1.0, success=True)
    BackendUsageTracker(cast(Any, Log()), HIDDEN, lambda: NOW).log_backend_usage(usage)
    assert measured() == {("energy_table", "old"): {"BackendDuration": [1.0], "BackendFailures": [0.0]}}
    [said] = metrics()._said.values()
    assert said["error"] == ""


def test_what_nobody_may_depend_on_is_done_once_and_logged_where_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    attempted("never", lambda: done.append(1))
    attempted("it was not done", lambda: cast(None, 1 // 0))
    assert done == [1]
    assert [record.message for record in caplog.records] == ["it was not done"]


BATCH = [
    PageMeasurement(TABLE, Backend.NEW, MeasurementKind.FETCH, 10.0),
    PageMeasurement(DASHBOARD, Backend.OLD, MeasurementKind.RENDER, 20.0),
    PageMeasurement(TABLE, Backend.NEW, MeasurementKind.FETCH, 11.0),
    PageMeasurement(TABLE, Backend.NEW, MeasurementKind.ERROR, 0.0, "TypeError"),
    PageMeasurement(TABLE, Backend.OLD, MeasurementKind.INTERACTION, 30.0),
    PageMeasurement(TABLE, Backend.NEW, MeasurementKind.ERROR, 0.0, "TypeError"),
]


@pytest.mark.parametrize("down", [False, True])
def test_what_a_page_measures_is_a_row_and_a_metric_of_its_component_and_backend(
    down: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log(down=down)
    PageMeasurementTracker(cast(Any, log), HIDDEN, lambda: NOW).record("alice", BATCH)
    assert log.rows == ([] if down else [(BATCH, ALICE, NOW)])
    assert measured() == {
        ("dashboard", "old"): {"PageErrors": [0.0], "PageRender": [20.0]},
        ("energy_table", "new"): {"PageErrors": [2.0], "PageFetch": [10.0, 11.0]},
        ("energy_table", "old"): {"PageErrors": [0.0], "PageInteraction": [30.0]},
    }
    assert ("measurements of a page were not kept" in caplog.text) is down


class Readings:
    """Two readings on the old side, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def page(self, *asked: Any) -> list[StoredReading]:
        self.asked.append(asked)
        return [reading("one", EnergyType.POWER, 1, 1), reading("two", EnergyType.POWER, 2, 2)]

    def get(self, user_id: str, reading_id: str, backend: Backend) -> StoredReading:
        self.asked.append((user_id, reading_id, backend))
        return reading(reading_id, EnergyType.POWER, 1, 1)


def test_the_old_backend_loads_the_whole_list_and_turns_its_pages_itself() -> None:
    readings = Readings()
    old = OldBackend(cast(Any, readings), lambda: NOW, *cast(Any, (None, None)))
    request = PageRequest(ReadingFilter(EnergyType.POWER, first=2), descending=True, limit=1)
    assert [each.id for each in old.page("alice", request)] == ["two"]
    everything = PageRequest(ReadingFilter(EnergyType.POWER), descending=False, limit=0)
    assert readings.asked == [("alice", everything, Backend.OLD)]
    assert old.reading("alice", "one").id == "one"
    assert readings.asked[-1] == ("alice", "one", Backend.OLD)


def test_a_reading_keeps_its_type_and_the_refusal_names_the_field() -> None:
    old = OldBackend(cast(Any, Readings()), lambda: NOW, *cast(Any, (None, None)))
    for allowed in (None, EnergyType.POWER):
        old.check_type("alice", "one", allowed)
    with pytest.raises(InvalidReadingError, match="the type of a reading cannot be changed; delete it") as refused:
        old.check_type("alice", "one", EnergyType.GAS)
    assert refused.value.errors == (
        FieldError("type", "the type of a reading cannot be changed; delete it and record it anew"),
    )
