"""The alarm rules with their thresholds, and the figures that the dashboard shows beside them.

Metrics are the application's or AWS's own. Texts are for people: ``look`` and ``act`` are commands that the runbook in
infra/README.md shows and a test runs.
"""

from chalicelib.monitoring.names import MetricName
from infra.alarms import migration
from infra.alarms.alarm_rule import HOUR, MEMBER, MINUTE, Each, Metric, Rule, Severity, own

# What an operator looks at first, and the way out.
LOOK = "python -m infra status"
LOOK_AT_TIMES = "python -m infra compare times"
OUT = 'python -m infra flags kill --reason "{reason}"'

API_GATEWAY = {"ApiName": "${AWS::StackName}"}


def _in_queue(name: str) -> Metric:
    return Metric(name, "Maximum", {"QueueName": f"${{{MEMBER}.QueueName}}"}, "AWS/SQS")


CRITICAL = (
    Rule(
        "DisplayQueriesSlow",
        Severity.CRITICAL,
        "One in twenty reads of a stored view takes more than 50 ms.",
        LOOK_AT_TIMES,
        OUT.format(reason="reads of stored views are slow"),
        {
            "slow": own(MetricName.DISPLAY_QUERY_DURATION, "p95"),
            "reads": own(MetricName.DISPLAY_QUERY_DURATION, "SampleCount"),
        },
        threshold=50,
        expression="slow",
        counted="reads",
        minimum_count=20,
        period_seconds=MINUTE,
        periods=3,
        datapoints=3,
    ),
    Rule(
        "EventsFailing",
        Severity.CRITICAL,
        "More than 1 % of the events fail.",
        "python -m infra dlq ls",
        "python -m infra dlq redrive --all",
        {
            "handled": own(MetricName.EVENTS_HANDLED, "Sum"),
            "failed": own(MetricName.EVENTS_FAILED, "Sum"),
        },
        threshold=1,
        expression="100 * failed / handled",
        counted="handled",
        minimum_count=20,
    ),
    Rule(
        "ServerErrors",
        Severity.CRITICAL,
        "More than 1 % of the requests are answered with 5xx.",
        LOOK,
        OUT.format(reason="requests fail"),
        {
            "requests": own(MetricName.REQUESTS, "Sum"),
            "errors": own(MetricName.SERVER_ERRORS, "Sum"),
        },
        threshold=1,
        expression="100 * errors / requests",
        counted="requests",
        minimum_count=20,
    ),
    Rule(
        "GatewayErrors",
        Severity.CRITICAL,
        "More than 1 % of the requests end with 5xx, those included that no function has answered or not in time.",
        LOOK,
        OUT.format(reason="requests fail"),
        {
            "requests": Metric("Count", "Sum", API_GATEWAY, "AWS/ApiGateway"),
            "errors": Metric("5XXError", "Sum", API_GATEWAY, "AWS/ApiGateway"),
        },
        threshold=1,
        expression="100 * errors / requests",
        counted="requests",
        minimum_count=20,
    ),
    Rule(
        "DeadLetters",
        Severity.CRITICAL,
        "A function failed for good on an event, or on a range of meters; it waits in {member}.",
        "python -m infra dlq ls",
        "python -m infra dlq redrive --all",
        {
            "visible": _in_queue("ApproximateNumberOfMessagesVisible"),
            "hidden": _in_queue("ApproximateNumberOfMessagesNotVisible"),  # who looks at a letter hides it for a while
        },
        threshold=0,
        expression="visible + FILL(hidden, 0)",
        period_seconds=MINUTE,
        each=Each.QUEUE,
    ),
    Rule(
        "MetersFailing",
        Severity.CRITICAL,
        "Meters cannot be refreshed: their figures stay old.",
        "python -m infra sweep --list",
        "python -m infra sweep",
        {"failing": own(MetricName.METERS_FAILING, "Maximum")},
        threshold=0,
    ),
)

WARNING = (
    Rule(
        "MemoryShort",
        Severity.WARNING,
        "{member} uses more than 85 % of its memory: raise lambda_memory_size in .chalice/config.json.",
        "python -m infra alarms",
        "python -m infra deploy",
        {"used": own(MetricName.MEMORY_USED, "Maximum", function=MEMBER)},
        threshold=85,
        periods=3,
        datapoints=2,
        each=Each.FUNCTION,
    ),
    Rule(
        "BacklogGrowing",
        Severity.WARNING,
        "More and more meters wait for their refresh.",
        "python -m infra sweep --list",
        "python -m infra sweep",
        {"lagging": own(MetricName.METERS_LAGGING, "Average")},
        threshold=0,
        expression="IF(lagging >= 20, DIFF(lagging), 0)",
        periods=3,
        datapoints=3,
    ),
    Rule(
        "ScheduleSilent",
        Severity.WARNING,
        "{member} has not ended a run for twenty minutes.",
        "python -m infra dlq ls",
        "python -m infra dlq redrive --all",
        {"runs": own(MetricName.SCHEDULE_RUNS, "Sum", function=MEMBER)},
        threshold=0,
        expression="IF(FILL(runs, 0) < 1, 1, 0)",
        period_seconds=10 * MINUTE,
        periods=2,
        datapoints=2,
        each=Each.SCHEDULE,
    ),
    Rule(
        "RangesWaiting",
        Severity.WARNING,
        "A range of meters waits in {member} for an hour, after which its walk says nothing any more.",
        "python -m infra fan-out status",
        "python -m infra fan-out resume",
        {"age": _in_queue("ApproximateAgeOfOldestMessage")},
        threshold=HOUR,
        each=Each.WORK_QUEUE,
    ),
    Rule(
        "ErasuresWaiting",
        Severity.WARNING,
        "The erasure of an account has not ended for half an hour: the log of AccountEraser names the place.",
        LOOK,
        "python -m infra dlq redrive --all",
        {"waiting": own(MetricName.ERASURES_WAITING, "Minimum")},
        threshold=0,
        periods=6,
        datapoints=6,
    ),
)

RULES = (
    *CRITICAL,
    *migration.CRITICAL,
    *WARNING,
    *migration.WARNING,
)

# What the dashboard shows beside the rules: title, metric, what it is repeated for.
FIGURES: tuple[tuple[str, Metric, Each | None], ...] = (
    *migration.FIGURES,
    ("Processing of an event, p95, ms", own(MetricName.EVENT_DURATION, "p95"), None),
    ("Oldest display that is not up to date, ms", own(MetricName.DISPLAY_STALENESS, "Maximum"), None),
    ("Meters of an older calculation", own(MetricName.METERS_OUTDATED, "Maximum"), None),
    ("Events that could not be sent", own(MetricName.EVENTS_NOT_PUBLISHED, "Sum"), None),
)
