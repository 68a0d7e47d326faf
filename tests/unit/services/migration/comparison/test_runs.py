"""What operators ask of the comparer, what it refuses in which words, and what of a run is bounded."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import ComparisonError, UnavailableError
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonResult,
    Example,
    Examples,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.decision import FORCED_OLD, Reason
from chalicelib.domain.migration.records.differences import Difference, DifferenceKind
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.trace import begin_trace
from chalicelib.services.migration.comparison.asking import RecordedComparison
from chalicelib.services.migration.comparison.replays import ComparisonMemory
from chalicelib.services.migration.comparison.runs import BackendComparer
from infra.simulation.memory.migration.feedback import FakeFeedbackLog
from infra.simulation.memory.migration.sides import FakeSides, reading
from infra.simulation.memory.ports import fake_ports
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeMeters, FakeStore

NOW = 1_700_000_000_000
TABLE, DASHBOARD = Component.ENERGY_TABLE, Component.DASHBOARD
READ = {*Component} - {Component.CSV_IMPORT}
HIDDEN = Pseudonyms(b"key")
WRONG = Difference(DifferenceKind.VALUE, ("readings", 0, "amount"), 1, 2)
FINGERPRINT = WRONG.fingerprint(TABLE)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
UNKNOWN = "no difference 'f0' is kept; python -m infra compare report lists them"


class Office:
    """A comparer on fakes; both backends answer what a test says, at one instant."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = FakeStore(lambda: self.now)
        self.ports = fake_ports(self.store, FakePublisher(), FakeSides(self.store, lambda: self.now))
        self.differs: dict[str, bool] = {}
        self.slow_ms = 0
        self.asked: list[Request] = []
        log, counted = self.ports.comparisons, self.ports.counted
        asking = RecordedComparison(cast(Any, self), log, counted, HIDDEN, lambda: self.now, lambda: "code")
        self.comparer = BackendComparer(
            *(asking, log, counted, self.ports.feedback, self.ports.queries, self.ports.known_users),
            *(HIDDEN, lambda: self.now, Random(1)),
        )

    def versions(self, user_id: str) -> tuple[int, ...]:
        return (1,) if user_id.startswith("person") else (0,)

    def compare_backends(self, request: Request) -> ComparisonResult:
        self.asked.append(request)
        self.now += self.slow_ms
        wrong = self.differs.get(request.user_id, False)
        return ComparisonResult(request, Outcome.DIFFERENT if wrong else Outcome.EQUAL, (WRONG,) if wrong else ())

    def complain(self, user: str, component: Component = TABLE, at: int = NOW) -> str:
        seen = Feedback(component, {"limit": 1}, Backend.NEW, Reason.PERCENTAGE_IN, {}, "trace")
        return self.ports.feedback.add(user, seen, "pseudonym", at)

    def people(self, count: int) -> None:
        for number in range(count):
            FakeMeters(self.store.stored, f"person-{number}").mark_changed(EnergyType.POWER, 0, 0, NOW)

    def seen(self, user: str = "person-0") -> None:
        """Compare something that differs, so that a fingerprint is kept."""
        self.differs[user] = True
        self.complain(user)
        self.comparer.run(60)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def _in_a_call() -> Iterator[None]:
    begin_trace(f"00-{TRACE}-00f067aa0ba902b7-01")
    yield
    begin_trace(None)


def test_a_hundred_of_what_people_say_is_compared_in_a_run_the_oldest_first(office: Office) -> None:
    for number in range(101):
        office.complain(f"person-{number:03}", at=NOW - number)
    assert office.comparer.run(60) == {Outcome.EQUAL: 100}
    assert office.asked[0].user_id == "person-100"
    assert office.comparer.run(60) == {Outcome.EQUAL: 1}


