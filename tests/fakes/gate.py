"""A gate that says what a test wants of each component; open where it says nothing."""

from collections.abc import Callable, Iterable, Sequence

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.verdict import Breach, Condition, ConditionName, GateVerdict

Conditions = tuple[Condition, ...]
OPEN: Conditions = (
    Condition(ConditionName.EVIDENCE, True, "everybody was asked", "look", "10 people", "10 people", 10),
)
SHUT: Conditions = (
    Condition(ConditionName.REHEARSAL, False, "the way back was not rehearsed", "python -m infra drill rollback"),
)
UNKNOWN: Conditions = (
    Condition(ConditionName.ALARMS, None, "nobody can say: CloudWatch is away", "python -m infra alarms"),
)
BROKEN: Conditions = (
    Condition(ConditionName.ANSWERS, False, "the backends differ", "look", breach=Breach.STEP_BACK),
    *SHUT,
)
LOST: Conditions = (*BROKEN, Condition(ConditionName.VERIFIED, False, "data were lost", "look", breach=Breach.KILL))


class FakeGate:
    def __init__(self) -> None:
        self.conditions: Conditions = OPEN
        self.of: dict[Component, Conditions] = {}
        self.asked: list[Component] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def verdict(self, component: Component) -> GateVerdict:
        return self.verdicts([component])[0]

    def verdicts(self, components: Iterable[Component] = tuple(Component)) -> Sequence[GateVerdict]:
        """``meanwhile`` happens once in a look, however many are asked about."""
        self.meanwhile()
        return [self._verdict(component) for component in components]

    def _verdict(self, component: Component) -> GateVerdict:
        self.asked.append(component)
        return GateVerdict(component, 1_700_000_000_000, "code", self.of.get(component, self.conditions))
