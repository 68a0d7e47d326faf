"""Series of metric data for each rule: those that make its alarm ring, and those that must not, however close.

A series has the values of each period by the metric's id in the rule, the latest period last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.alarms.alarm_rule import Each, Rule
from infra.alarms.rules import RULES
from infra.alarms.samples import Samples
from infra.alarms.template import watched

Series = Mapping[str, Sequence[Sequence[float]]]
NOW = 1_700_000_000.0
FUNCTION, QUEUE, WORK_QUEUE = "Sweeper", "DeadLetterQueue", "WorkQueue"
MEMBERS = {
    None: "",
    Each.COMPONENT: "energy_table",
    Each.FUNCTION: FUNCTION,
    Each.SCHEDULE: FUNCTION,
    Each.QUEUE: QUEUE,
    Each.WORK_QUEUE: WORK_QUEUE,
}
TEMPLATE = {
    "Resources": {
        FUNCTION: {"Type": "AWS::Serverless::Function"},
        QUEUE: {"Type": "AWS::SQS::Queue"},
        WORK_QUEUE: {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"maxReceiveCount": 5}}},
        "Schedule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(1 minute)",
                "Targets": [{"Arn": {"Fn::GetAtt": [FUNCTION, "Arn"]}}],
            },
        },
    }
}


@dataclass(frozen=True)
class Cases:
    """What must ring and what must not."""

    rings: Sequence[Series]
    quiet: Sequence[Series]


def rule_named(name: str) -> Rule:
    [found] = [rule for rule in RULES if rule.name == name]
    return found


def alarm_of(name: str) -> dict[str, Any]:
    """The alarm as CloudWatch keeps it, for the one member that there is here."""
    member = MEMBERS[rule_named(name).each]
    suffix = "".join(part[:1].upper() + part[1:] for part in member.split("_"))
    properties: dict[str, Any] = resolved(watched(TEMPLATE)["Resources"][f"{name}{suffix}"]["Properties"])
    return properties


def resolved(value: Any) -> Any:
    """What CloudFormation would make of it: here a substitution is its own text."""
    if isinstance(value, dict):
        if set(value) <= {"Fn::Sub", "Ref"}:
            return next(iter(value.values()))
        return {key: resolved(item) for key, item in value.items()}
    return [resolved(item) for item in value] if isinstance(value, list) else value


def sampled(rule: Rule, series: Series, now: float = NOW) -> Samples:
    """The series in the middle of the periods that end at ``now``."""
    samples = Samples()
    for name, periods in series.items():
        metric = rule.metrics[name]
        for number, values in enumerate(reversed(periods)):
            at = now - rule.period_seconds * (number + 0.5)
            samples.add(metric.namespace, metric.name, metric.of(MEMBERS[rule.each]), at, values)
    return samples


def often(count: int, *values: float) -> list[float]:
    return [*values] * count


FEW_SLOW = [*often(94, 1), *often(6, 51)]
SLOW, FAST = often(20, 900), often(20, 5)
TOO_MANY_FAIL = Cases(
    rings=[{"requests": [[50, 50]], "errors": [[1, 1]]}, {"requests": [often(20, 1)], "errors": [[1]]}],
    quiet=[
        {"requests": [often(100, 1)], "errors": [[*often(99, 0), 1]]},
        {"requests": [often(19, 1)], "errors": [often(19, 1)]},  # too few to say
        {"requests": [often(100, 1)]},
        {"requests": [often(20, 1)] * 2, "errors": [[20], [0]]},
    ],
)
CASES = {
    "DisplayQueriesSlow": Cases(
        rings=[{"slow": [often(20, 51)] * 3}, {"slow": [FEW_SLOW] * 3}],
        quiet=[
            {"slow": [often(20, 50)] * 3},
            {"slow": [often(19, 900)] * 3},  # too few to say
            {"slow": [SLOW, SLOW, FAST]},
            {"slow": [SLOW, FAST, SLOW, SLOW]},
            {"slow": [[*often(96, 5), *often(4, 900)]] * 3},  # four in a hundred
        ],
    ),
    "EventsFailing": Cases(
        rings=[{"handled": [[50, 50]], "failed": [[1, 1]]}, {"handled": [often(20, 1)], "failed": [[1]]}],
        quiet=[
            {"handled": [often(100, 1)], "failed": [[*often(99, 0), 1]]},
            {"handled": [often(19, 1)], "failed": [often(19, 1)]},  # too few to say
            {"handled": [often(100, 1)]},
            {"handled": [often(20, 1)] * 2, "failed": [[20], [0]]},
        ],
    ),
    "BackendsDiffer": Cases(
        rings=[{"different": [[0, 1]]}, {"different": [[1], []]}],
        quiet=[{"different": [[5], [0]]}],
    ),
    "ComponentDiffers": Cases(rings=[{"open": [[0], [0, 1]]}], quiet=[{"open": [[2], [0, 0]]}]),
    "DataDiffer": Cases(
        rings=[{"differences": [[0, 1]] * 3}],
        quiet=[{"differences": [[3], [3], [0, 0]]}, {"differences": [[0], [3], [3]]}],
    ),
    "ComponentFailing": Cases(
        rings=[
            {"new": [[*often(16, 0), *often(4, 1)]], "old": [[*often(18, 0), *often(2, 1)]]},
            {"new": [[*often(97, 0), *often(3, 1)]]},  # nobody is on the old one any more
        ],
        quiet=[
            {"new": [[*often(17, 0), *often(3, 1)]], "old": [[*often(18, 0), *often(2, 1)]]},  # just half more
            {"new": [[*often(16, 0), *often(3, 1)]]},  # too few to say
            {"new": [[*often(98, 0), *often(2, 1)]]},  # two may be chance
            {"new": [often(100, 0)], "old": [often(100, 0)]},
            {"new": [often(20, 1), often(20, 0)]},
        ],
    ),
    "ServerErrors": TOO_MANY_FAIL,
    "GatewayErrors": TOO_MANY_FAIL,
    "DeadLetters": Cases(
        rings=[{"visible": [[0, 1]]}, {"visible": [[0]], "hidden": [[1]]}],  # looked at just now, it waits still
        quiet=[{"visible": [[4], [0]], "hidden": [[0], [0]]}],
    ),
    "MetersFailing": Cases(rings=[{"failing": [[0, 1]]}], quiet=[{"failing": [[4], [0]]}]),
    "SyncStopped": Cases(rings=[{"stopped": [[0, 1]]}], quiet=[{"stopped": [[1, 1], [0, 0]]}]),
    "ComponentSlower": Cases(
        rings=[
            {"slow": [often(100, 20), often(100, 31)]},
            {"slow": [often(100, 20), [*often(94, 20), *often(6, 31)]]},
        ],
        quiet=[
            {"slow": [often(100, 20), often(100, 30)]},
            {"slow": [often(100, 20), often(99, 90)]},  # too few to say
            {"slow": [often(100, 5), often(100, 19)]},  # still fast
            {"slow": [often(100, 90)]},  # nothing to hold it against
            {"slow": [often(100, 20), often(100, 90), often(100, 90)]},
            {"slow": [often(100, 20), [*often(96, 20), *often(4, 90)]]},  # four in a hundred
        ],
    ),
    "MemoryShort": Cases(
        rings=[{"used": [[20, 86], [50], [86, 30]]}],
        quiet=[{"used": [[85], [50], [99]]}, {"used": [[86], [50], [50], [86]]}, {"used": [[50, 50]] * 3}],
    ),
    "BacklogGrowing": Cases(
        rings=[{"lagging": [[20], [30], [40], [50]]}],
        quiet=[
            {"lagging": [[20], [30], [40], [40]]},
            {"lagging": [[20], [30], [30], [40], [50]]},
            {"lagging": [[0], [5], [10], [19]]},  # few
            {"lagging": [[90], [60], [70], [80]]},
        ],
    ),
    "ScheduleSilent": Cases(rings=[{"runs": [[1], [], []]}, {}], quiet=[{"runs": [[], [1]]}, {"runs": [[1], []]}]),
    "RangesWaiting": Cases(rings=[{"age": [[60, 3_601]]}], quiet=[{"age": [[3_600]]}, {"age": [[9e9], [0]]}, {}]),
    "ErasuresWaiting": Cases(
        rings=[{"waiting": [[1, 2]] * 6}],
        quiet=[{"waiting": [*[[1, 2]] * 5, [1, 0]]}, {"waiting": [*[[1]] * 3, [0], *[[1]] * 3]}],
    ),
    "RolloutStopped": Cases(rings=[{"stopped": [[0, 1]]}], quiet=[{"stopped": [[0, 0]]}, {"stopped": [[1], [0]]}]),
    "BrownOutWithheld": Cases(rings=[{"withheld": [[1, 1]]}], quiet=[{"withheld": [[0]]}]),
    "SyncBehind": Cases(
        rings=[{"lag": [[0, 900_001]] * 3}],
        quiet=[
            {"lag": [[900_000]] * 3},
            {"lag": [[500_000, 500_000]] * 3},
            {"lag": [[9e9], [9e9], [10]]},
            {"lag": [[9e9], [10], [9e9], [9e9]]},
        ],
    ),
}
