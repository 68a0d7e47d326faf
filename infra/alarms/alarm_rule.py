"""The parts of an alarm rule: the metrics it looks at, when it rings, and what a person then does. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.monitoring.names import NAMESPACE, SERVICE

MINUTE, HOUR = 60, 3600
MEMBER = "{member}"  # in texts and dimensions: the member of ``Each`` that an alarm is for


class Severity(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"
    WARNING = "warning"


class Each(StrEnum):
    """What a rule is repeated for: each member has an alarm of its own."""

    COMPONENT = "component"
    FUNCTION = "function"
    SCHEDULE = "scheduled function"
    QUEUE = "queue"
    WORK_QUEUE = "queue of work"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric and its statistic: Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p95."""

    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=lambda: {"service": SERVICE})
    namespace: str = NAMESPACE

    def of(self, member: str) -> dict[str, str]:
        """Return the dimensions for one member."""
        return {name: value.replace(MEMBER, member) for name, value in self.dimensions.items()}


def own(name: str, statistic: str, **dimensions: str) -> Metric:
    """Return a metric of the application; every one has the dimension ``service``."""
    return Metric(name, statistic, {"service": SERVICE, **dimensions})


@dataclass(frozen=True, slots=True)
class Rule:
    """Rings when ``expression`` is above ``threshold`` in ``datapoints`` of the last ``periods`` periods.

    ``metrics`` have the names that ``expression`` uses (CloudWatch's metric math); without one, the only metric counts.
    Below ``minimum_count`` of the metric ``counted`` a period is quiet, whatever the expression says. What has no data
    does not ring.
    """

    name: str
    severity: Severity
    sentence: str
    look: str
    act: str
    metrics: Mapping[str, Metric]
    threshold: float
    expression: str = ""
    counted: str = ""
    minimum_count: int = 0
    period_seconds: int = 300
    periods: int = 1
    datapoints: int = 1
    each: Each | None = None

    @property
    def formula(self) -> str:
        """The expression with its minimum count, as metric math."""
        (bare,) = [self.expression] if self.expression else self.metrics
        return f"IF({self.counted} >= {self.minimum_count}, {bare}, 0)" if self.counted else bare

    def description(self, member: str = "") -> str:
        """What the alarm says of itself: programs read it, so its shape is fixed."""
        text = f"[{self.severity}] {self.sentence} | look: {self.look} | act: {self.act}"
        return text.replace(MEMBER, member)
