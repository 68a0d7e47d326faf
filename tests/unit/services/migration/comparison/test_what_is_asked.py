"""Which reads are asked of a user, which can be compared in which mode, and what is asked of a person's times."""

from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import ComparisonError, TooManyError
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import ComponentTimes, MeasurementKind, Sample
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.comparison.feedback import FeedbackService
from chalicelib.services.migration.comparison.page_times import PageTimesService
from chalicelib.services.migration.comparison.reads_of_user import comparable, everything_of_user, reads_of_user
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from infra.simulation.memory.migration.sides import reading
from infra.simulation.memory.store import FakeStore

NOW = 1_700_000_000_000
DAY = 86_400_000
IN_2023 = 1_690_000_000_000
HIDDEN = Pseudonyms(b"key")
ROWS = {Component.ENERGY_TABLE, Component.ENERGY_FORMS}
READ = {*ROWS, Component.DASHBOARD, Component.MONTHLY_CHARTS, Component.TIMELINE_SLIDER}


class Readings:
    """One reading of power, in 2023."""

    def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[StoredReading]:
        assert user_id == "alice"
        return [reading("one", EnergyType.POWER, IN_2023, 1)] if request.filter.type is EnergyType.POWER else []


def shown(reads: Any) -> list[tuple[str, dict[str, Any]]]:
    default = {"type": None, "first": None, "last": None, "after": None, "consistent": False, "buckets": None}
    return [
        (
            read.component.value,
            {name: value for name, value in read.parameters().items() if name == "type" or name not in default},
        )
        for read in reads
    ]


TABLE: dict[str, Any] = {"type": None, "descending": False, "limit": 50}
PAGE: list[tuple[str, dict[str, Any]]] = [
    ("dashboard", {}),
    ("energy_table", TABLE),
    ("energy_table", TABLE | {"descending": True}),
    ("energy_table", TABLE | {"limit": 1_000_000}),
    ("timeline_slider", {"type": "power"}),
    *(("monthly_charts", {"type": "power", "year": year}) for year in (2022, 2023, 2024)),
    ("timeline_slider", {"type": "gas"}),
]


def test_the_page_of_a_user_is_both_ends_of_the_table_and_the_whole_and_each_meter() -> None:
    assert shown(reads_of_user(cast(Any, Readings()), "alice")) == PAGE
    forms = [("energy_forms", {"type": kind}) for kind in ("power", "gas")]
    assert shown(everything_of_user(cast(Any, Readings()), "alice")) == [*PAGE, *forms]


def test_while_both_sides_are_written_everything_can_be_compared() -> None:
    assert set(comparable(SyncState(SyncMode.DUAL_WRITE))) == READ


def test_in_new_only_rows_would_be_compared_with_themselves() -> None:
    assert set(comparable(SyncState(SyncMode.NEW_ONLY))) == READ - ROWS


def test_what_cannot_be_compared_yet_is_said_with_the_command_that_comes_first() -> None:
    with pytest.raises(ComparisonError, match=r"the mode is old_only: .*; first: mode set dual_write"):
        comparable(SyncState(SyncMode.OLD_ONLY))
    for side in Side:
        expected = f"both backends read the {side} readings until the sides are equal; first: sync"
        with pytest.raises(ComparisonError, match=expected):
            comparable(SyncState(SyncMode.DUAL_WRITE, catching_up=side))


def given(at: int) -> Feedback:
    return Feedback(Component.DASHBOARD, {"at": at}, Backend.NEW, Reason.PERCENTAGE_IN, {})


class Box:
    """The feedback of people, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.log = FakeFeedbackLog(FakeStore())
        self.service = FeedbackService(self.log, HIDDEN, lambda: self.now)

    def give(self, user: str = "alice") -> str:
        return self.service.give(user, given(self.now))


@pytest.mark.parametrize(
    ("later", "wait"), [(1_000, 86_399), (1_001, 86_399), (1_999, 86_399), (2_000, 86_398), (DAY - 1, 1)]
)
def test_who_has_given_feedback_fifty_times_within_a_day_is_told_how_long_to_wait(later: int, wait: int) -> None:
    box = Box()
    for _ in range(50):
        box.give()
    box.now += later
    with pytest.raises(TooManyError, match="you have given feedback 50 times within a day: try again later") as refused:
        box.give()
    assert refused.value.retry_seconds == wait
    box.give("bob")
    box.now = NOW + DAY
    box.give()


def test_feedback_is_kept_with_who_gave_it_by_pseudonym_and_when() -> None:
    box = Box()
    key = box.give()
    user, kept = box.log.rows[key]
    assert (user, kept.id, kept.user, kept.at) == ("alice", key, HIDDEN.of("user", "alice"), NOW)
    assert kept.feedback == given(NOW)


class Pages:
    """Samples that say what was asked."""

    def measured(self, component: Component, backend: Backend, kind: MeasurementKind, since: int, limit: int) -> Sample:
        return Sample([(since, float(limit))], cut=(component, backend, kind) == self.marked)

    def served(self, component: Component, backend: Backend, since: int, limit: int) -> Sample:
        return Sample([(since, limit + 0.5)])

    marked = (Component.ENERGY_TABLE, Backend.NEW, MeasurementKind.RENDER)


def test_the_latest_ten_thousand_measurements_of_each_kind_are_reported_old_before_new() -> None:
    report = PageTimesService(cast(Any, Pages())).report(NOW)
    assert [(each.component, each.backend) for each in report] == [
        (component, backend) for component in Component for backend in (Backend.OLD, Backend.NEW)
    ]
    found = next(each for each in report if (each.component, each.backend) == Pages.marked[:2])
    one, marked = Sample([(NOW, 10_000.0)]), Sample([(NOW, 10_000.0)], cut=True)
    served = Sample([(NOW, 10_000.5)])
    assert found == ComponentTimes(
        Component.ENERGY_TABLE, Backend.NEW, fetch=one, render=marked, interaction=one, errors=one, served=served
    )


@pytest.mark.parametrize("kind", MeasurementKind)
def test_each_kind_of_measurement_is_where_it_belongs(kind: MeasurementKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pages, "marked", (Component.DASHBOARD, Backend.OLD, kind))
    found = PageTimesService(cast(Any, Pages())).report(NOW)
    [times] = [each for each in found if (each.component, each.backend) == (Component.DASHBOARD, Backend.OLD)]
    samples = {"fetch": times.fetch, "render": times.render, "interaction": times.interaction, "error": times.errors}
    assert [name for name, sample in samples.items() if sample.cut] == [kind.value]
