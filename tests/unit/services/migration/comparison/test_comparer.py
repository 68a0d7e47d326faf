"""Which reads the comparer picks: a bounded share of the latest of each component, and all where there are few."""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.decision import FORCED_OLD, Reason
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.migration.records.feedback import ATTEMPTS, Feedback
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.runs import BackendComparer
from infra.simulation.memory.migration.sides import FakeSides
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeMeters, FakeStore

NOW = 1_700_000_000_000
DAY = 86_400_000
CODE = "the code that runs"
TABLE, CHARTS = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS


@dataclass
class Clock:
    now: int = NOW

    def __call__(self) -> int:
        return self.now


class EqualBackends:
    """Answers are always equal, after a second each; remembers who was asked for."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[Request] = []
        self.meanwhile: list[Callable[[], None]] = []
        self.difference: Difference | None = None
        self.outcome: Outcome | None = None
        self.source_versions: dict[str, int] = {}

    def versions(self, user_id: str) -> tuple[int, ...]:
        return (self.source_versions.get(user_id, 0),)

    def compare_backends(self, request: Request) -> ComparisonResult:
        self.asked.append(request)
        self.clock.now += 1_000
        if self.meanwhile:
            self.meanwhile.pop()()
        if self.outcome:
            return ComparisonResult(request, self.outcome)
        if self.difference:
            return ComparisonResult(request, Outcome.DIFFERENT, (self.difference,))
        return ComparisonResult(request, Outcome.EQUAL)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backends(clock: Clock) -> EqualBackends:
    return EqualBackends(clock)


@pytest.fixture
def store(clock: Clock) -> FakeStore:
    return FakeStore(clock)


@pytest.fixture
def ports(clock: Clock, store: FakeStore) -> Ports:
    return fake_ports(store, FakePublisher(), FakeSides(store, clock))


@pytest.fixture
def comparer(ports: Ports, backends: EqualBackends, clock: Clock) -> BackendComparer:
    hidden, log, counted = Pseudonyms(b"key"), ports.comparisons, ports.counted
    asking = RecordedComparison(cast(Any, backends), log, counted, hidden, clock, lambda: CODE)
    return BackendComparer(
        *(asking, log, counted, ports.feedback, ports.queries, ports.known_users), hidden, clock, Random(1)
    )


def complain(ports: Ports, user: str, at: int, component: Component = TABLE) -> str:
    """Say that a component looks wrong."""
    seen = Feedback(component, {"limit": 1}, Backend.NEW, Reason.PERCENTAGE_IN, {})
    return ports.feedback.add(user, seen, "pseudonym", at)


def complaints(comparer: BackendComparer) -> list[tuple[str, int]]:
    """The state of each, and how often it was asked, the latest first."""
    return [(given.state, given.attempts) for given in comparer.feedback(0, 99).latest]


def note(ports: Ports, component: Component, count: int, at: int = NOW - 1) -> None:
    for number in range(count):
        usage = BackendUsage(component, f"user-{number}", FORCED_OLD, 1.0, success=True, parameters={"limit": 1})
        ports.usage.insert(usage, "pseudonym", at)


@pytest.mark.parametrize(
    ("noted", "compared"),
    [(0, 0), (5, 5), (20, 20), (21, 20), (400, 20), (1_000, 50), (4_000, 200), (4_500, 200)],
)
def test_of_each_component_a_share_is_compared_and_of_few_all(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, noted: int, compared: int
) -> None:
    note(ports, TABLE, noted)
    note(ports, CHARTS, 3)
    comparer.run(300)
    asked = Counter(request.component for request in backends.asked)
    assert asked == Counter({TABLE: compared, CHARTS: 3}) + Counter()
    assert len({request.usage for request in backends.asked}) == len(backends.asked), "none is asked twice"


def test_after_a_long_rest_the_latest_reads_are_compared(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    note(ports, TABLE, 4_000, at=NOW - 5)
    note(ports, TABLE, 4_000, at=NOW - 9)
    comparer.run(300)
    assert {int(request.usage or "", 16) < 4_000 for request in backends.asked} == {True}


def test_the_first_run_looks_back_a_little_and_the_next_one_to_where_it_began(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    quarter = 15 * 60_000
    note(ports, TABLE, 3, at=NOW - quarter)
    note(ports, TABLE, 2, at=NOW - quarter + 1)
    assert comparer.run(60) == {Outcome.EQUAL: 2}
    assert ports.comparisons.looked_at() == NOW
    assert comparer.run(60) == {}
    assert ports.comparisons.looked_at() == NOW + 2_000


def test_what_is_read_while_a_run_goes_on_is_compared_by_the_next_one(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock
) -> None:
    note(ports, TABLE, 3)
    backends.meanwhile = [lambda: note(ports, CHARTS, 2, clock.now)]
    assert comparer.run(60) == {Outcome.EQUAL: 3}
    clock.now += 300_000
    assert comparer.run(60) == {Outcome.EQUAL: 2}
    assert [request.component for request in backends.asked] == [TABLE] * 3 + [CHARTS] * 2


def test_what_is_remembered_says_when_it_was_seen(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("months", 0, "meterReading"), 1, 2)
    note(ports, TABLE, 2)
    comparer.run(60)
    [group] = comparer.report(NOW).groups
    assert (group.first, group.last) == (NOW + 1_000, NOW + 2_000)
    assert not comparer.report(NOW + 2_001).groups


@pytest.mark.parametrize(("after", "taken"), [(0, False), (1, True), (366 * DAY, True), (366 * DAY + 1, False)])
def test_a_rule_lasts_a_year_at_most_and_ends_in_the_future(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock, after: int, taken: bool
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("months", 0, "meterReading"), 1, 2)
    note(ports, TABLE, 1)
    assert comparer.run(60) == {Outcome.DIFFERENT: 1}
    [group] = comparer.report(0).groups
    rule = IgnoreRule(group.fingerprint, "olga", "known", clock.now + after)
    with nullcontext() if taken else pytest.raises(ComparisonError, match="at most a year"):
        comparer.ignore(rule)
    assert list(ports.comparisons.rules()) == [group.fingerprint] * taken


def test_a_rule_counts_until_its_last_moment(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("months", 0, "meterReading"), 1, 2)
    note(ports, TABLE, 1)
    comparer.run(60)
    [group] = comparer.report(0).groups
    comparer.ignore(IgnoreRule(group.fingerprint, "olga", "known", clock.now + 2_002))
    for outcome in (Outcome.IGNORED, Outcome.DIFFERENT):
        note(ports, TABLE, 1, clock.now)
        clock.now += 1
        assert comparer.run(60) == {outcome: 1}


@pytest.mark.parametrize(("budget", "compared"), [(0, 0), (3, 3), (3.5, 4), (60, 10)])
def test_out_of_time_the_rest_is_passed_by(
    ports: Ports, comparer: BackendComparer, clock: Clock, budget: float, compared: int
) -> None:
    """A comparison takes a second here; none begins when the time is up."""
    note(ports, TABLE, 10)
    assert comparer.run(budget).total() == compared
    assert clock.now == NOW + 1_000 * compared
    assert ports.comparisons.looked_at() == NOW


def test_where_both_backends_read_the_same_rows_no_difference_of_rows_is_asked_again(
    ports: Ports, store: FakeStore, backends: EqualBackends, comparer: BackendComparer
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("months", 0, "meterReading"), 1, 2)
    note(ports, TABLE, 1)
    comparer.run(60)
    [group] = comparer.report(0).groups
    store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    with pytest.raises(ComparisonError, match="in new_only both backends read the same readings"):
        comparer.replay(group.fingerprint, "olga")
    store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    assert comparer.replay(group.fingerprint, "olga").showing == 1


def test_of_a_user_who_has_anything_the_whole_page_is_compared_and_of_nobody_nothing(
    store: FakeStore, backends: EqualBackends, comparer: BackendComparer
) -> None:
    assert list(comparer.of_user("alice")) == []
    backends.source_versions["alice"] = 3
    FakeMeters(store.stored, "alice").mark_changed(EnergyType.POWER, 0, 0, NOW)
    assert {compared.request.component for compared in comparer.of_user("alice")} >= {TABLE, Component.DASHBOARD}
    assert {compared.request.user_id for compared in comparer.of_everybody()} == {"alice"}


def test_feedback_comes_before_the_sample_the_oldest_first_and_once(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    note(ports, CHARTS, 3)
    late, early = complain(ports, "late", NOW - 5), complain(ports, "early", NOW - 900_000_000)
    assert comparer.run(60) == {Outcome.EQUAL: 5}
    assert [request.feedback for request in backends.asked] == [early, late, None, None, None]
    assert [request.user_id for request in backends.asked[:2]] == ["early", "late"]
    assert complaints(comparer) == [("equal", 1)] * 2
    assert comparer.run(60) == {}


@pytest.mark.parametrize(("budget", "asked"), [(0, 0), (2, 2), (60, 3)])
def test_feedback_too_keeps_to_the_budget_and_what_is_left_waits(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, budget: float, asked: int
) -> None:
    for number in range(3):
        complain(ports, "alice", NOW + number)
    assert comparer.run(budget).total() == asked
    assert complaints(comparer) == [("open", 0)] * (3 - asked) + [("equal", 1)] * asked
    comparer.run(60)
    assert complaints(comparer) == [("equal", 1)] * 3
    assert len(backends.asked) == 3


def test_what_differs_is_kept_with_its_fingerprints_and_asked_again_by_them(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("readings", 0, "amount"), 1, 2)
    given = complain(ports, "alice", NOW)
    comparer.run(60)
    [group] = comparer.report(0).groups
    [kept] = comparer.feedback(0, 9).latest
    assert (kept.state, kept.fingerprints, kept.compared_at) == ("different", (group.fingerprint,), NOW + 1_000)
    backends.difference = None
    again = comparer.replay(group.fingerprint, "olga")
    assert (again.gone, dict(again.outcomes)) == (True, {Outcome.EQUAL: 1})
    assert [(request.user_id, request.feedback) for request in backends.asked] == [("alice", given)] * 2


@pytest.mark.parametrize("outcome", [Outcome.LAG, Outcome.FAILED, Outcome.OTHER_CALCULATION])
def test_an_outcome_that_says_nothing_leaves_it_to_the_next_runs_but_not_for_ever(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, outcome: Outcome
) -> None:
    backends.outcome = outcome
    complain(ports, "alice", NOW)
    for attempt in range(1, ATTEMPTS):
        assert comparer.run(60) == {outcome: 1}
        assert complaints(comparer) == [("open", attempt)]
    assert comparer.run(60) == {outcome: 1}
    assert complaints(comparer) == [(outcome.value, ATTEMPTS)]
    assert comparer.run(60) == {}


def test_feedback_that_ends_the_process_ends_no_more_than_a_few_runs(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer
) -> None:
    def die() -> None:
        raise MemoryError

    complain(ports, "alice", NOW)
    note(ports, TABLE, 1)
    for _ in range(ATTEMPTS):
        backends.meanwhile = [die]
        with pytest.raises(MemoryError):
            comparer.run(60)
    assert comparer.run(60) == {Outcome.EQUAL: 1}
    assert complaints(comparer) == [("failed", ATTEMPTS)]


def test_what_cannot_be_compared_in_this_mode_waits_for_another_one(
    ports: Ports, store: FakeStore, backends: EqualBackends, comparer: BackendComparer
) -> None:
    complain(ports, "alice", NOW, CHARTS)
    complain(ports, "alice", NOW)
    store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    assert comparer.run(60) == {Outcome.EQUAL: 1}
    assert complaints(comparer) == [("equal", 1), ("open", 0)]
    store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    assert comparer.run(60) == {Outcome.EQUAL: 1}


def test_who_compares_a_user_or_all_compares_their_feedback_first(
    ports: Ports, store: FakeStore, backends: EqualBackends, comparer: BackendComparer
) -> None:
    complain(ports, "bob", NOW)
    given = complain(ports, "alice", NOW + 1)
    backends.source_versions["alice"] = 3
    FakeMeters(store.stored, "alice").mark_changed(EnergyType.POWER, 0, 0, NOW)
    first, *others = comparer.of_user("alice")
    assert (first.request.feedback, {each.request.feedback for each in others}) == (given, {None})
    assert complaints(comparer) == [("equal", 1), ("open", 0)]
    assert next(comparer.of_everybody(1)).request.user_id == "bob"
    assert complaints(comparer) == [("equal", 1)] * 2


def agreements(ports: Ports, code: str = CODE) -> int:
    return ports.counted.counted(TABLE, code).agreements


def test_each_comparison_counts_for_the_code_that_runs(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock
) -> None:
    note(ports, TABLE, 3)
    comparer.run(60)
    assert (agreements(ports), agreements(ports, "other code")) == (3, 0)
    assert {row.compared.code for row in cast(Any, ports.comparisons).rows} == {CODE}
    note(ports, TABLE, 3, clock.now)
    clock.now += 1
    comparer.run(60)
    assert agreements(ports) == 3, "the same views at the same source versions"


def test_after_a_difference_agreements_begin_anew_with_the_first_answer_for_it(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("readings", 0, "amount"), 1, 2)
    complain(ports, "alice", NOW)
    comparer.run(60)
    [fingerprint] = ports.counted.counted(TABLE, CODE).differences
    backends.difference = None
    note(ports, TABLE, 3, clock.now)
    comparer.run(60)
    assert agreements(ports) == 3
    comparer.ignore(IgnoreRule(fingerprint, "olga", "known", NOW + DAY))
    assert agreements(ports) == 0
    complain(ports, "bob", NOW + 1)
    comparer.run(60)
    assert agreements(ports) == 1
    comparer.ignore(IgnoreRule(fingerprint, "olga", "still known", NOW + 2 * DAY))
    assert agreements(ports) == 1, "somebody has answered all the time"


def test_what_a_replay_shows_no_more_is_gone_on_this_code(
    ports: Ports, backends: EqualBackends, comparer: BackendComparer, clock: Clock
) -> None:
    backends.difference = Difference(DifferenceKind.VALUE, ("readings", 0, "amount"), 1, 2)
    complain(ports, "alice", NOW)
    comparer.run(60)
    [fingerprint] = ports.counted.counted(TABLE, CODE).differences
    comparer.replay(fingerprint, "olga")
    assert ports.counted.counted(TABLE, CODE).differences[fingerprint].gone is None
    backends.difference = None
    clock.now += 1
    comparer.replay(fingerprint, "olga")
    assert not ports.counted.counted(TABLE, CODE).differences[fingerprint].is_there
    assert agreements(ports) == 0
