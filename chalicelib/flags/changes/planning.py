"""What a change of a percentage would do to whom, before it is made, and why somebody gets the backend they get.

Both ask Powertools, with the rules that are or would be deployed, so that a plan is no second opinion.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.domain.backends import Backend
from chalicelib.domain.components import Component
from chalicelib.domain.rollout.decision import Decision, Reason
from chalicelib.flags.changes.patch import FlagPatch, Known, patched
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.bucketing import PER_PERCENT, bucket
from chalicelib.flags.document.flag import EVERYBODY, NOBODY, Flag, plain
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENTS, GLOBAL


@dataclass(frozen=True, slots=True)
class Step:
    """One user's way through a change."""

    user_id: str
    bucket: int
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Who enters and who leaves when a flag becomes another. ``known``: how many users were looked at."""

    before: Flag
    after: Flag
    known: int
    in_before: int
    entering: tuple[Step, ...]
    leaving: tuple[Step, ...]

    @property
    def in_after(self) -> int:
        """How many of the known users are in afterwards."""
        return self.in_before + len(self.entering) - len(self.leaving)


def plan_between(before: Flag, after: Flag, users: Iterable[str]) -> Plan:
    """Compare two flags for every user, one after another."""
    known = in_before = 0
    entering: list[Step] = []
    leaving: list[Step] = []
    for step in _steps(before, after, users):
        known += 1
        in_before += step.before
        if step.before != step.after:
            (entering if step.after else leaving).append(step)
    return Plan(before, after, known, in_before, tuple(entering), tuple(leaving))


def at_percentages(flag: Flag, start: Decimal | None, end: Decimal, known: Known, *, exact: bool) -> tuple[Flag, Flag]:
    """The flag at two percentages, on at the second. The first is the present state unless another one is given.

    Off is 0 %, whatever percentage is kept for when it is on again.
    """
    on = replace(flag, enabled=True)
    nobody = replace(on, rollout_percent=NOBODY, exact_user_ids=None)
    if start is None and not flag.enabled:
        return replace(nobody, enabled=False), patched(on, FlagPatch(percent=end, exact=exact), known)
    if start is not None and start != flag.rollout_percent:
        exact = exact or flag.exact_user_ids is not None
        on = patched(nobody, FlagPatch(percent=start, exact=exact), known)
    return on, patched(on, FlagPatch(percent=end, exact=exact), known)


def rule_of(decision: Decision, flag: Flag | None) -> str:
    """The rule behind a decision, in words that name its figures."""
    if flag is None or decision.reason not in (Reason.PERCENTAGE_IN, Reason.PERCENTAGE_OUT):
        return _RULES.get(decision.reason, decision.reason)
    share = plain(flag.rollout_percent)
    if flag.exact_user_ids is not None and flag.rollout_percent < EVERYBODY:
        listed = "one" if decision.reason == Reason.PERCENTAGE_IN else "not one"
        return f"{listed} of the {len(flag.exact_user_ids)} users written down for {share} %"
    sign = "is below" if decision.reason == Reason.PERCENTAGE_IN else "is not below"
    return f"bucket {decision.bucket} {sign} {int(flag.rollout_percent * PER_PERCENT)} ({share} %)"


_RULES: dict[str, str] = {
    Reason.GLOBAL_OFF: "the global gate is off",
    Reason.COMPONENT_OFF: "the component's flag is off or missing",
    Reason.BLOCKED: "the user is blocked for this component",
    Reason.TEST_USER: "the user is a test user of this component",
    Reason.OLD_ONLY: "in the mode old_only everything is old, whatever the flags say",
    Reason.NEW_ONLY: "in the mode new_only everything is new, whatever the flags say",
    Reason.CATCHING_UP: "the new side still catches up after the change of mode",
    Reason.NO_MODE: "the sync mode cannot be read",
    Reason.NO_DOCUMENT: "no flag document could be fetched yet",
    Reason.MALFORMED: "the flag cannot be read, flags list says why",
}


def _steps(before: Flag, after: Flag, users: Iterable[str]) -> Iterator[Step]:
    component = COMPONENTS[before.name]
    first, second = _alone(before), _alone(after)
    for user_id in users:
        yield Step(
            user_id,
            bucket(before.name, user_id),
            _gets_new(first, user_id, component),
            _gets_new(second, user_id, component),
        )


def _alone(flag: Flag) -> FlagDecisions:
    """Decisions by one flag behind an open gate."""
    gate = Flag(GLOBAL, flag.created_at, flag.updated_at, enabled=True)
    return FlagDecisions(FixedFlagStore(FlagDocument({GLOBAL: gate, flag.name: flag})))


def _gets_new(decisions: FlagDecisions, user_id: str, component: Component) -> bool:
    return decisions.should_use_new_backend(user_id, component).backend is Backend.NEW
