"""A comparison log in memory, over the reads that a fake usage log has noted."""

from collections import Counter
from collections.abc import Mapping, Sequence

from chalicelib.domain.comparison import (
    Compared,
    ComparisonReport,
    DifferenceGroup,
    Example,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.pseudonyms import Pseudonyms
from chalicelib.domain.rollout import Component
from tests.fakes.usage import FakeUsageLog


class FakeComparisonLog:
    def __init__(self, usage: FakeUsageLog) -> None:
        self._usage = usage
        self._looked_at: int | None = None
        self._rules: dict[str, IgnoreRule] = {}
        self.rows: list[tuple[Compared, str, int]] = []
        self.replays: list[Replay] = []

    def requests(self, component: Component, after: int, limit: int) -> Sequence[Request]:
        found = [
            Request(usage.component, usage.user_id, usage.parameters, str(number))
            for number, (usage, _, at) in enumerate(self._usage.rows)
            if usage.component is component and usage.success and usage.parameters is not None and at > after
        ]
        return found[:limit]

    def request(self, usage: str) -> Request | None:
        noted, _, _ = self._usage.rows[int(usage)]
        return None if noted.parameters is None else Request(noted.component, noted.user_id, noted.parameters, usage)

    def looked_at(self) -> int | None:
        return self._looked_at

    def set_looked_at(self, instant: int) -> None:
        self._looked_at = instant

    def add(self, compared: Compared, pseudonyms: Pseudonyms, at: int) -> None:
        self.rows.append((compared, pseudonyms.of("user", compared.request.user_id), at))

    def report(self, since: int) -> ComparisonReport:
        outcomes: dict[Component, Counter[Outcome]] = {}
        groups: dict[str, DifferenceGroup] = {}
        for compared, _, at in self.rows:
            if at >= since:
                component = compared.request.component
                outcomes.setdefault(component, Counter())[compared.outcome] += 1
                for each in compared.differences:
                    name = each.fingerprint(component)
                    before = groups[name].count if name in groups else 0
                    rule = self._rules.get(name)
                    groups[name] = DifferenceGroup(name, component, each.kind, each.place, before + 1, 1, at, at, rule)
        return ComparisonReport(outcomes, list(groups.values()))

    def examples(self, fingerprint: str, limit: int) -> Sequence[Example]:
        found = [
            Example(
                compared.request.component,
                user,
                compared.request.usage,
                None if compared.request.usage else compared.request.parameters,
            )
            for compared, user, _ in self.rows
            if any(each.fingerprint(compared.request.component) == fingerprint for each in compared.differences)
        ]
        return found[-limit:]

    def audit(self, replay: Replay) -> None:
        self.replays.append(replay)

    def save_rule(self, rule: IgnoreRule) -> None:
        self._rules[rule.fingerprint] = rule

    def rules(self) -> Mapping[str, IgnoreRule]:
        return dict(self._rules)
