"""The log of one invocation as Lambda writes it: INIT_START, START, the function's lines, END and REPORT."""

import math
from dataclasses import dataclass, field

from .answers import Answer


@dataclass(slots=True)
class Record:
    """Collects one invocation's log text in the order in which Lambda writes it."""

    request_id: str
    version: str
    memory_size_mb: int
    init_ms: float | None = None
    _parts: list[str] = field(default_factory=list)

    def initialised(self, output: str, runtime: str, took_ms: float) -> None:
        """Add what a fresh process wrote before its first invocation."""
        self.init_ms = took_ms
        self._add(f"INIT_START Runtime Version: {runtime}", output)

    def started(self) -> None:
        """Add the START line."""
        self._add(f"START RequestId: {self.request_id} Version: {self.version}")

    def ended(self, output: str, answer: Answer, took_ms: float, peak_memory_mb: int) -> None:
        """Add the function's own lines, the platform's about a failure, END and REPORT."""
        self._add(output, answer.log, f"END RequestId: {self.request_id}")
        self._add("\t".join(self._report(answer, took_ms, peak_memory_mb)))

    def text(self) -> str:
        """Return the whole log, every part ending in a line break."""
        return "".join(self._parts)

    def _add(self, *texts: str) -> None:
        self._parts += [text if text.endswith("\n") else f"{text}\n" for text in texts if text]

    def _report(self, answer: Answer, took_ms: float, peak_memory_mb: int) -> list[str]:
        figures = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {took_ms:.2f} ms",
            f"Billed Duration: {math.ceil(took_ms + (self.init_ms or 0))} ms",
            f"Memory Size: {self.memory_size_mb} MB",
            f"Max Memory Used: {peak_memory_mb} MB",
        ]
        if self.init_ms is not None:
            figures.append(f"Init Duration: {self.init_ms:.2f} ms")
        if answer.status:
            figures.append(f"Status: {answer.status}")
        if answer.status == "error":
            figures.append(f"Error Type: {answer.error_type}")
        return figures
