"""The census asks everybody, alone, from where it stopped, and again where it has to."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.gate.census_records import Censuses, Tally
from chalicelib.domain.migration.records.comparison_log import IgnoreRule, Outcome
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.trace import begin_trace
from chalicelib.services.migration.gate.census import CensusState, CensusTaken
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeStore
from tests.unit.services.migration.gate.census_stage import (
    HIDDEN,
    HOUR_MS,
    LIMITS,
    NOW,
    READS,
    WRONG,
    Backends,
    Clock,
    Stage,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def stage() -> Stage:
    clock = Clock()
    store = FakeStore(clock)
    store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    return Stage(clock, store, fake_ports(store, FakePublisher(), FakeSides(store, clock)), Backends(clock))


def test_everybody_is_asked_though_nobody_came_by(stage: Stage) -> None:
    stage.people(10)
    assert stage.run() == CensusTaken(CensusState.FINISHED, 10)
    assert stage.backends.people == dict.fromkeys([f"person-{number}" for number in range(10)], READS)
    found = stage.whole()
    assert (found.users, found.of(Component.DASHBOARD), found.code) == (10, Tally(10), "a1")
    assert found.of(Component.ENERGY_FORMS) == Tally(10 * len(EnergyType))
    assert list(cast(Any, stage.ports.comparisons).rows) == [], "what is equal needs no row"


def test_one_persons_wrong_figure_is_found(stage: Stage) -> None:
    stage.people(10)
    stage.backends.outcomes["person-7"] = Outcome.DIFFERENT
    stage.run()
    assert stage.whole().of(Component.DASHBOARD) == Tally(10, 1)
    [*seen] = stage.ports.counted.counted(Component.DASHBOARD, "a1").differences
    assert seen == [WRONG.fingerprint(Component.DASHBOARD)]
    assert {row.compared.request.user_id for row in cast(Any, stage.ports.comparisons).rows} == {"person-7"}


def test_the_times_of_one_persons_views_are_one_pair(stage: Stage) -> None:
    """They go together: of somebody with many readings each view is slow."""
    stage.people(3)
    stage.backends.times = (10.0, 30.0)
    stage.run()
    for component in (Component.DASHBOARD, Component.ENERGY_TABLE):
        found = stage.ports.counted.counted(component, "a1").evidence({}, NOW)
        assert (found.latency.against, found.latency.favour) == (3, 0)


@pytest.mark.parametrize(
    ("times", "broken", "pairs"),
    [
        ((10.0, 30.0), (), 1),
        ((1.4, 1.9), (), 0),  # slower by less than a clock can say
        ((10.0, 30.0), (Backend.NEW,), 0),
        ((None, 30.0), (), 0),
        ((10.0, None), (), 0),
    ],
)
def test_who_broke_has_no_time_or_is_hardly_slower_makes_no_pair_of_times(
    stage: Stage, times: tuple[float | None, float | None], broken: tuple[Backend, ...], pairs: int
) -> None:
    stage.people(1)
    stage.backends.times, stage.backends.broken = times, broken
    stage.run()
    found = stage.ports.counted.counted(Component.ENERGY_TABLE, "a1").evidence({}, NOW)
    assert found.latency.pairs == pairs
    assert (found.errors.pairs > 0) is (broken != ())


def test_what_somebody_answers_for_is_no_difference_of_the_census(stage: Stage) -> None:
    stage.people(1)
    stage.backends.outcomes["person-0"] = Outcome.DIFFERENT
    for component in Component:
        rule = IgnoreRule(WRONG.fingerprint(component), "olga", "known", NOW + HOUR_MS)
        stage.ports.comparisons.save_rule(rule)
    stage.run()
    assert stage.whole().of(Component.DASHBOARD) == Tally(1)


def test_what_could_not_be_compared_is_said(stage: Stage) -> None:
    stage.people(2)
    stage.backends.outcomes["person-1"] = Outcome.FAILED
    stage.run()
    assert stage.whole().of(Component.DASHBOARD) == Tally(2, 0, 1)


def test_above_the_limit_nobody_is_asked(stage: Stage) -> None:
    stage.people(11)
    assert stage.run() == CensusTaken(CensusState.TOO_MANY, 0)
    assert stage.backends.asked == []


def test_no_more_people_are_read_than_it_takes_to_know_that_they_are_too_many(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def people() -> Iterator[str]:
        for number in range(99):
            read.append(number)
            yield f"person-{number}"

    monkeypatch.setattr(stage.ports.known_users, "known_users", people)
    assert stage.run().state is CensusState.TOO_MANY
    assert len(read) == 11


def test_where_there_is_nothing_to_compare_nobody_is_asked(stage: Stage) -> None:
    stage.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    with pytest.raises(ComparisonError, match="old_only"):
        stage.run()


def test_run_by_run_each_person_is_asked_once(stage: Stage) -> None:
    stage.people(7)
    states = [stage.run(2 * READS).state for _ in range(4)]
    assert states == [CensusState.UNDER_WAY] * 3 + [CensusState.FINISHED]
    assert stage.backends.people == dict.fromkeys([f"person-{number}" for number in range(7)], READS)
    assert (stage.whole().users, stage.whole().of(Component.DASHBOARD)) == (7, Tally(7))


def test_wherever_a_run_dies_nothing_is_left_out_and_nothing_counts_twice(stage: Stage) -> None:
    stage.people(4)
    deaths = iter(range(3, 9 * READS, READS + 1))
    left = [next(deaths)]

    def die() -> None:
        if len(stage.backends.asked) >= left[0]:
            left[0] = next(deaths, 10_000)
            raise MemoryError

    stage.backends.meanwhile = die
    for _ in range(50):
        try:
            if stage.run(claim=0).state is CensusState.FINISHED:
                break
        except MemoryError:
            continue
    assert (stage.whole().users, stage.whole().of(Component.DASHBOARD)) == (4, Tally(4))


def test_two_schedules_at_once_ask_nobody_twice(stage: Stage) -> None:
    stage.people(5)
    seen: list[CensusTaken] = []

    def come() -> None:
        stage.backends.meanwhile = lambda: None
        seen.append(stage.run())

    stage.backends.meanwhile = come
    assert stage.run().state is CensusState.FINISHED
    assert seen == [CensusTaken(CensusState.CLAIMED)]
    assert set(stage.backends.people.values()) == {READS}


def test_a_run_whose_claim_is_over_leaves_the_rest_to_the_next_one(stage: Stage) -> None:
    stage.people(5)
    others: list[CensusTaken] = []

    def come() -> None:
        stage.backends.meanwhile = lambda: None
        others.append(stage.run())

    stage.backends.meanwhile = come
    late = stage.run(claim=0)
    assert [other.state for other in others] == [CensusState.FINISHED]
    assert late.state is CensusState.CLAIMED
    assert (stage.whole().users, stage.whole().of(Component.DASHBOARD)) == (5, Tally(5))


def test_who_lags_is_asked_again_first_and_counts_once(stage: Stage) -> None:
    stage.people(4)
    stage.backends.outcomes["person-2"] = Outcome.LAG
    assert stage.run(3 * READS).state is CensusState.UNDER_WAY
    assert stage.run().state is CensusState.UNDER_WAY, "everybody else was asked"
    assert stage.ports.census.censuses().finished is None
    del stage.backends.outcomes["person-2"]
    before = len(stage.backends.asked)
    assert stage.run().state is CensusState.FINISHED
    assert stage.backends.asked[before].user_id == "person-2"
    assert (stage.whole().users, stage.whole().of(Component.DASHBOARD)) == (4, Tally(4))


def test_who_lags_comes_before_those_who_were_not_asked_yet(stage: Stage) -> None:
    stage.people(3)
    stage.backends.outcomes |= dict.fromkeys(["person-0", "person-1", "person-2"], Outcome.LAG)
    stage.run(1)
    [first] = stage.backends.people
    stage.backends.asked.clear()
    stage.run()
    assert stage.backends.asked[0].user_id == first
    assert len(stage.backends.people) == 3


def test_who_takes_longer_than_whole_runs_is_given_up_and_the_others_have_their_turn(stage: Stage) -> None:
    stage.people(2)
    for _ in range(3):
        assert stage.run(READS - 2) == CensusTaken(CensusState.UNDER_WAY, 0)
    assert stage.run(READS + 1).state is CensusState.FINISHED
    assert stage.whole().of(Component.DASHBOARD) == Tally(2, 0, 1)
    assert stage.whole().of(Component.ENERGY_FORMS).failed == 1


def test_while_the_last_one_is_young_nobody_is_asked_again(stage: Stage) -> None:
    stage.people(2)
    stage.run()
    stage.backends.asked.clear()
    stage.clock.now += LIMITS.census_ms // 2
    assert stage.run() == CensusTaken(CensusState.NOT_DUE)
    stage.clock.now += 1
    assert stage.run() == CensusTaken(CensusState.FINISHED, 2), "before it gets too old"


def test_the_last_one_stays_until_the_next_one_has_come_to_its_end(stage: Stage) -> None:
    stage.people(2)
    stage.run()
    before = stage.whole()
    stage.clock.now += LIMITS.census_ms
    assert stage.run(READS).state is CensusState.UNDER_WAY
    assert stage.whole() == before
    stage.run()
    assert stage.whole().started > before.started


@pytest.mark.parametrize("under_way", [True, False])
def test_other_code_or_another_mode_begins_anew(stage: Stage, under_way: bool) -> None:
    stage.people(3)
    stage.run(READS if under_way else 1_000)
    stage.code = "b2"
    assert stage.run() == CensusTaken(CensusState.FINISHED, 3)
    assert stage.whole().code == "b2"
    stage.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, since=NOW + 7)
    assert stage.run() == CensusTaken(CensusState.FINISHED, 3)
    assert stage.whole().mode_since == NOW + 7


def test_one_that_was_interrupted_for_too_long_begins_anew(stage: Stage) -> None:
    stage.people(3)
    stage.run(READS)
    stage.clock.now += LIMITS.census_ms + 1
    began = stage.clock.now
    stage.run()
    assert (stage.whole().started, stage.whole().users) == (began, 3)


@pytest.mark.parametrize("outcome", [Outcome.DIFFERENT, Outcome.FAILED])
def test_after_one_that_found_something_everybody_is_asked_again_soon(stage: Stage, outcome: Outcome) -> None:
    stage.people(2)
    stage.backends.outcomes["person-1"] = outcome
    stage.run()
    del stage.backends.outcomes["person-1"]
    stage.clock.now = (stage.whole().finished or 0) + 299_999
    assert stage.run().state is CensusState.NOT_DUE
    stage.clock.now += 1
    assert stage.run().state is CensusState.FINISHED
    assert stage.whole().is_clean


def test_runs_that_had_nothing_to_do_give_nobody_up(stage: Stage) -> None:
    stage.people(2)
    stage.run()
    for _ in range(5):
        assert stage.run().state is CensusState.NOT_DUE
    stage.clock.now += LIMITS.census_ms
    assert stage.run().state is CensusState.FINISHED
    assert stage.whole().of(Component.DASHBOARD) == Tally(2)


def test_who_comes_after_its_end_is_asked_by_the_next_run_and_nobody_else(stage: Stage) -> None:
    stage.people(2)
    stage.run()
    before = stage.whole()
    stage.clock.now += HOUR_MS
    stage.people(4)
    stage.backends.asked.clear()
    stage.backends.outcomes["person-3"] = Outcome.DIFFERENT
    assert stage.run(READS).state is CensusState.UNDER_WAY
    assert stage.whole() == before, "it says for whom it speaks until everybody was asked"
    assert stage.run() == CensusTaken(CensusState.FINISHED, 4)
    assert stage.backends.people == {"person-2": READS, "person-3": READS}
    assert stage.whole().of(Component.DASHBOARD) == Tally(4, 1)
    assert stage.whole().finished == before.finished, "the others' answers are no younger"


def test_a_run_that_died_before_it_said_so_has_ended_all_the_same(stage: Stage) -> None:
    stage.people(2)
    stage.run()
    whole = stage.whole()
    claim = stage.ports.census.claim(60)
    assert claim is not None
    assert stage.ports.census.save(claim, Censuses(whole, whole))
    stage.ports.census.release(claim)
    assert stage.run() == CensusTaken(CensusState.FINISHED, 2)
    assert stage.ports.census.censuses() == Censuses(None, whole)


def test_who_comes_while_it_is_under_way_is_asked_too(stage: Stage) -> None:
    stage.people(3)
    for count in (4, 5, 6):
        assert stage.run(READS).state is CensusState.UNDER_WAY
        stage.people(count)
    assert stage.run() == CensusTaken(CensusState.FINISHED, 6)
    assert stage.backends.people == dict.fromkeys([f"person-{number}" for number in range(6)], READS)


def test_none_of_its_names_is_anybodys_pseudonym(stage: Stage) -> None:
    stage.people(3)
    stage.backends.outcomes["person-2"] = Outcome.LAG
    stage.run()
    kept = repr(stage.ports.census.censuses())
    assert "person" not in kept
    assert not any(HIDDEN.of("user", f"person-{number}") in kept for number in range(3))


def test_who_is_gone_meanwhile_is_waited_for_no_longer(stage: Stage) -> None:
    stage.people(3)
    stage.backends.outcomes["person-2"] = Outcome.LAG
    stage.run()
    stage.store.stored.meters = {
        key: meter for key, meter in stage.store.stored.meters.items() if "person-2" not in key
    }
    assert stage.run().state is CensusState.FINISHED
    assert stage.whole().users == 2
    del stage.store.stored.meters[next(key for key in stage.store.stored.meters if "person-1" in key)]
    assert stage.run() == CensusTaken(CensusState.FINISHED, 1)
    assert len(stage.whole().done) == 1, "no name of theirs is kept"


def test_what_cannot_be_compared_in_this_mode_is_not_asked(stage: Stage) -> None:
    stage.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    stage.people(1)
    assert stage.run().state is CensusState.FINISHED
    assert {request.component for request in stage.backends.asked} == {Component.DASHBOARD, Component.TIMELINE_SLIDER}


def test_each_view_is_asked_once_with_the_trace_of_the_run(stage: Stage) -> None:
    stage.people(1)
    begin_trace(f"00-{TRACE}-00f067aa0ba902b7-01")
    stage.run()
    begin_trace(None)
    assert {request.trace_id for request in stage.backends.asked} == {TRACE}
    assert [request.component for request in stage.backends.asked] == [
        *(Component.DASHBOARD, *[Component.ENERGY_TABLE] * 3, *[Component.TIMELINE_SLIDER] * 2),
        *[Component.ENERGY_FORMS] * 2,
    ]


def test_the_state_of_a_run_is_said_in_words() -> None:
    assert [*CensusState] == ["too many people", "another run asks", "not due", "under way", "finished"]


def test_where_there_is_nobody_the_census_has_an_end_all_the_same(stage: Stage) -> None:
    assert stage.run() == CensusTaken(CensusState.FINISHED, 0)
    assert (stage.whole().users, stage.whole().finished) == (0, NOW)
    assert stage.run() == CensusTaken(CensusState.NOT_DUE, 0)
