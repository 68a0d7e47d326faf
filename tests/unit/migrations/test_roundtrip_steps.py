"""How a round trip copies, compares and ends: on databases that only hold documents by their ids."""

from types import SimpleNamespace
from typing import Any

import pytest
from bson.codec_options import DatetimeConversion

from chalicelib.repositories.database import Collections
from migrations import roundtrip


class Database:
    """Documents and indexes by the name of their collection."""

    def __init__(self, name: str, documents: dict[str, dict[Any, Any]] | None = None) -> None:
        self.name, self.documents = name, documents or {}
        self.indexes: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[Any] = []

    def list_collection_names(self) -> list[str]:
        return [*self.documents]

    def __getitem__(self, name: str) -> "Collection":
        return Collection(self, str(name))


class Collection:
    """One of them."""

    def __init__(self, database: Database, name: str) -> None:
        self.database, self.name = database, name

    def find(self, which: Any, without: Any) -> Any:
        assert without == {"sourceVersion": 0, "displayVersion": 0, "series.version": 0, "calculatedAt": 0}
        found = self.database.documents.get(self.name, {})
        ids = which["_id"]["$in"] if which else [*found]
        self.database.asked += [len(ids)] if which else []
        return iter([{"_id": key, "amount": found[key]} for key in ids if key in found])

    def aggregate(self, pipeline: Any) -> None:
        self.database.asked.append((self.name, pipeline))

    def list_indexes(self) -> list[dict[str, Any]]:
        return [{"name": "_id_", "key": {"_id": 1}}, *self.database.indexes.get(self.name, [])]

    def create_indexes(self, indexes: list[Any]) -> None:
        self.database.asked.append((self.name, [dict(index.document) for index in indexes]))


def differing(one: Database, other: Database) -> list[Any]:
    here, there = (one, other)
    found: Any = roundtrip._differing_ids(here, there, Collections.ENERGIES)  # type: ignore[arg-type]
    return [*found]


def test_what_differs_is_found_in_whichever_database_it_is_a_thousand_documents_at_a_time() -> None:
    one: dict[Any, int] = dict.fromkeys(range(2_001), 1)
    other = {**one, 999: 2, "x": 3}
    del other[1_500]
    first, second = (Database("a", {"energies": each}) for each in (one, other))
    assert differing(first, second) == [999, 1_500, 999, "x"]
    assert (second.asked, first.asked) == ([1_000, 1_000, 1], [1_000, 1_000, 1])
    assert differing(first, first) == []


def test_twenty_documents_are_named_each_with_its_collection_and_its_moment() -> None:
    one = Database("a", {"energies": dict.fromkeys(range(15), 1), "meters": dict.fromkeys("abcdefgh", 1)})
    names = (Collections.ENERGIES, Collections.METERS)
    made: Any = (one, Database("b"), names, "after down")
    found = roundtrip._differences(*made)
    assert found == [
        *(f"energies {key} after down" for key in range(15)),
        *(f"meters {key} after down" for key in "abcde"),
    ]


def test_documents_are_copied_by_the_server_and_indexes_with_their_options() -> None:
    source = Database("here", {"energies": {}, "meters": {}, "control": {}})
    source.indexes["meters"] = [
        {"name": "dirty", "key": {"dirtySince": 1}, "v": 2, "ns": "here.meters", "sparse": True}
    ]
    target = Database("there")
    made: Any = (source, target, (Collections.ENERGIES, Collections.METERS, Collections.IMPORTS))
    roundtrip._replicate(*made)
    assert source.asked == [(name, [{"$out": {"db": "there", "coll": name}}]) for name in ("energies", "meters")]
    assert target.asked == [("meters", [{"name": "dirty", "key": {"dirtySince": 1}, "sparse": True}])]


def test_the_copies_have_names_of_their_own_and_go_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    made, dropped, copied = list[str](), list[str](), list[Any]()

    def get_database(name: str, *, codec_options: Any) -> Any:
        assert codec_options.datetime_conversion is DatetimeConversion.DATETIME_AUTO
        made.append(name)
        return SimpleNamespace(name=name)

    client = SimpleNamespace(get_database=get_database, drop_database=dropped.append)
    database: Any = SimpleNamespace(name="n" * 50, client=client)
    monkeypatch.setattr(roundtrip, "_replicate", lambda source, target, names: copied.append((source, target, names)))

    def interrupted() -> None:
        with roundtrip._copy_of(database) as copies:
            assert [copy.name for copy in copies] == made
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    trial, before, first = made
    stem = trial.removesuffix("_trial")
    assert (before, first) == (f"{stem}_before", f"{stem}_first")
    assert stem.startswith(f"{'n' * 40}_roundtrip_")
    assert len(stem) == 40 + len("_roundtrip_") + 8
    assert dropped == made
    kept = ("energies", "meters", "user_settings", "imports")
    assert [(source is database, target.name, names) for source, target, names in copied] == [
        (True, trial, kept),
        (True, before, kept),
    ]


def test_a_round_trip_compares_what_down_leaves_and_in_the_end_everything() -> None:
    left = ("energies", "user_settings", "imports")
    derived = ("source_energy_readings", "display_energy_data", "meter_series", "quarantined_readings")
    assert left == roundtrip.LEFT
    assert [*roundtrip.COMPARED] == ["energies", "meters", "user_settings", "imports", *derived]
