"""Records which backend answered, as metrics and in the usage log; never fails a request and never waits."""

from collections.abc import Callable

from chalicelib.domain.migration.records.usage import BackendUsage, UsageLog
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import backend_metrics

NOT_NOTED = "usage of a backend was not noted"


class BackendUsageTracker:
    """Puts each answer of a component into metrics and usage log."""

    def __init__(self, log: UsageLog, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._log = log
        self._pseudonyms = pseudonyms
        self._clock = clock

    def log_backend_usage(self, usage: BackendUsage) -> None:
        """Record one answer. Never raises: a record that cannot be written is logged and lost."""
        attempted(NOT_NOTED, lambda: self._measure(usage))
        attempted(NOT_NOTED, lambda: self._log.insert(usage, self._pseudonym(usage), self._clock()))

    def _measure(self, usage: BackendUsage) -> None:
        dimensions = {"component": usage.component.value, "backend": usage.decision.backend.value}
        metadata = {"user": self._pseudonym(usage), "reason": str(usage.decision.reason), "error": usage.error or ""}
        backend_metrics(dimensions, metadata, elapsed_ms=usage.elapsed_ms, failed=not usage.success)

    def _pseudonym(self, usage: BackendUsage) -> str:
        return self._pseudonyms.of("user", usage.user_id)


def attempted(otherwise: str, step: Callable[[], None]) -> None:
    """Do what nobody's answer may depend on; what fails is logged as ``otherwise`` and lost."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 nothing that fails here may take an answer away
        logger().warning(otherwise, exc_info=error)
