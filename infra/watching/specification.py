"""The rules, and the figures that the dashboard shows beside them. Metrics have the names of the application or AWS.

Texts are for people: ``look`` and ``act`` are commands that the runbook in infra/README.md shows and a test runs.
"""

from chalicelib.monitoring.names import MetricName
from infra.watching.rules import MEMBER, Each, Metric, Rule, Severity, own

MINUTE, HOUR = 60, 3600
BACK = f'python -m infra flags rollback {MEMBER} --reason "'
TIMES = "python -m infra compare times"

API_GATEWAY = {"ApiName": "${AWS::StackName}"}


def _of_backend(name: MetricName, statistic: str, backend: str) -> Metric:
    return own(name, statistic, component=MEMBER, backend=backend)


def _in_queue(name: str) -> Metric:
    return Metric(name, "Maximum", {"QueueName": f"${{{MEMBER}.QueueName}}"}, "AWS/SQS")


CRITICAL = (
    Rule(
        "DisplayQueriesSlow",
        Severity.CRITICAL,
        "One in twenty reads of a stored view takes more than 50 ms.",
        TIMES,
        'python -m infra flags kill --reason "reads of stored views are slow"',
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
        "BackendsDiffer",
        Severity.CRITICAL,
        "Both backends were asked the same and answered differently: the report names the component to roll back.",
        "python -m infra compare report",
        'python -m infra flags kill --reason "the backends differ"',
        {"different": own(MetricName.COMPARISONS_DIFFERENT, "Sum")},
        threshold=0,
    ),
    Rule(
        "ComponentDiffers",
        Severity.CRITICAL,
        "{member} has a difference between the backends that is open: nobody answers for it, no replay found it gone.",
        "python -m infra compare report --hours 720",
        f'{BACK}the backends differ"',
        {"open": own(MetricName.DIFFERENCES_OPEN, "Maximum", component=MEMBER)},
        threshold=0,
        each=Each.COMPONENT,
    ),
    Rule(
        "DataDiffer",
        Severity.CRITICAL,
        "Readings of both sides, or readings and what is displayed, differ.",
        "python -m infra verify",
        "python -m infra repair --apply",
        {"differences": own(MetricName.VERIFY_DIFFERENCES, "Maximum")},
        threshold=0,
        periods=3,  # what another application has just written differs until the sync job's next run
        datapoints=3,
    ),
    Rule(
        "ComponentFailing",
        Severity.CRITICAL,
        "{member} fails on the new backend more than half again as often as on the old one.",
        TIMES,
        f'{BACK}it fails more often than before"',
        {
            "new": _of_backend(MetricName.BACKEND_FAILURES, "Average", "new"),
            "old": _of_backend(MetricName.BACKEND_FAILURES, "Average", "old"),
            "failures": _of_backend(MetricName.BACKEND_FAILURES, "Sum", "new"),
            "answers": _of_backend(MetricName.BACKEND_FAILURES, "SampleCount", "new"),
        },
        threshold=0,
        expression="IF(failures >= 3 AND new > 1.5 * FILL(old, 0), 100 * new, 0)",
        counted="answers",
        minimum_count=20,
        each=Each.COMPONENT,
    ),
    Rule(
        "ServerErrors",
        Severity.CRITICAL,
        "More than 1 % of the requests are answered with 5xx.",
        "python -m infra status",
        'python -m infra flags kill --reason "requests fail"',
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
        "python -m infra status",
        'python -m infra flags kill --reason "requests fail"',
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
        "A function failed on an event for good; the event waits in {member}.",
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
    Rule(
        "SyncStopped",
        Severity.CRITICAL,
        "The sync job carries nothing over until a person says which side is right: most of one is gone.",
        "python -m infra status",
        "python -m infra repair",
        {"stopped": own(MetricName.SYNC_STOPPED, "Maximum")},
        threshold=0,
        period_seconds=10 * MINUTE,
    ),
)

WARNING = (
    Rule(
        "ComponentSlower",
        Severity.WARNING,
        "{member} on the new backend is more than half again as slow as an hour before.",
        TIMES,
        f'{BACK}it has become slower"',
        {
            "slow": _of_backend(MetricName.BACKEND_DURATION, "p95", "new"),
            "answers": _of_backend(MetricName.BACKEND_DURATION, "SampleCount", "new"),
        },
        threshold=50,
        expression="IF(slow >= 20, 100 * DIFF(slow) / (slow - DIFF(slow)), 0)",
        counted="answers",
        minimum_count=100,
        period_seconds=HOUR,
        each=Each.COMPONENT,
    ),
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
        "ErasuresWaiting",
        Severity.WARNING,
        "The erasure of an account has not ended for half an hour: the log of AccountEraser names the place.",
        "python -m infra status",
        "python -m infra dlq redrive --all",
        {"waiting": own(MetricName.ERASURES_WAITING, "Minimum")},
        threshold=0,
        periods=6,
        datapoints=6,
    ),
    Rule(
        "RolloutStopped",
        Severity.WARNING,
        "A rollout has stopped by itself and gone back; it goes on when a person resumes it. "
        "Or AppConfig refuses its way back.",
        "python -m infra rollout status",
        "python -m infra status",
        {"stopped": own(MetricName.ROLLOUTS_STOPPED, "Maximum")},
        threshold=0,
    ),
    Rule(
        "BrownOutWithheld",
        Severity.WARNING,
        "A brown-out of version 1 does not begin, because our own page or components still need the old backend.",
        "python -m infra retire show",
        "python -m infra retire check",
        {"withheld": own(MetricName.BROWN_OUTS_WITHHELD, "Sum")},
        threshold=0,
    ),
    Rule(
        "SyncBehind",
        Severity.WARNING,
        "What another application writes is carried over more than a quarter of an hour late.",
        "python -m infra mode show",
        "python -m infra sync",
        {"lag": own(MetricName.SYNC_LAG, "Maximum")},
        threshold=15 * MINUTE * 1000,
        periods=3,
        datapoints=3,
    ),
)

RULES = CRITICAL + WARNING

# What the dashboard shows beside the rules: title, metric, what it is repeated for.
FIGURES: tuple[tuple[str, Metric, Each | None], ...] = (
    ("Share of people on the new backend, %", own(MetricName.NEW_SHARE, "Average", component=MEMBER), Each.COMPONENT),
    ("Percentage of the flag, %", own(MetricName.FLAG_PERCENT, "Average", component=MEMBER), Each.COMPONENT),
    ("New backend, p95, ms", _of_backend(MetricName.BACKEND_DURATION, "p95", "new"), Each.COMPONENT),
    ("Old backend, p95, ms", _of_backend(MetricName.BACKEND_DURATION, "p95", "old"), Each.COMPONENT),
    ("Rollbacks", own(MetricName.ROLLBACKS, "Sum"), None),
    ("Processing of an event, p95, ms", own(MetricName.EVENT_DURATION, "p95"), None),
    ("Oldest display that is not up to date, ms", own(MetricName.DISPLAY_STALENESS, "Maximum"), None),
    ("Meters of an older calculation", own(MetricName.METERS_OUTDATED, "Maximum"), None),
    ("Feedback that nobody has looked at", own(MetricName.FEEDBACK_OPEN, "Maximum"), None),
    ("Migrations that are open", own(MetricName.MIGRATIONS_OPEN, "Maximum"), None),
    ("Events that could not be sent", own(MetricName.EVENTS_NOT_PUBLISHED, "Sum"), None),
)
