"""Everything that is kept of a person, part by part: what the database has, and the flags that name the person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.account import AccountExport
from chalicelib.domain.ports import Clock
from chalicelib.domain.rollout.pseudonyms import Pseudonyms

# The flags whose lists have a person in them.
FlagsNaming = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ExportedPart:
    """A part: what it holds, when it was made, and where the next one begins."""

    exported_at: int
    documents: dict[str, Sequence[Any]]
    following: str | None


class AccountExportService:
    """Collects the parts."""

    def __init__(self, export: AccountExport, flags: FlagsNaming, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._export = export
        self._flags = flags
        self._pseudonyms = pseudonyms
        self._clock = clock

    def part(self, user_id: str, cursor: str | None) -> ExportedPart:
        """The part behind a cursor; the flags are on the first one.

        Raises:
            InvalidInputError: nobody has given this cursor.
            UnavailableError: the database, or AppConfig, did not answer in time.
        """
        page = self._export.page(user_id, self._pseudonyms.of("user", user_id), cursor)
        flags = {"flags": self._flags(user_id)} if cursor is None else {}
        return ExportedPart(self._clock(), {**page.documents, **flags}, page.following)