def test_what_a_busy_time_skips_is_of_no_component_more_than_of_another(office: Office) -> None:
    for component in (TABLE, DASHBOARD, Component.MONTHLY_CHARTS):
        for number in range(20):
            usage = BackendUsage(component, f"person-{number}", FORCED_OLD, 1.0, success=True, parameters={})
            office.ports.usage.insert(usage, "pseudonym", NOW - 1)
    office.slow_ms = 1_000
    assert office.comparer.run(15) == {Outcome.EQUAL: 15}
    assert len({request.component for request in office.asked}) == 3


@pytest.mark.parametrize(("takes", "compared"), [(59_999, 2), (60_000, 1)])
def test_the_budget_of_a_run_is_in_seconds(office: Office, takes: int, compared: int) -> None:
    for number in range(3):
        office.complain(f"person-{number}")
    office.slow_ms = takes
    assert office.comparer.run(60).total() == compared


def test_the_latest_four_thousand_reads_of_each_component_are_picked_from(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Component, int, int]] = []

    def requests(*given: Any) -> list[Request]:
        asked.append(given)
        return []

    monkeypatch.setattr(office.ports.comparisons, "requests", requests)
    office.comparer.run(60)
    office.now += 300_000
    office.comparer.run(60)
    first, again = ({(each, after, 4_000) for each in READ} for after in (NOW - 900_000, NOW))
    assert (set(asked[: len(READ)]), set(asked[len(READ) :])) == (first, again)


def test_of_everybody_a_sample_is_as_many_people_as_asked_for_and_no_more_than_there_are(office: Office) -> None:
    office.people(5)
    assert len({each.request.user_id for each in office.comparer.of_everybody(2)}) == 2
    assert len({each.request.user_id for each in office.comparer.of_everybody(9)}) == 5
    everybody = [each.request.user_id for each in office.comparer.of_everybody()]
    assert [*dict.fromkeys(everybody)] == [f"person-{number}" for number in range(5)]
    assert list(office.comparer.of_everybody(0)) == []


@pytest.mark.usefixtures("_in_a_call")
def test_the_page_of_a_person_is_asked_in_its_order_each_read_with_a_trace(office: Office) -> None:
    office.people(1)
    seen = list(office.comparer.of_user("person-0"))
    assert [each.request.component for each in seen] == [
        *(DASHBOARD, TABLE, TABLE, TABLE, Component.TIMELINE_SLIDER, Component.TIMELINE_SLIDER)
    ]
    assert {each.request.trace_id for each in seen} == {TRACE}
    assert all(each.request.usage is each.request.feedback is None for each in seen)
    office.store.stored.sync = SyncState(SyncMode.NEW_ONLY)
    assert TABLE not in {each.request.component for each in office.comparer.of_user("person-0")}


def test_somebody_with_readings_alone_has_a_page_and_nobody_has_none(office: Office) -> None:
    sides = cast(FakeSides, office.ports.twins)
    assert list(office.comparer.of_user("zoe")) == []
    sides.write("zoe", reading("one", EnergyType.POWER, 1_690_000_000_000, 1))
    office.store.stored.sync = SyncState(SyncMode.DUAL_WRITE)
    assert len(list(office.comparer.of_user("zoe"))) == 9


def test_in_old_only_nothing_is_asked(office: Office) -> None:
    office.people(1)
    office.complain("person-0")
    office.store.stored.sync = SyncState(SyncMode.OLD_ONLY)
    for ask in (
        lambda: office.comparer.run(60),
        lambda: list(office.comparer.of_user("person-0")),
        lambda: list(office.comparer.of_everybody()),
        lambda: office.comparer.replay("f0", "olga"),
    ):
        with pytest.raises(ComparisonError, match="the mode is old_only"):
            ask()
    assert office.asked == []


