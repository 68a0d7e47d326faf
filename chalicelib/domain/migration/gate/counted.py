"""Counts of comparisons, per component and code, and how they become evidence of the gate. Pure.

The rows of comparisons are forgotten after some months; what was counted of them stays. ``pairs`` says what a pair is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.json.canonical import canonical_bytes
from chalicelib.domain.migration.gate.evidence import CodeEvidence, PairCount
from chalicelib.domain.migration.gate.pairs import Pair, pair_of_failures, pair_of_times
from chalicelib.domain.migration.records.comparison_log import COMPARED, ComparisonResult, IgnoreRule, Outcome
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import EnergyType

NO_PAIRS = PairCount()
CONSISTENT = "consistent"  # how a read is asked, not what it shows


@dataclass(frozen=True, slots=True)
class Counting:
    """What one comparison adds. ``agreement`` names the user, the view and its source version; None: they differ.

    ``user`` is a pseudonym. ``differences``: fingerprints, ``is_answered``: somebody answers for all of them.
    """

    component: Component
    code: str
    user: str
    agreement: str | None = None
    differences: tuple[str, ...] = ()
    is_answered: bool = False
    errors: Pair = Pair.TIE
    latency: Pair = Pair.TIE


@dataclass(frozen=True, slots=True)
class DifferenceSeen:
    """A difference on one code: when it was seen last there, and when all that had shown it showed it no more."""

    seen: int | None = None
    gone: int | None = None

    @property
    def is_there(self) -> bool:
        """Whether it was seen and is not gone since."""
        return self.seen is not None and (self.gone is None or self.gone <= self.seen)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one component on one code."""

    agreements: int = 0
    differences: Mapping[str, DifferenceSeen] = field(default_factory=dict)
    errors: PairCount = NO_PAIRS
    latency: PairCount = NO_PAIRS

    def evidence(self, rules: Mapping[str, IgnoreRule], now: int) -> CodeEvidence:
        """Make the evidence, by who answers for what now: a rule that has ended answers for nothing."""
        seen = [name for name, difference in self.differences.items() if difference.seen is not None]
        there = [name for name in seen if self.differences[name].is_there]
        unanswered = sorted(name for name in there if not holds(rules.get(name), now))
        return CodeEvidence(self.agreements, sorted(seen), unanswered, self.errors, self.latency)


class CountedEvidence(Protocol):
    """Keeps what was counted. Every method raises UnavailableError out of time."""

    def count(self, counting: Counting, at: int) -> None:
        """Add what one comparison says. An agreement counts once until the next answer; an open difference ends all."""

    def record(self, compared: ComparisonResult, counting: Counting, pseudonyms: Pseudonyms, at: int) -> None:
        """Add a comparison to the log and count it, both or neither: a difference with a row alone shuts no gate."""

    def counted(self, component: Component, code: str) -> Counted:
        """What was counted on one code."""

    def known(self, component: Component) -> Sequence[str]:
        """The fingerprints of all differences that were counted, on whichever code."""

    def answered(self, fingerprint: str) -> None:
        """Count agreements from 0 again where this difference was seen: somebody answers for it from now on."""

    def gone(self, fingerprint: str, component: Component, code: str, at: int) -> None:
        """Remember that nothing shows a difference any more on a code; its agreements count from 0 again."""


def counting_of(compared: ComparisonResult, user: str) -> Counting:
    """What a comparison adds; a look that saw nothing, or not both at one source version, is no agreement."""
    return Counting(
        component=compared.request.component,
        code=compared.code,
        user=user,
        agreement=_agreement(compared) if compared.outcome is Outcome.EQUAL else None,
        differences=tuple(compared.distinct),
        is_answered=compared.outcome is Outcome.IGNORED,
        errors=pair_of_failures(old=Backend.OLD in compared.broken, new=Backend.NEW in compared.broken),
        latency=_latency(compared),
    )


def holds(rule: IgnoreRule | None, now: int) -> bool:
    """Whether somebody answers for a difference now."""
    return rule is not None and rule.until > now


def rules_ended(known: Iterable[str], counted: Counted, rules: Mapping[str, IgnoreRule], now: int) -> list[str]:
    """The differences of a component whose rule has ended, and that nobody has shown to be gone on this code."""
    ended = {name for name, rule in rules.items() if not holds(rule, now)}
    return sorted(name for name in ended.intersection(known) if not _is_gone(counted.differences.get(name)))


def judged_by(component: Component) -> Component:
    """The component whose answers speak for one: an import writes, and what it wrote the table shows."""
    return Component.ENERGY_TABLE if component is Component.CSV_IMPORT else component


def _is_gone(difference: DifferenceSeen | None) -> bool:
    return difference is not None and difference.gone is not None and not difference.is_there


def _latency(compared: ComparisonResult) -> Pair:
    """Times of two whole answers at one source version; others say nothing of either."""
    old_ms, new_ms = compared.old_ms, compared.new_ms
    if old_ms is None or new_ms is None or compared.broken or compared.outcome not in COMPARED:
        return Pair.TIE
    return pair_of_times(old_ms, new_ms)


def _agreement(compared: ComparisonResult) -> str:
    """A digest: no record of a comparison may hold a user's id."""
    request = compared.request
    view = {name: value for name, value in request.parameters.items() if name != CONSISTENT}
    said = [request.component.value, request.user_id, view, [*_versions(compared)]]
    return sha256(canonical_bytes(said)).hexdigest()


def _versions(compared: ComparisonResult) -> Sequence[int]:
    """The source version of the meter that the view is about, of all meters where it is about all."""
    types, shown = [each.value for each in EnergyType], str(compared.request.parameters.get("type"))
    if shown in types and len(compared.versions) == len(types):
        return [compared.versions[types.index(shown)]]
    return compared.versions
