"""Operation times of the server as instants: UTC milliseconds to the second, the thousandths tell its operations apart.

So a later operation has a later instant, and the place behind an operation can be found again.
"""

from bson import Timestamp

COUNTED = 999  # operations of a second; behind them its instants do not tell them apart


def instant_of_operation(time: Timestamp) -> int:
    """The instant that stands for an operation."""
    return time.time * 1000 + min(time.inc, COUNTED)


def behind(instant: int) -> Timestamp:
    """The first operation time behind an instant; where it does not tell them apart, one before it."""
    second, count = divmod(instant, 1000)
    return Timestamp(second, count if count == COUNTED else count + 1)
