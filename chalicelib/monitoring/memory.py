"""Measuring memory: the share of its function's memory that this process has held."""

import resource
import sys
import time
from pathlib import Path

from chalicelib.monitoring.metrics import percent
from chalicelib.monitoring.names import MetricName

LOOK_SECONDS = 1.0  # the peak only grows: looking more often says nothing new
STATUS = Path("/proc/self/status")
MEGABYTE = 1024 * 1024


class Memory:
    """Measures a process against a limit, once a second at most. ``limit_mb`` 0: it has none, and nothing is said.

    ``api_function``: what the template calls the function of routes that this process is.
    """

    def __init__(self, limit_mb: int = 0, api_function: str = "APIHandler") -> None:
        self.limit_mb = limit_mb
        self.api_function = api_function
        self._looked_at = float("-inf")

    def measure(self, function: str) -> None:
        """Say the share of the limit that the process has held at most."""
        if not self.limit_mb or time.monotonic() < self._looked_at + LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        share = 100 * peak_bytes() / (self.limit_mb * MEGABYTE)
        percent(MetricName.MEMORY_USED, share, function=function)


def peak_bytes() -> int:
    """The most memory that this program has held.

    The kernel's own mark where there is one: ``getrusage`` also counts what the process held as another program.
    """
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return int(line.split()[1]) * 1024


memory = Memory()
