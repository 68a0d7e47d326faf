"""Whether chance explains that one backend fails more often than the other: the field's usual test."""

from math import exp, lgamma, log, log1p

UNLIKELY_FAILURES = 0.01
FAILURES_ALONE = 0.01  # what one backend may fail on where there is no other to hold it against


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
    """The probability of at least ``successes`` successes."""
    logs = [
        lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(chance) + (trials - k) * log1p(-chance)
        for k in range(successes, trials + 1)
    ]
    return sum(map(exp, logs))