def test_a_replay_is_kept_with_who_when_and_what_came_of_it(office: Office) -> None:
    office.seen()
    office.seen("person-1")
    office.differs["person-0"] = False
    office.now += 5_000
    replay = office.comparer.replay(FINGERPRINT, "olga")
    assert replay == Replay(FINGERPRINT, "olga", NOW + 5_000, {Outcome.EQUAL: 1, Outcome.DIFFERENT: 1}, showing=1)
    assert list(office.comparer.report(0).replays) == [replay]
    assert office.ports.counted.counted(TABLE, "code").differences[FINGERPRINT].gone is None
    office.differs["person-1"] = False
    office.now += 5_000
    assert office.comparer.replay(FINGERPRINT, "olga").gone
    assert office.ports.counted.counted(TABLE, "code").differences[FINGERPRINT].gone == NOW + 10_000


def test_what_cannot_be_asked_again_is_counted_and_nothing_is_gone_by_it(office: Office) -> None:
    for person in ("person-0", "person-1"):
        office.seen(person)
    office.differs.clear()
    cast(FakeFeedbackLog, office.ports.feedback).rows.popitem()  # it has expired, or its person is erased
    office.now += 5_000
    replay = office.comparer.replay(FINGERPRINT, "olga")
    assert not replay.gone
    assert (replay.outcomes, replay.showing, replay.lost, replay.unasked) == ({Outcome.EQUAL: 1}, 0, 1, 0)
    assert office.ports.counted.counted(TABLE, "code").differences[FINGERPRINT].is_there


def test_what_the_limit_leaves_unasked_is_counted_and_nothing_is_gone_before_all_are_asked(office: Office) -> None:
    for number in range(22):
        office.seen(f"person-{number}")
    office.differs.clear()
    office.now += 5_000
    replay = office.comparer.replay(FINGERPRINT, "olga")
    assert not replay.gone
    assert (replay.outcomes, replay.lost, replay.unasked) == ({Outcome.EQUAL: 20}, 0, 2)
    assert office.ports.counted.counted(TABLE, "code").differences[FINGERPRINT].is_there
    assert office.comparer.replay(FINGERPRINT, "olga", 22).gone
    assert not office.ports.counted.counted(TABLE, "code").differences[FINGERPRINT].is_there


def test_what_is_seen_while_a_replay_asks_is_not_gone_by_it(office: Office) -> None:
    office.seen()
    office.differs.clear()
    office.now += 5_000
    office.slow_ms = 10
    assert office.comparer.replay(FINGERPRINT, "olga").at == NOW + 5_000


def test_a_difference_that_nobody_has_seen_is_neither_replayed_nor_answered(office: Office) -> None:
    with pytest.raises(ComparisonError, match=UNKNOWN):
        office.comparer.replay("f0", "olga")
    with pytest.raises(ComparisonError, match=UNKNOWN):
        office.comparer.ignore(IgnoreRule("f0", "olga", "known", NOW + 1))
    assert office.ports.comparisons.rules() == {}


@pytest.mark.parametrize(("owner", "reason"), [("", "known"), (" ", "known"), ("olga", ""), ("olga", " ")])
def test_somebody_must_answer_and_say_why(office: Office, owner: str, reason: str) -> None:
    office.seen()
    with pytest.raises(ComparisonError, match="say who answers for the difference and why it may stay"):
        office.comparer.ignore(IgnoreRule(FINGERPRINT, owner, reason, NOW + 1))
    assert office.ports.comparisons.rules() == {}


def test_a_rule_that_has_ended_is_no_answer_that_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.seen()
    answered: list[str] = []
    monkeypatch.setattr(office.ports.counted, "answered", answered.append)
    office.comparer.ignore(IgnoreRule(FINGERPRINT, "olga", "known", NOW + 5))
    office.now += 4
    office.comparer.ignore(IgnoreRule(FINGERPRINT, "olga", "still", NOW + 9))
    assert answered == [FINGERPRINT]
    office.now = NOW + 9
    office.comparer.ignore(IgnoreRule(FINGERPRINT, "olga", "again", NOW + 20))
    assert answered == [FINGERPRINT] * 2


