"""Simulating the gate with backends whose faults are known: how often it lets them through, how soon it stops them.

The gate itself judges here, by evidence that chance makes up; what it must do is held against the formulas. Chance is
seeded: equal seeds give equal figures.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import log, log1p
from random import Random
from typing import Any

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.agreements import (
    agreed,
    agreements_needed,
    chance_to_pass,
    chance_to_pass_beginning_again,
    differed,
)
from chalicelib.domain.migration.gate.evidence import (
    Census,
    CodeEvidence,
    GateEvidence,
    Limits,
    Rehearsal,
    Surrounding,
    VerifySeen,
)
from chalicelib.domain.migration.gate.judge import judge
from chalicelib.domain.migration.gate.pairs import LATENCY, pair_of_times

RUNS, SEED = 2_000, 17
LIMITS = Limits()
NEEDED = agreements_needed(LIMITS)
LONG_RUN = 20_000  # answers within which a gate that forgets differences lets most through
PAIRS = 62
USERS, VIEWS, RANGE = 10, 8, 3  # of a small system, and how many users one range of its census has
SLOWER, OFTEN = 1.5, 0.75
HERE = Surrounding("code", "dual_write", "shape")
SEEN = GateEvidence(
    component=Component.ENERGY_TABLE,
    now=0,
    on=HERE,
    people=LIMITS.census_users + 1,
    verified=VerifySeen(at=0, code=HERE.code, since=None, differences=0),
    rehearsal=Rehearsal(at=0, on=HERE, passed=True),
)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The share of the runs in which something happened, the share of the formula, and the accepted one."""

    name: str
    share: float
    least: float
    most: float
    formula: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it happened about as often as it must."""
        return self.least <= self.share <= self.most

    def as_document(self) -> dict[str, Any]:
        """Convert to JSON for programs."""
        return asdict(self) | {"holds": self.holds}


def simulate(runs: int = RUNS, seed: int = SEED) -> Sequence[Simulated]:
    """Everything, each with chance of its own, so that one more of them changes no other."""
    return [each(runs, Random(f"{seed} {each.__name__}")) for each in SIMULATIONS]  # noqa: S311 - nothing secret


def _at_the_limit(runs: int, chance: Random) -> Simulated:
    wrong = LIMITS.wrong
    through = sum(_row(wrong, chance) is not None for _ in range(runs))
    name = f"{_percent(wrong)} of all answers are wrong: let through"
    return Simulated(name, through / runs, 0.034, 0.065, chance_to_pass(wrong, NEEDED))


def _at_twice_the_limit(runs: int, chance: Random) -> Simulated:
    wrong = 2 * LIMITS.wrong
    through = sum(_row(wrong, chance) is not None for _ in range(runs))
    name = f"{_percent(wrong)} of all answers are wrong: let through"
    return Simulated(name, through / runs, 0.0, 0.006, chance_to_pass(wrong, NEEDED))


def _without_a_fault(runs: int, chance: Random) -> Simulated:
    through = sum(_row(0.0, chance) == NEEDED for _ in range(runs))
    return Simulated(f"no answer is wrong: let through after exactly {NEEDED}", through / runs, 1.0, 1.0, 1.0)


def _beginning_again(runs: int, chance: Random) -> Simulated:
    """What the gate does not do: after each difference the row begins again as if nothing had been."""
    wrong = 2 * LIMITS.wrong
    through = sum(_some_row(wrong, chance) for _ in range(runs))
    formula = chance_to_pass_beginning_again(wrong, NEEDED, LONG_RUN)
    name = f"not the gate: begin again after a difference, {_percent(wrong)} wrong: through within {LONG_RUN:,}"
    return Simulated(name, through / runs, formula - 0.04, formula + 0.04, formula)


def _slow(runs: int, chance: Random) -> Simulated:
    stopped = sum(_stopped(OFTEN, PAIRS, chance) for _ in range(runs))
    name = f"{SLOWER} times as slow in three of four pairs: stopped within {PAIRS}"
    return Simulated(name, stopped / runs, 0.9, 1.0)


def _alike(runs: int, chance: Random) -> Simulated:
    stopped = sum(_stopped(0.5, PAIRS, chance) for _ in range(runs))
    name = f"slower in every second pair, faster in the others: stopped within {PAIRS}"
    return Simulated(name, stopped / runs, 0.0, 0.065)


def _one_persons_bug(runs: int, chance: Random) -> Simulated:
    found = sum(not _census(chance, bug=True) for _ in range(runs))
    return Simulated(f"{USERS} users, one view of one of them is wrong: found", found / runs, 1.0, 1.0, 1.0)


def _a_clean_census(runs: int, chance: Random) -> Simulated:
    through = sum(_census(chance, bug=False) for _ in range(runs))
    return Simulated(f"{USERS} users, no view is wrong: let through", through / runs, 1.0, 1.0, 1.0)


SIMULATIONS: Sequence[Callable[[int, Random], Simulated]] = (
    _at_the_limit,
    _at_twice_the_limit,
    _without_a_fault,
    _beginning_again,
    _slow,
    _alike,
    _one_persons_bug,
    _a_clean_census,
)


@cache
def _gate(counted: CodeEvidence) -> tuple[bool, bool]:
    """Whether the gate is open, and whether it takes people back. Equal evidence, equal verdict."""
    verdict = judge(replace(SEEN, counted=counted), LIMITS)
    return verdict.is_open, verdict.breach is not None


def _row(wrong: float, chance: Random) -> int | None:
    """After how many answers a code was let through; None: a difference came first, and shut the gate for good."""
    counted = CodeEvidence()
    is_open = takes_back = False
    while not is_open and not takes_back:
        counted = differed(counted, "f") if chance.random() < wrong else agreed(counted)
        is_open, takes_back = _gate(counted)
    return counted.agreements if is_open else None


def _some_row(wrong: float, chance: Random) -> bool:
    """Whether a row long enough lies anywhere in the long run: how many equal answers come before each difference."""
    answers = 0
    while answers + NEEDED <= LONG_RUN:
        equal = int(log(1.0 - chance.random()) / log1p(-wrong))
        if equal >= NEEDED:
            return True
        answers += equal + 1
    return False


def _stopped(against: float, pairs: int, chance: Random) -> bool:
    """Whether the gate takes a backend back that is slower with that chance, and as much faster otherwise."""
    counted = CodeEvidence()
    for _ in range(pairs):
        old, factor = chance.uniform(5, 50), SLOWER if chance.random() < against else 1 / SLOWER
        counted = replace(counted, latency=LATENCY.after(counted.latency, pair_of_times(old, old * factor)))
        _, takes_back = _gate(counted)
        if takes_back:
            return True
    return False


def _census(chance: Random, *, bug: bool) -> bool:
    """Whether a small system's gate opens at any moment of a census; with a bug in one view of one person."""
    wrong = (chance.randrange(USERS), chance.randrange(VIEWS)) if bug else None
    seen = replace(SEEN, people=USERS)
    return any(judge(replace(seen, census=census), LIMITS).is_open for census in _ranges(wrong))


def _ranges(wrong: tuple[int, int] | None) -> Iterator[Census]:
    """The census after each of its ranges."""
    census = Census(HERE.code, None, started=0, users=0, views=0, different=0, failed=0)
    for first in range(0, USERS, RANGE):
        asked = [(user, view) for user in range(first, min(first + RANGE, USERS)) for view in range(VIEWS)]
        census = replace(
            census,
            users=census.users + len(asked) // VIEWS,
            views=census.views + len(asked),
            different=census.different + sum(each == wrong for each in asked),
            finished=0 if first + RANGE >= USERS else None,
        )
        yield census


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
