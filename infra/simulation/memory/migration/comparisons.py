"""A comparison log in memory, over the reads that a fake usage log has noted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonReport,
    ComparisonResult,
    DifferenceGroup,
    Example,
    Examples,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
    Sighting,
)
from chalicelib.domain.migration.records.differences import Difference, shown_value
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from infra.simulation.memory.migration.usage import FakeUsageLog

EXAMPLES = 3


@dataclass(frozen=True)
class Row:
    """A comparison that was remembered."""

    compared: ComparisonResult
    user: str
    at: int
    pseudonyms: Pseudonyms

    def sighting(self, fingerprint: str) -> Sighting:
        difference = self.compared.distinct[fingerprint]
        values = (shown_value(value, self.pseudonyms) for value in (difference.control, difference.candidate))
        return Sighting(self.at, self.user, difference.exact_place, *values)


class FakeComparisonLog:
    def __init__(self, usage: FakeUsageLog) -> None:
        self._usage = usage
        self._looked_at: int | None = None
        self._rules: dict[str, IgnoreRule] = {}
        self._replays: list[Replay] = []
        self.rows: list[Row] = []

    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        self._usage.ping()
        reads = islice(self._usage.reads(component, after), limit)
        return [_request(usage, usage.parameters or {}, f"{number:024x}") for number, usage in reads]

    def request(self, usage: str) -> Request | None:
        noted = dict(enumerate(row for row, _, _ in self._usage.rows)).get(int(usage, 16))
        if noted is None or noted.parameters is None:
            return None
        return _request(noted, noted.parameters, usage)

    def looked_at(self) -> int | None:
        self._usage.ping()
        return self._looked_at

    def set_looked_at(self, instant: int) -> None:
        self._looked_at = instant

    def add(self, compared: ComparisonResult, pseudonyms: Pseudonyms, at: int) -> None:
        self._usage.ping()
        self.rows.append(Row(compared, pseudonyms.of("user", compared.request.user_id), at, pseudonyms))

    def report(self, since: int, component: Component | None = None) -> ComparisonReport:
        self._usage.ping()
        wanted = (row for row in self.rows if component in (None, row.compared.request.component))
        recent = sorted((row for row in wanted if row.at >= since), key=lambda row: row.at, reverse=True)
        outcomes: dict[Component, Counter[Outcome]] = {}
        for row in recent:
            outcomes.setdefault(row.compared.request.component, Counter())[row.compared.outcome] += 1
        replays = [replay for replay in reversed(self._replays) if replay.at >= since]
        found = {name: each for row in recent for name, each in row.compared.distinct.items()}
        groups = [self._group(name, each, recent, replays) for name, each in found.items()]
        ordered = sorted(groups, key=lambda group: (-group.answers, group.fingerprint))
        return ComparisonReport(outcomes, ordered, replays)

    def groups(self, since: int) -> Sequence[DifferenceGroup]:
        return self.report(since).groups

    def has_seen(self, fingerprint: str) -> bool:
        return any(fingerprint in row.compared.distinct for row in self.rows)

    def examples(self, fingerprint: str, limit: int) -> Examples:
        rows = sorted(self.rows, key=lambda row: row.at, reverse=True)
        showing = [_example(row) for row in rows if fingerprint in row.compared.distinct]
        reads = [each for number, each in enumerate(showing) if each not in showing[:number]]
        return Examples(reads[:limit], len(reads))

    def audit(self, replay: Replay) -> None:
        self._replays.append(replay)

    def save_rule(self, rule: IgnoreRule) -> None:
        self._rules[rule.fingerprint] = rule

    def rules(self) -> Mapping[str, IgnoreRule]:
        return dict(self._rules)

    def _group(self, name: str, each: Difference, recent: list[Row], replays: list[Replay]) -> DifferenceGroup:
        rows = [row for row in recent if name in row.compared.distinct]
        again = next((replay for replay in replays if replay.fingerprint == name), None)
        return DifferenceGroup(
            fingerprint=name,
            component=rows[0].compared.request.component,
            kind=each.kind,
            place=each.place,
            answers=len(rows),
            users=len({row.user for row in rows}),
            first=rows[-1].at,
            last=rows[0].at,
            examples=[row.sighting(name) for row in rows[:EXAMPLES]],
            rule=self._rules.get(name),
            gone=again if again and again.gone and again.at > rows[0].at else None,
        )


def _request(noted: BackendUsage, parameters: Mapping[str, Any], key: str) -> Request:
    return Request(noted.component, noted.user_id, parameters, key, trace_id=noted.trace_id)


def _example(row: Row) -> Example:
    request = row.compared.request
    on_demand = request.usage is None and request.feedback is None
    return Example(
        request.component, row.user, request.usage, request.parameters if on_demand else None, request.feedback
    )
