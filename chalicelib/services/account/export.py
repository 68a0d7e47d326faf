"""The export of an account, part by part: what the database has of a person, and what is kept beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.people.account import AccountExport
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.outside import Clock

# What is kept of a person beside the database, by what it is called.
Beside = Callable[[str], Mapping[str, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class ExportedPart:
    """A part: what it holds, when it was made, and where the next one begins."""

    exported_at: int
    documents: dict[str, Sequence[Any]]
    following: str | None


class AccountExportService:
    """Collects the parts."""

    def __init__(
        self, export: AccountExport, pseudonyms: Pseudonyms, clock: Clock, beside: Beside = lambda _: {}
    ) -> None:
        self._export = export
        self._beside = beside
        self._pseudonyms = pseudonyms
        self._clock = clock

    def part(self, user_id: str, cursor: str | None) -> ExportedPart:
        """The part behind a cursor; what is kept beside the database is on the first one.

        Raises:
            InvalidInputError: nobody has given this cursor.
            UnavailableError: the database, or another place, did not answer in time.
        """
        page = self._export.page(user_id, self._pseudonyms.of("user", user_id), cursor)
        beside = self._beside(user_id) if cursor is None else {}
        return ExportedPart(self._clock(), {**page.documents, **beside}, page.following)
