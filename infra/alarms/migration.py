"""The alarm rules of the migration, and the figures that the dashboard shows of it. See ``rules``."""

from chalicelib.monitoring.names import MetricName
from infra.alarms.alarm_rule import HOUR, MEMBER, MINUTE, Each, Metric, Rule, Severity, own

BACK = f'python -m infra flags rollback {MEMBER} --reason "'
TIMES = "python -m infra compare times"


def _of_backend(name: MetricName, statistic: str, backend: str) -> Metric:
    return own(name, statistic, component=MEMBER, backend=backend)


CRITICAL = (
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
        "A brown-out of version 1 is withheld, because our own page or components still need the old backend.",
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

# Title, metric, what it is repeated for.
FIGURES: tuple[tuple[str, Metric, Each | None], ...] = (
    ("Share of people on the new backend, %", own(MetricName.NEW_SHARE, "Average", component=MEMBER), Each.COMPONENT),
    ("Percentage of the flag, %", own(MetricName.FLAG_PERCENT, "Average", component=MEMBER), Each.COMPONENT),
    ("New backend, p95, ms", _of_backend(MetricName.BACKEND_DURATION, "p95", "new"), Each.COMPONENT),
    ("Old backend, p95, ms", _of_backend(MetricName.BACKEND_DURATION, "p95", "old"), Each.COMPONENT),
    ("Rollbacks", own(MetricName.ROLLBACKS, "Sum"), None),
    ("Feedback that nobody has looked at", own(MetricName.FEEDBACK_OPEN, "Maximum"), None),
    ("Migrations that are open", own(MetricName.MIGRATIONS_OPEN, "Maximum"), None),
)
