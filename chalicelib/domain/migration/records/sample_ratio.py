"""Whether the new backend got the share of people that is set: a sample ratio mismatch says that it did not. Pure."""

from collections.abc import Iterator
from decimal import Decimal
from math import exp, lgamma, log

from chalicelib.domain.migration.records.figures import Share

EVERYBODY = 100
THRESHOLD = 0.001
NEGLIGIBLE = 1e-12


def mismatch(share: Share, percent: Decimal, *, exact: bool) -> str | None:
    """Why the share cannot have come about by chance, as a sentence; None: it can.

    ``percent``: the percentage that is set. A percentage with an ``exact`` list of people is no matter of chance: who
    of the list comes first says nothing. At 100 % everybody is in, whatever list is kept for the way back.
    """
    if (exact and percent < EVERYBODY) or not share.people or probability(share, percent) >= THRESHOLD:
        return None
    real = 100 * share.new / share.people
    return (
        f"{share.new} of {share.people} people got the new backend ({real:.1f} %), though {percent:f} % are set: "
        "chance does so in less than one of 1000 cases, so something else decides too"
    )


def probability(share: Share, percent: Decimal) -> float:
    """How likely a share is that lies as far from the set one or farther: twice the smaller tail of the binomial."""
    people, new, chance = share.people, share.new, float(percent) / 100
    if not 0 < chance < 1:
        return float(new == people * chance)
    if new > people * chance:  # the tail above is that below of those who got the old backend
        new, chance = people - new, 1 - chance
    return min(1.0, 2 * _tail_below(people, new, chance))


def _tail_below(people: int, new: int, chance: float) -> float:
    return exp(_log_probability(people, new, chance)) * sum(_shrinking(people, new, chance))


def _shrinking(people: int, new: int, chance: float) -> Iterator[float]:
    """The probabilities of ``new`` and of fewer, as parts of the first one, until they count for nothing."""
    part = 1.0
    while part > NEGLIGIBLE:
        yield part
        part *= new / (people - new + 1) * (1 - chance) / chance
        new -= 1


def _log_probability(people: int, new: int, chance: float) -> float:
    ways = lgamma(people + 1) - lgamma(new + 1) - lgamma(people - new + 1)
    return ways + new * log(chance) + (people - new) * log(1 - chance)