def test_an_answer_whose_agreements_cannot_begin_anew_is_no_rule_until_it_is_given_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise UnavailableError("the database did not answer in time; try again")

    office.seen()
    rule = IgnoreRule(FINGERPRINT, "olga", "known", NOW + 5)
    with monkeypatch.context() as patch:
        patch.setattr(office.ports.counted, "answered", away)
        with pytest.raises(UnavailableError):
            office.comparer.ignore(rule)
    assert office.ports.comparisons.rules() == {}
    answered: list[str] = []
    monkeypatch.setattr(office.ports.counted, "answered", answered.append)
    office.comparer.ignore(rule)
    assert (answered, office.ports.comparisons.rules()) == ([FINGERPRINT], {FINGERPRINT: rule})


def test_what_people_have_said_is_reported_from_an_instant_on_the_latest_first(office: Office) -> None:
    for number in range(3):
        office.complain(f"person-{number}", at=NOW + number)
    report = office.comparer.feedback(NOW + 1, 1)
    assert [given.at for given in report.latest] == [NOW + 2]
    assert report.counts == {TABLE: {"open": 2}}


def example(number: int, parameters: dict[str, int] | None = None) -> Example:
    return Example(DASHBOARD, HIDDEN.of("user", "alice"), None, parameters or {"number": number})


class Kept:
    """Examples that are kept, and how many were asked for."""

    def __init__(self, *examples: Example) -> None:
        self.found, self.looks = examples, 0

    def examples(self, fingerprint: str, limit: int) -> Examples:
        return Examples(self.found[:limit], len(self.found))

    def known_users(self) -> list[str]:
        self.looks += 1
        return ["alice"]

    def request(self, noted: str) -> Request | None:
        return Request(DASHBOARD, "bob", {}) if noted == "usage" else None

    @property
    def memory(self) -> ComparisonMemory:
        kept = cast(Any, self)
        return ComparisonMemory(kept, kept, kept, HIDDEN)


def test_as_many_of_the_latest_are_asked_again_as_somebody_says() -> None:
    recalled = Kept(*(example(number) for number in range(60))).memory.requests("f1", 20)
    assert [each.parameters for each in recalled.requests] == [{"number": number} for number in range(20)]
    assert (recalled.lost, recalled.unasked) == (0, 40)


@pytest.mark.usefixtures("_in_a_call")
def test_a_read_on_demand_is_asked_again_as_it_was_with_a_trace() -> None:
    [request] = Kept(example(1)).memory.requests("f1", 20).requests
    assert (request.component, request.user_id, request.parameters) == (DASHBOARD, "alice", {"number": 1})
    assert request.trace_id == TRACE


def test_people_are_looked_for_by_pseudonym_where_a_read_on_demand_needs_it() -> None:
    noted = replace(example(1), usage="usage", parameters=None)
    kept = Kept(noted)
    assert [each.user_id for each in kept.memory.requests("f1", 20).requests] == ["bob"]
    assert kept.looks == 0
    both = Kept(noted, example(2), example(3))
    assert [each.user_id for each in both.memory.requests("f1", 20).requests] == ["bob", "alice", "alice"]
    assert both.looks == 1


def test_a_note_that_is_kept_no_more_is_passed_by_though_its_person_is_known() -> None:
    forgotten = replace(example(1), usage="forgotten", parameters=None)
    found = Kept(forgotten, example(2)).memory.requests("f1", 20)
    assert ([each.parameters for each in found.requests], found.lost) == ([{"number": 2}], 1)


def test_where_nothing_can_be_asked_again_the_way_to_ask_anew_is_said() -> None:
    lost = replace(example(1), user="somebody else")
    expected = (
        "what showed f1 is not kept any more, or the key for pseudonyms is another; "
        "ask again: python -m infra compare run --all"
    )
    with pytest.raises(ComparisonError, match=expected):
        Kept(lost).memory.requests("f1", 20)
