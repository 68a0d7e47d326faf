"""What an export asks for, and of whom: what is kept beside the database comes with the first part alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.people.account import AccountPage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.services.account.export import AccountExportService, ExportedPart


class Kept:
    """What the database and another place keep, and what both were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def page(self, user_id: str, pseudonym: str, cursor: str | None) -> AccountPage:
        self.asked.append((user_id, pseudonym, str(cursor)))
        return AccountPage({"meters": [{"_id": "1"}]}, None if cursor else "next")

    def lists(self, user_id: str) -> Mapping[str, Sequence[Any]]:
        self.asked.append((user_id,))
        return {"flags": ["dashboard"]}


def test_each_part_is_asked_for_by_id_and_pseudonym_and_the_first_one_has_what_lies_elsewhere() -> None:
    kept, pseudonyms = Kept(), Pseudonyms(b"key")
    service = AccountExportService(kept, pseudonyms, lambda: 7, kept.lists)
    assert service.part("alice", None) == ExportedPart(7, {"meters": [{"_id": "1"}], "flags": ["dashboard"]}, "next")
    assert service.part("alice", "next") == ExportedPart(7, {"meters": [{"_id": "1"}]}, None)
    pseudonym = pseudonyms.of("user", "alice")
    assert kept.asked == [("alice", pseudonym, "None"), ("alice",), ("alice", pseudonym, "next")]


def test_where_nothing_is_kept_elsewhere_the_database_is_all() -> None:
    assert AccountExportService(Kept(), Pseudonyms(b"key"), lambda: 7).part("alice", None).documents == {
        "meters": [{"_id": "1"}]
    }
