"""The scheduled function as Lambda calls it: gauges are reported, each by itself, and answers are added up."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.bootstrap.container import Surroundings as Composed
from chalicelib.bootstrap.container import compose, using
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Request
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.differences import differences
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.handlers.status_reporter import status_reporter
from chalicelib.monitoring.metrics import metrics
from tests.functional.conftest import NOW, Api
from tests.functional.handlers.event_calls import Context
from tests.unit.flags.rollout import REQUEST, Rollout

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
TABLE = Component.ENERGY_TABLE
COUNTS = {
    "VerifyDifferences": 3,
    "FeedbackOpen": 1,
    "MigrationsOpen": 0,
    "DeadLetters": 2,
    "Rollbacks": 0,
}
Metrics = dict[tuple[str, str | None], float]


class Reported:
    """A stage with something to report of everything, and what the function says of it."""

    def __init__(self, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
        self.api = api
        self.rollout = Rollout(store=api.store)
        self.api.store.stored.clock = lambda: NOW
        self.clock = lambda: NOW
        self.letters: Callable[[], int] = lambda: 2
        self._capsys = capsys

    def answered(self, user: str, backend: Backend, reason: Reason, version: str, at: int = NOW) -> None:
        usage = BackendUsage(TABLE, user, Decision(backend, reason, None, version), 20.0, success=True)
        self.api.ports.usage.insert(usage, user, at)

    def run(self) -> dict[str, Any]:
        self._capsys.readouterr()
        metrics().clear_metrics()
        composed = Composed(self.api.flags, appconfig=self.rollout.adapters, letters=self.letters)
        with using(compose(self.api.ports, self.api.container.verifier, self.clock, composed)):
            return dict(status_reporter(SCHEDULE, Context()))

    def metrics(self) -> Metrics:
        """The last run's, by name and component."""
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return {
            (metric["Name"], line["component"] if "component" in group["Dimensions"][0] else None): (
                line[metric["Name"]][0]
            )
            for line in lines
            for group in line["_aws"]["CloudWatchMetrics"]
            for metric in group["Metrics"]
            if not {"function", "collection"} & {*group["Dimensions"][0]}
        }


@pytest.fixture
def reported(api: Api, capsys: pytest.CaptureFixture[str]) -> Iterator[Reported]:
    reported = Reported(api, capsys)
    api.ports.sync_control.save_verified(Verified(NOW, None, 5, 0, 3))
    api.ports.feedback.add("alice", Feedback(TABLE, {"limit": 5}, Backend.OLD, Reason.TEST_USER, {}), "p", NOW)
    yield reported
    api.store.down = False


def percentages(metrics: Metrics) -> Metrics:
    return {key: value for key, value in metrics.items() if key[0] in {"FlagPercent", "NewShare"}}


def test_counts_are_reported_without_a_dimension_of_their_own(reported: Reported) -> None:
    reported.run()
    assert {name: value for (name, component), value in reported.metrics().items() if component is None} == COUNTS


def test_percentages_are_reported_by_component_with_the_share_that_the_percentage_has_made(reported: Reported) -> None:
    reported.rollout.open()
    reported.rollout.set(25, enabled=True)
    version = reported.rollout.flags.overview.listing().document.version
    reported.answered("anna", Backend.NEW, Reason.PERCENTAGE_IN, version)
    for user in ("bert", "carl", "dora", "emil"):
        reported.answered(user, Backend.OLD, Reason.PERCENTAGE_OUT, version)
    reported.answered("former", Backend.NEW, Reason.PERCENTAGE_IN, "another document")
    reported.run()
    found = percentages(reported.metrics())
    assert found.pop(("NewShare", TABLE)) == 20
    assert found == {("FlagPercent", each): 25 if each is TABLE else 0 for each in Component}


def test_a_flag_that_is_off_sends_nobody_and_a_closed_gate_neither(reported: Reported) -> None:
    reported.rollout.open()
    reported.rollout.set(25, enabled=False)
    reported.run()
    assert reported.metrics()["FlagPercent", TABLE] == 0
    reported.rollout.set(enabled=True)
    reported.run()
    assert reported.metrics()["FlagPercent", TABLE] == 25
    reported.rollout.flags.changes.kill(REQUEST)
    reported.run()
    assert reported.metrics()["FlagPercent", TABLE] == 0


def test_a_retired_component_has_no_percentage(reported: Reported) -> None:
    reported.rollout.open()
    reported.rollout.set(retire=True)
    reported.run()
    assert ("FlagPercent", TABLE) not in reported.metrics()


