"""What chance explains and what it does not: two counts held against what they should be.

Both tests are the field's usual ones, and as strict as alarms that look every few minutes have to be.
"""

from math import erfc, exp, lgamma, log, log1p, sqrt

FEWEST_EXPECTED = 5  # in each group: below that the normal curve says nothing
UNLIKELY_SHARE = 0.001
UNLIKELY_FAILURES = 0.01
FAILURES_ALONE = 0.01  # what one backend may fail on where there is no other to hold it against


def is_another_share(new: int, people: int, percent: float) -> bool:
    """Whether chance does not explain that ``new`` of these people got the new backend (sample ratio mismatch).

    At 0 and 100 percent nothing is left to chance.
    """
    expected = people * percent / 100
    if percent in (0, 100):
        return new != round(expected)
    if min(expected, people - expected) < FEWEST_EXPECTED:
        return False
    distance = abs(new - expected) / sqrt(expected * (1 - percent / 100))
    return erfc(distance / sqrt(2)) < UNLIKELY_SHARE


def fails_more(answers: tuple[int, int], failures: tuple[int, int]) -> bool:
    """Whether chance does not explain that the second backend fails more often than the first.

    Given how many failures there are, each would fall on a backend by its share of the answers: the binomial tail.
    """
    (old, new), (failed_before, failed) = answers, failures
    if not new or not failed:
        return False
    if not old:
        return failed / new > FAILURES_ALONE
    return _tail(failed, failed_before + failed, new / (old + new)) < UNLIKELY_FAILURES


def _tail(successes: int, trials: int, chance: float) -> float:
    """The probability of at least so many successes."""
    logs = [
        lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(chance) + (trials - k) * log1p(-chance)
        for k in range(successes, trials + 1)
    ]
    return sum(map(exp, logs))
