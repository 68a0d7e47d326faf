"""Figures of answers, on the fake and on MongoDB alike, before and after the rows are added up."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.bootstrap.container import Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures, Share
from chalicelib.domain.migration.records.hours_of_use import HOUR_MS, hour_of
from chalicelib.domain.migration.records.usage import BackendUsage
from infra.local.waiting import wait_until

TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS
OLD, NEW = Backend
IN, OUT = Reason.PERCENTAGE_IN, Reason.PERCENTAGE_OUT
HOUR = hour_of(now()) - 5 * HOUR_MS
NOBODY = BackendFigures(0, 0, None, None, None)

Insert = Callable[..., None]


@pytest.fixture
def insert(ports: Ports) -> Insert:
    """Note an answer and wait for its row: rows are not acknowledged."""

    def insert(
        user: str,
        at: int,
        elapsed_ms: float = 20,
        *,
        backend: Backend = OLD,
        component: Component = TABLE,
        reason: str = Reason.TEST_USER,
        version: str | None = "one",
        success: bool = True,
    ) -> None:
        def seen() -> int:
            figures = ports.figures.figures(component, 0).backends
            return sum(each.answers for each in figures.values())

        before = seen()
        decision = Decision(backend, reason, None, version)
        ports.usage.insert(BackendUsage(component, user, decision, elapsed_ms, success), user, at)
        assert wait_until(lambda: seen() == before + 1, 10)

    return insert


@pytest.fixture(params=["tail", "folded", "both"])
def when(request: pytest.FixtureRequest, ports: Ports) -> Callable[[str], None]:
    """Fold in the middle of a test, at its end, or never: its figures are the same."""

    def fold(moment: str) -> None:
        if request.param in ("both", "folded") and (moment == "end" or request.param == "both"):
            while ports.figures.fold(now()):
                pass

    return fold


When = Callable[[str], None]


def about(milliseconds: float) -> object:
    """The upper bound of the bucket of a duration: at most 10 % more."""
    return pytest.approx(milliseconds * 1.05, rel=0.05)


def test_answers_failures_and_percentiles_are_counted_by_backend(ports: Ports, insert: Insert, when: When) -> None:
    for number in range(20):
        insert(f"user-{number % 3}", HOUR + number, 10.0)
    when("middle")
    insert("user-1", HOUR + 20, 1000.0, success=False)
    insert("user-4", HOUR + HOUR_MS, 5.0, backend=NEW)
    insert("user-4", HOUR + HOUR_MS, 5.0, component=CHARTS)
    when("end")
    found = ports.figures.figures(TABLE, HOUR)
    old = found.backends[OLD]
    assert (old.answers, old.failures) == (21, 1)
    assert (old.p50, old.p95, old.p99) == (about(10), about(10), about(1000))
    assert found.backends[NEW] == BackendFigures(1, 0, *[found.backends[NEW].p50] * 3)
    assert found.backends[NEW].p99 == about(5)


def test_people_are_counted_once_over_all_hours_and_once_in_each(ports: Ports, insert: Insert, when: When) -> None:
    insert("anna", HOUR + 5)
    insert("anna", HOUR + 6, backend=NEW)
    when("middle")
    insert("anna", HOUR + 7, backend=NEW)
    insert("bert", HOUR + 8)
    insert("anna", HOUR + 2 * HOUR_MS)
    insert("carl", HOUR + 2 * HOUR_MS + 1, backend=NEW)
    when("end")
    total = ports.figures.figures(TABLE, HOUR)
    assert (total.since, total.people, total.people_on_new) == (HOUR, 3, 2)
    by_hour = [(each.since, each.people, each.people_on_new) for each in ports.figures.hourly(TABLE, HOUR)]
    assert by_hour == [(HOUR, 2, 1), (HOUR + 2 * HOUR_MS, 2, 1)]
    later = ports.figures.figures(TABLE, HOUR + HOUR_MS)
    assert (later.people, later.people_on_new) == (2, 1)


def test_figures_begin_with_the_hour_of_the_instant(ports: Ports, insert: Insert, when: When) -> None:
    insert("anna", HOUR - 1)
    insert("bert", HOUR)
    when("end")
    found = ports.figures.figures(TABLE, HOUR + 1234)
    assert (found.since, found.people, found.backends[OLD].answers) == (HOUR, 1, 1)
    assert [each.since for each in ports.figures.hourly(TABLE, HOUR + 1234)] == [HOUR]


def test_where_nobody_was_answered_there_is_nothing(ports: Ports) -> None:
    assert ports.figures.figures(TABLE, HOUR) == ComponentFigures(TABLE, HOUR, dict.fromkeys(Backend, NOBODY), 0, 0)
    assert ports.figures.hourly(TABLE, HOUR) == []
    assert ports.figures.share(TABLE, "one") == Share(0, 0)
    assert ports.figures.fold(now()) == 0


def test_the_share_is_of_those_whom_the_percentage_of_that_document_decided_about(
    ports: Ports, insert: Insert, when: When
) -> None:
    insert("anna", HOUR, backend=NEW, reason=IN)
    insert("bert", HOUR, reason=OUT)
    insert("carl", HOUR, reason=OUT)
    insert("test", HOUR, backend=NEW, reason=Reason.TEST_USER)
    when("middle")
    insert("anna", HOUR + 1, reason=Reason.FORCED_OLD, version=None)
    insert("carl", HOUR + 1, backend=NEW, reason=IN, version="two")
    insert("dora", HOUR + 1, reason=OUT, component=CHARTS)
    when("end")
    assert ports.figures.share(TABLE, "one") == Share(2, 1)
    assert ports.figures.share(TABLE, "two") == Share(1, 1)
    assert ports.figures.share(TABLE, "three") == Share(0, 0)
    assert ports.figures.share(CHARTS, "one") == Share(1, 0)


def test_a_row_is_added_once_and_what_is_young_or_later_waits(ports: Ports, insert: Insert) -> None:
    for at in (HOUR, HOUR + 1, now() - 5_000):
        insert("anna", at)
    assert ports.figures.fold(HOUR) == 1
    assert [ports.figures.fold(now()) for _ in range(3)] == [1, 0, 0]
    assert ports.figures.figures(TABLE, 0).backends[OLD].answers == 3


def test_a_row_that_comes_late_between_younger_ones_is_added_too(ports: Ports, insert: Insert) -> None:
    insert("anna", now() - 70_000)
    assert ports.figures.fold(now()) == 1
    insert("late", now() - 65_000)
    assert ports.figures.fold(now()) == 1
    found = ports.figures.figures(TABLE, 0)
    assert (found.people, found.backends[OLD].answers) == (2, 2)


def test_the_longest_and_the_shortest_durations_have_a_bucket(ports: Ports, insert: Insert, when: When) -> None:
    for backend, elapsed in ((OLD, 0.0), (NEW, 10_000_000.0)):
        insert("anna", HOUR, elapsed, backend=backend)
    when("end")
    backends = ports.figures.figures(TABLE, HOUR).backends
    assert (backends[OLD].p50, backends[NEW].p50) == (1.0, 60_000.0)
    assert replace(backends[OLD], p50=None, p95=None, p99=None) == replace(NOBODY, answers=1)
