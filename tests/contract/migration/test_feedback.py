"""The store of feedback, on the fake and on MongoDB alike."""

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import COMPARED, Outcome, Request
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import ATTEMPTS, Feedback, GivenFeedback
from chalicelib.domain.readings import EnergyType

TABLE, CHARTS, IMPORT = Component.ENERGY_TABLE, Component.MONTHLY_CHARTS, Component.CSV_IMPORT
T = 1_700_000_000_000
PAGE = {"limit": 3, "after": [T, "c" * 24]}
SEEN = Feedback(TABLE, PAGE, Backend.NEW, Reason.PERCENTAGE_IN, {EnergyType.POWER: 7, EnergyType.GAS: 0}, "a trace")
WRITING = Feedback(IMPORT, None, Backend.OLD, Reason.GLOBAL_OFF, {})
SAYS_NOTHING = sorted({*Outcome} - {*COMPARED})


def give(ports: Ports, user: str, at: int = T, feedback: Feedback = SEEN) -> str:
    return ports.feedback.add(user, feedback, f"pseudonym of {user}", at)


def only(ports: Ports) -> GivenFeedback:
    [given] = ports.feedback.report(T, 5).latest
    return given


def test_feedback_is_kept_as_it_was_given_and_is_open(ports: Ports, user: str) -> None:
    key = give(ports, user)
    assert only(ports) == GivenFeedback(key, T, f"pseudonym of {user}", SEEN, is_open=True)
    assert only(ports).state == "open"
    assert list(ports.feedback.open([TABLE], 5)) == [Request(TABLE, user, PAGE, feedback=key, trace_id="a trace")]
    assert ports.feedback.request(key) == Request(TABLE, user, PAGE, feedback=key, trace_id="a trace")


def test_where_nothing_was_read_nothing_can_be_asked_and_that_is_said(ports: Ports, user: str) -> None:
    key = give(ports, user, feedback=WRITING)
    assert only(ports) == GivenFeedback(key, T, f"pseudonym of {user}", WRITING, is_open=False)
    assert only(ports).state == "not_compared"
    assert list(ports.feedback.open([*Component], 5)) == []
    assert ports.feedback.request(key) is None
    assert ports.feedback.request("f" * 24) is None


def test_of_one_user_it_is_known_when_they_gave_the_latest_and_those_before(ports: Ports, user: str) -> None:
    for at in (T + 5, T, T + 9):
        give(ports, user, at)
    give(ports, f"{user}-2", T + 10)
    assert [ports.feedback.latest_of(user, place) for place in (1, 2, 3, 4)] == [T + 9, T + 5, T, None]


def test_open_feedback_comes_oldest_first_of_these_components_and_of_one_user_where_that_is_asked(
    ports: Ports, user: str
) -> None:
    late, early = give(ports, user, T + 5), give(ports, f"{user}-2", T + 1)
    chart = give(ports, user, T + 2, Feedback(CHARTS, {"year": 2023}, Backend.OLD, Reason.OLD_ONLY, {}))

    def found(components: list[Component], limit: int = 9, of: str | None = None) -> list[str | None]:
        return [request.feedback for request in ports.feedback.open(components, limit, of)]

    assert found([TABLE, CHARTS]) == [early, chart, late]
    assert found([TABLE, CHARTS], limit=2) == [early, chart]
    assert found([TABLE]) == [early, late]
    assert found([TABLE, CHARTS], of=user) == [chart, late]


@pytest.mark.parametrize("outcome", COMPARED)
def test_an_outcome_that_says_something_closes_it(ports: Ports, user: str, outcome: Outcome) -> None:
    key = give(ports, user)
    assert ports.feedback.attempt(key, T + 1)
    ports.feedback.settle(key, outcome, ["f1", "f2"], T + 2)
    given = only(ports)
    assert (given.is_open, given.attempts, given.outcome, given.state) == (False, 1, outcome, outcome.value)
    assert (given.fingerprints, given.compared_at) == (("f1", "f2"), T + 2)
    assert not ports.feedback.attempt(key, T + 3)
    assert only(ports) == given


@pytest.mark.parametrize("outcome", SAYS_NOTHING)
def test_one_that_says_nothing_leaves_it_open_a_few_times_and_then_it_is_closed_as_such(
    ports: Ports, user: str, outcome: Outcome
) -> None:
    key = give(ports, user)
    for attempt in range(1, ATTEMPTS + 1):
        assert only(ports).state == "open"
        assert ports.feedback.attempt(key, T + attempt)
        ports.feedback.settle(key, outcome, [], T + attempt)
        assert (only(ports).outcome, only(ports).attempts) == (outcome, attempt)
    assert only(ports).state == outcome
    assert not ports.feedback.attempt(key, T + 9)
    assert list(ports.feedback.open([TABLE], 5)) == []


def test_an_attempt_that_never_ends_counts_and_the_last_one_closes_it_as_failed(ports: Ports, user: str) -> None:
    key = give(ports, user)
    assert [ports.feedback.attempt(key, T) for _ in range(ATTEMPTS + 1)] == [True] * ATTEMPTS + [False]
    assert (only(ports).state, only(ports).attempts) == ("failed", ATTEMPTS)


def test_the_last_attempt_may_still_say_something(ports: Ports, user: str) -> None:
    key = give(ports, user)
    for _ in range(ATTEMPTS):
        ports.feedback.attempt(key, T)
    ports.feedback.settle(key, Outcome.DIFFERENT, ["f"], T + 1)
    assert (only(ports).state, only(ports).fingerprints) == ("different", ("f",))


def test_what_is_gone_meanwhile_is_not_settled(ports: Ports) -> None:
    ports.feedback.settle("f" * 24, Outcome.EQUAL, [], T)
    assert ports.feedback.report(0, 5).latest == []


def test_a_report_counts_by_component_and_state_and_shows_the_latest(ports: Ports, user: str) -> None:
    give(ports, user, T - 1)
    keys = [give(ports, user, T + number) for number in range(4)]
    give(ports, user, T + 9, WRITING)
    for key, outcome in zip(keys, (Outcome.EQUAL, Outcome.DIFFERENT, Outcome.LAG), strict=False):
        assert ports.feedback.attempt(key, T + 10)
        ports.feedback.settle(key, outcome, [], T + 10)
    report = ports.feedback.report(T, 3)
    assert report.counts == {TABLE: {"equal": 1, "different": 1, "open": 2}, IMPORT: {"not_compared": 1}}
    assert [given.at for given in report.latest] == [T + 9, T + 3, T + 2]
    of_table = ports.feedback.report(T, 3, TABLE)
    assert of_table.counts == {TABLE: report.counts[TABLE]}
    assert [given.at for given in of_table.latest] == [T + 3, T + 2, T + 1]
