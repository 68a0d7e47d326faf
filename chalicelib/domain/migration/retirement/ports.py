"""What the retirement needs from outside: its calendar, the ledger of callers, and what the old backend answers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.callers import V1Call, V1Caller


class RetirementRecords(Protocol):
    """Every method but ``record`` and ``mark_withheld`` raises UnavailableError out of time."""

    def calendar(self) -> Calendar | None:
        """The announced calendar; None: there is none. Raises RetirementError: what is stored is no calendar."""

    def save(self, calendar: Calendar) -> bool:
        """Store it in place of the version that was read. False: somebody else was faster, and nothing is stored."""

    def mark_withheld(self, calendar: Calendar, start: int, reason: str, at: int) -> None:
        """Note, once, that a brown-out is withheld; as another version. Nobody waits for it, and it may get lost."""

    def record(self, call: V1Call, at: int) -> None:
        """Count a call where its client has its place, and forget days that are too old.

        Nobody waits for it, and it may get lost.
        """

    def callers(self, since: int, limit: int) -> Sequence[V1Caller]:
        """Who has called since an instant, the latest first, with the days from that of the instant on."""

    def count_callers(self, since: int) -> int:
        """How many there are of these."""

    def page_calls(self, since: int, spared: Sequence[str]) -> Mapping[str, int]:
        """When our own page has called each route last, since an instant, for anybody but the spared callers."""

    def has_called(self, caller: str) -> bool:
        """Whether the ledger knows a caller, by the pseudonym."""

    def old_answers(self, since: int) -> Mapping[str, int]:
        """The latest answer of the old backend by component since an instant, without those that an operator forced."""
