"""Reports of flags that could not be fetched or read: one log line and one metric each, or nothing in a shell."""

from collections.abc import Mapping

from typing_extensions import override

from chalicelib.flags.decisions.store import Reports
from chalicelib.monitoring.logger import logger
from chalicelib.monitoring.metrics import count
from chalicelib.monitoring.names import MetricName


class LoggedReports(Reports):
    """Reports of a function."""

    @override
    def not_fetched(self, error: Exception, document: str | None) -> None:
        """A warning: without a document everybody gets the old backend."""
        count(MetricName.FLAGS_NOT_FETCHED)
        logger().warning("flag document not fetched", extra={"document": document or "none"}, exc_info=error)

    @override
    def malformed(self, problems: Mapping[str, str], document: str | None) -> None:
        """An error: somebody has to mend the document. What is wrong may name people: ``flags list`` says it."""
        count(MetricName.FLAGS_MALFORMED, len(problems))
        logger().error("flags malformed", extra={"document": document or "none", "flags": sorted(problems)})


class SilentReports(Reports):
    """Reports of a shell: none, because its commands show by themselves what is wrong."""

    @override
    def not_fetched(self, error: Exception, document: str | None) -> None:
        pass

    @override
    def malformed(self, problems: Mapping[str, str], document: str | None) -> None:
        pass
