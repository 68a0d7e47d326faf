"""The report of a component: what is asked for it, and every member by its name."""

import json
from typing import Any, cast

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonReport,
    DifferenceGroup,
    IgnoreRule,
    Outcome,
    Replay,
    Sighting,
)
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.migration.records.feedback import Feedback, FeedbackReport, GivenFeedback
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures
from chalicelib.services.migration.figures.as_json import report_document
from chalicelib.services.migration.figures.component_reports import ComponentReport, ComponentReports

NOW = 1_700_000_000_000
TABLE = Component.ENERGY_TABLE
HOUR = ComponentFigures(
    TABLE,
    NOW,
    {
        Backend.OLD: BackendFigures(10, 2, 5.04, 20.06, 30.0),
        Backend.NEW: BackendFigures(0, 0, None, None, None),
    },
    people=7,
    people_on_new=3,
)
GROUP = DifferenceGroup(
    fingerprint="f1",
    component=TABLE,
    kind=DifferenceKind.VALUE,
    place="readings[].amount",
    answers=4,
    users=2,
    first=NOW,
    last=NOW + 1_000,
    examples=(Sighting(NOW + 1_000, "pseudonym", "readings[3].amount", "1", "2"),),
    rule=IgnoreRule("f1", "olga", "known", NOW + 2_000),
    gone=Replay("f1", "otto", NOW + 3_000, {Outcome.EQUAL: 1}, 0),
)
GIVEN = GivenFeedback(
    "id",
    NOW + 4_000,
    "another pseudonym",
    Feedback(TABLE, {"limit": 5, "after": "a reading", "type": None}, Backend.NEW, Reason.PERCENTAGE_IN, {}),
    is_open=False,
    outcome=Outcome.LAG,
)


class Kept:
    """What is kept, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def hourly(self, *asked: object) -> list[ComponentFigures]:
        self.asked.append(("figures", asked))
        return [HOUR]


class Comparisons(Kept):
    def report(self, *asked: object) -> ComparisonReport:
        self.asked.append(("comparisons", asked))
        return ComparisonReport({}, [GROUP])


class Given(Kept):
    def report(self, *asked: object) -> FeedbackReport:
        self.asked.append(("feedback", asked))
        return FeedbackReport({}, [GIVEN])


def test_it_is_put_together_from_an_instant_on_with_the_latest_fifty_of_what_people_say() -> None:
    figures, comparisons, feedback = Kept(), Comparisons(), Given()
    reports = ComponentReports(*cast(Any, (figures, comparisons, feedback)))
    assert reports.report(TABLE, NOW) == ComponentReport(TABLE, [HOUR], [GROUP], [GIVEN])
    assert figures.asked == [("figures", (TABLE, NOW))]
    assert comparisons.asked == [("comparisons", (NOW, TABLE))]
    assert feedback.asked == [("feedback", (NOW, 50, TABLE))]


def test_every_figure_is_a_member_and_times_have_a_tenth_of_a_millisecond() -> None:
    assert json.loads(json.dumps(report_document(ComponentReport(TABLE, [HOUR], [GROUP], [GIVEN])))) == {
        "component": "energy_table",
        "hours": [
            {
                "at": "2023-11-14T22:13:20Z",
                "people": 7,
                "onNew": 3,
                "old": {"answers": 10, "failures": 2, "p50": 5.0, "p95": 20.1, "p99": 30.0},
                "new": {"answers": 0, "failures": 0, "p50": None, "p95": None, "p99": None},
            }
        ],
        "fingerprints": [
            {
                "fingerprint": "f1",
                "kind": "value",
                "place": "readings[].amount",
                "answers": 4,
                "users": 2,
                "first": "2023-11-14T22:13:20Z",
                "last": "2023-11-14T22:13:21Z",
                "ignoredBy": "olga",
                "ignoredUntil": "2023-11-14T22:13:22Z",
                "gone": "2023-11-14T22:13:23Z",
                "examples": [
                    {
                        "at": "2023-11-14T22:13:21Z",
                        "user": "pseudonym",
                        "place": "readings[3].amount",
                        "old": "1",
                        "new": "2",
                    }
                ],
            }
        ],
        "feedback": [
            {
                "at": "2023-11-14T22:13:24Z",
                "user": "another pseudonym",
                "backend": "new",
                "state": "lag",
                "parameters": {"limit": 5},
            }
        ],
    }
