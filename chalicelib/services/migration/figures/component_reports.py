"""Reports about one component: its figures by the hour, what differed, what people say looks wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonLog, DifferenceGroup
from chalicelib.domain.migration.records.feedback import FeedbackLog, GivenFeedback
from chalicelib.domain.migration.records.figures import ComponentFigures, RolloutFigures

LATEST_FEEDBACK = 50


@dataclass(frozen=True, slots=True)
class ComponentReport:
    """The report of a component from an instant on; ``feedback``: the latest, the latest first."""

    component: Component
    hours: Sequence[ComponentFigures]
    groups: Sequence[DifferenceGroup]
    feedback: Sequence[GivenFeedback]


@dataclass(frozen=True, slots=True)
class ComponentReports:
    """Puts it together."""

    figures: RolloutFigures
    comparisons: ComparisonLog
    feedback: FeedbackLog

    def report(self, component: Component, since: int) -> ComponentReport:
        """Report from an instant on. Raises UnavailableError."""
        return ComponentReport(
            component,
            self.figures.hourly(component, since),
            self.comparisons.report(since, component).groups,
            self.feedback.report(since, LATEST_FEEDBACK, component).latest,
        )
