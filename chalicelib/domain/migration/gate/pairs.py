"""Tests of pairs: both backends did the same, and the new one was worse, better, or neither; evidence against it.

The sign test (Dixon and Mood, "The Statistical Sign Test", JASA 41, 1946) as a bet that goes on: who believes that the
new backend is worse stakes a part of their money on each pair, wins it where the new one was worse and loses it where
it was better. While the new backend is worse in at most every second pair that says anything, that game is fair or
worse, so the money ever becomes ``limit`` times as much with a chance of at most 1 / limit, however often somebody
looks. (Ville 1939; Shafer, "Testing by Betting", JRSS A 184, 2021.)

The money is the e-value: prod(1 + bet) over the pairs against the new backend, times prod(1 - bet) over those in its
favour. The counts alone say it, so two logarithms are all that a database needs: ``against * won + favour * lost``.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp, log, log1p

from chalicelib.domain.migration.gate.evidence import PairCount

# Closer times than these are equal ones: a tenth of the other, and what a clock and a busy machine make of any time.
TOLERANCE = 0.1
TOLERANCE_MS = 1.0
MOST_EVIDENCE = 1e9  # more says nothing more, and a number without end is none


class Pair(StrEnum):
    """What one pair says of the new backend."""

    AGAINST = "against"
    FAVOUR = "favour"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class PairTest:
    """A sequential test; ``bet``: which part of the money is staked on each pair, above 0 and below 1."""

    bet: float

    @property
    def won(self) -> float:
        """What a pair against the new backend adds to the logarithm of the evidence."""
        return log1p(self.bet)

    @property
    def lost(self) -> float:
        """What a pair in its favour adds: less than 0."""
        return log1p(-self.bet)

    def evidence(self, count: PairCount) -> float:
        """The e-value after these pairs."""
        return exp(min(count.against * self.won + count.favour * self.lost, log(MOST_EVIDENCE)))

    def after(self, count: PairCount, pair: Pair) -> PairCount:
        """The count with one more pair. A tie says nothing."""
        if pair is Pair.TIE:
            return count
        against, favour = count.against + (pair is Pair.AGAINST), count.favour + (pair is Pair.FAVOUR)
        counted = replace(count, against=against, favour=favour)
        return replace(counted, peak=max(count.peak, self.evidence(counted)))


# Who is slower in three of four pairs is stopped within 51 of them in nine runs of ten (a bet of 0.5: 46), and who is
# slower in six of ten within 300 in 86 runs of 100 (0.5: in 43).
LATENCY = PairTest(bet=0.25)
# An old backend hardly ever fails, so whole pairs against the new one come first: it is stopped by eight of them.
ERRORS = PairTest(bet=0.5)


def pair_of_times(old_ms: float, new_ms: float) -> Pair:
    """Which backend was slower by more than the tolerance, asked the same in random order."""
    if abs(new_ms - old_ms) <= max(TOLERANCE_MS, TOLERANCE * min(old_ms, new_ms)):
        return Pair.TIE
    return Pair.AGAINST if new_ms > old_ms else Pair.FAVOUR


def pair_of_failures(*, old: bool, new: bool) -> Pair:
    """Whether only one of both failed: where both did or neither, they are equal."""
    if old == new:
        return Pair.TIE
    return Pair.AGAINST if new else Pair.FAVOUR
