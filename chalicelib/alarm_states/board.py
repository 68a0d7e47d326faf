"""The alarms of one deployment in order, the ringing ones first.

The specification in ``infra`` writes into each alarm's description what a person needs to know:
``[critical] sentence | look: command | act: command``.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError

Severity = Literal["critical", "warning"]
State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
PAGE = 100  # CloudWatch's limit
MOST_PAGES = 3
LONGEST = 500  # characters of what CloudWatch says
SEVERITY = re.compile(r"\[(critical|warning)\]\s*")
STATES: Mapping[str, int] = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: its state since when and why, what it means, the command to look, the command to act."""

    name: str
    state: State
    since: datetime
    severity: Severity
    reason: str
    meaning: str
    look: str | None
    act: str | None

    def as_document(self) -> dict[str, Any]:
        """The members, as operators get them."""
        return {
            "name": self.name,
            "state": self.state,
            "since": self.since,
            "severity": self.severity,
            "reason": self.reason,
            "meaning": self.meaning,
            "command": self.look,
            "act": self.act,
        }


class AlarmBoard:
    """Looks at the alarms whose names begin with a stack's name. ``client`` opens a boto3 client of CloudWatch."""

    def __init__(self, client: Callable[[], Any], stack: str) -> None:
        self._client = client
        self._prefix = f"{stack}-"

    def alarms(self) -> Sequence[Alarm]:
        """Those that ring come first, critical ones before others; three hundred at most.

        Raises:
            UnavailableError: CloudWatch did not answer.
        """
        try:
            found = [_alarm(members) for page in islice(self._pages(), MOST_PAGES) for members in page]
        except (BotoCoreError, ClientError) as error:
            raise UnavailableError(f"CloudWatch did not answer, so nobody knows which alarms ring: {error}") from error
        return sorted(found, key=lambda alarm: (STATES[alarm.state], alarm.severity, alarm.name))

    def _pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        begin: dict[str, str] = {}
        while True:
            answer = self._client().describe_alarms(AlarmNamePrefix=self._prefix, MaxRecords=PAGE, **begin)
            yield [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
            if not answer.get("NextToken"):
                return
            begin = {"NextToken": answer["NextToken"]}


def _alarm(members: Mapping[str, Any]) -> Alarm:
    """A description of another form is what the alarm means; then it counts as critical."""
    said, *more = members.get("AlarmDescription", "").split(" | ")
    marked = SEVERITY.match(said)
    commands = dict(part.split(": ", 1) for part in more if ": " in part)
    severity: Severity = "warning" if marked and marked[1] == "warning" else "critical"
    return Alarm(
        name=members["AlarmName"],
        state=members["StateValue"],
        since=members.get("StateTransitionedTimestamp") or members["StateUpdatedTimestamp"],
        severity=severity,
        reason=members.get("StateReason", "")[:LONGEST],
        meaning=SEVERITY.sub("", said, count=1)[:LONGEST],
        look=commands.get("look"),
        act=commands.get("act"),
    )
