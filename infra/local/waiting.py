"""Waiting for something that will be true soon: polling with a deadline."""

import time
from collections.abc import Callable

INTERVAL_SECONDS = 0.05


def wait_until(condition: Callable[[], bool], seconds: float, interval_seconds: float = INTERVAL_SECONDS) -> bool:
    """Return True as soon as the condition holds, False when it still does not after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval_seconds)
    return True
