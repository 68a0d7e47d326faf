"""Plans of a percentage's change: whom it would move, before it is made; and why somebody gets their backend.

Both ask Powertools, with the rules that are or would be deployed, so that a plan is no second opinion.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Self

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.flags.changes.patch import FlagPatch, Known, patched
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.bucketing import PER_PERCENT, bucket
from chalicelib.flags.document.flag import EVERYBODY, NOBODY, Flag, plain
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import COMPONENTS, GLOBAL

UNNAMED = ""  # nobody has this id


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
    ways = _Ways.between(before, after)
    for user_id in users:
        place = bucket(before.name, user_id)
        was, will = ways.of(user_id, place)
        known += 1
        in_before += was
        if was != will:
            (entering if will else leaving).append(Step(user_id, place, was, will))
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


@dataclass(frozen=True, slots=True)
class _Ways:
    """What both flags answer, new or not, asked once for all whom no list names between two ends of percentages.

    Rules on buckets ask whether they lie below an end, so between two ends that follow each other all answers are one.
    """

    component: Component
    flags: tuple[FlagDecisions, FlagDecisions]
    named: Set[str]
    ends: Sequence[int]
    answers: Sequence[tuple[bool, bool]]

    @classmethod
    def between(cls, before: Flag, after: Flag) -> Self:
        component, flags = COMPONENTS[before.name], (_alone(before), _alone(after))
        lists = (each for flag in (before, after) for each in (flag.test_user_ids, flag.blocked_user_ids))
        exact = ((flag.exact_user_ids or ()) for flag in (before, after))
        ends = sorted({int(flag.rollout_percent * PER_PERCENT) for flag in (before, after)})
        answers = [_asked(flags, UNNAMED, component, place) for place in (0, *ends)]
        return cls(component, flags, {*chain(*lists, *exact)}, ends, answers)

    def of(self, user_id: str, place: int) -> tuple[bool, bool]:
        """Before and after, of one user."""
        if user_id in self.named:
            return _asked(self.flags, user_id, self.component, place)
        return self.answers[bisect_right(self.ends, place)]


def _asked(
    flags: tuple[FlagDecisions, FlagDecisions], user_id: str, component: Component, place: int
) -> tuple[bool, bool]:
    before, after = (each.should_use_new_backend(user_id, component, place).backend is Backend.NEW for each in flags)
    return before, after


def _alone(flag: Flag) -> FlagDecisions:
    """Decisions by one flag behind an open gate."""
    gate = Flag(GLOBAL, flag.created_at, flag.updated_at, enabled=True)
    return FlagDecisions(FixedFlagStore(FlagDocument({GLOBAL: gate, flag.name: flag})))