def test_a_difference_is_open_in_every_report_until_somebody_answers_for_it(reported: Reported) -> None:
    comparisons = reported.api.ports.comparisons
    found = tuple(differences({"amount": 1}, {"amount": 2}))
    compared = ComparisonResult(Request(TABLE, "alice", {}), Outcome.DIFFERENT, found)
    comparisons.add(compared, Pseudonyms(b"key"), NOW - 40 * 24 * 3_600_000)
    nothing = {("DifferencesOpen", each): 0 for each in Component}
    for still_open in (1, 1, 0):
        if not still_open:
            [fingerprint] = compared.distinct
            comparisons.save_rule(IgnoreRule(fingerprint, "olga", "known", NOW + 1))
        reported.run()
        told = {key: value for key, value in reported.metrics().items() if key[0] == "DifferencesOpen"}
        assert told == nothing | {("DifferencesOpen", TABLE): still_open}


def test_the_ways_back_of_one_minute_are_counted_whoever_made_them(reported: Reported) -> None:
    minute = NOW // 60_000 * 60_000
    first, last = minute - 120_000, minute - 60_001
    changes = [
        ("rollback", first, ChangeState.DEPLOYED),
        ("kill", last, ChangeState.STARTED),
        ("kill", last, ChangeState.FAILED),
        ("set", last, ChangeState.DEPLOYED),
        ("rollback", first - 1, ChangeState.DEPLOYED),
        ("rollback", last + 1, ChangeState.DEPLOYED),
    ]
    for number, (action, at, state) in enumerate(changes):
        change = FlagChange(str(number), at, "olga", action, "why", {}, {}, "one", "two", state=state)
        reported.api.ports.flag_history.save(change, b"{}")
    reported.run()
    assert reported.metrics()["Rollbacks", None] == 2


def test_where_nothing_was_verified_nothing_is_said_of_it(reported: Reported) -> None:
    reported.api.ports.sync_control._verified = None  # type: ignore[attr-defined]
    reported.run()
    metrics = reported.metrics()
    assert ("VerifyDifferences", None) not in metrics
    assert ("FeedbackOpen", None) in metrics


def test_each_gauge_fails_alone(reported: Reported, caplog: pytest.LogCaptureFixture) -> None:
    def gone() -> int:
        raise UnavailableError("the queue did not answer; try again")

    reported.letters = gone
    reported.rollout.appconfig.down = True
    assert reported.run()["gauges"] == 4 + len(Component)
    found = reported.metrics()
    counts = {(name, None): value for name, value in COUNTS.items() if name != "DeadLetters"}
    assert found == counts | {("DifferencesOpen", each): 0 for each in Component}
    silent = [record.gauge for record in caplog.records if record.message == "a gauge cannot be read"]  # type: ignore[attr-defined]
    assert silent == ["shares", "dead_letters"]


def test_answers_are_added_up_once_they_are_a_minute_old(reported: Reported) -> None:
    for elapsed_ms in (60_000, 60_001, 59_999):
        reported.answered("anna", Backend.OLD, Reason.TEST_USER, "one", NOW - elapsed_ms)
    assert reported.run()["folded"] == 2
    assert reported.run()["folded"] == 0


def test_what_the_gauges_have_taken_is_not_there_for_adding_up(
    reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, backlog = [NOW], iter([100] * 5 + [0])

    def slow() -> int:
        now[0] += 38_000
        return 0

    reported.letters, reported.clock = slow, lambda: now[0]
    monkeypatch.setattr(reported.api.ports.figures, "fold", lambda _: next(backlog))
    assert reported.run()["folded"] == 100


def test_without_the_database_what_is_elsewhere_is_reported_and_lambda_sees_the_failure(reported: Reported) -> None:
    reported.rollout.open()
    reported.api.store.down = True
    with pytest.raises(UnavailableError):
        reported.run()
    found = reported.metrics()
    assert found[("DeadLetters", None)] == 2
    assert all(found[("FlagPercent", each)] == 0 for each in Component)
    assert not found.keys() & {("VerifyDifferences", None), ("FeedbackOpen", None)}


def test_nobody_is_named_in_what_is_logged(reported: Reported, caplog: pytest.LogCaptureFixture) -> None:
    reported.api.store.down = True
    with pytest.raises(UnavailableError):
        reported.run()
    assert "zoe" not in str([vars(record) for record in caplog.records])
