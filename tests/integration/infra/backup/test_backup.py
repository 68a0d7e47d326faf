"""Backup and restore on a real server: equal answers, one moment, nothing overwritten, nothing half open."""

import gzip
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from bson import Code, DatetimeMS, Decimal128, Regex
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.repositories.database import Collections, open_database
from infra.errors import OperatorError
from infra.local.throwaway import mongod
from infra.operations.backup import data as backup_data
from infra.operations.backup.data import take
from infra.operations.backup.file import Writer, documents, new_file
from migrations import runner
from tests.integration.deployment import Deployment, equal_sides, writers
from tests.integration.infra.backup.backing_up import Commands, put_back, saved, stored
from tests.integration.undecodable import stored_bytes, with_bytes

pytestmark = pytest.mark.long


def test_indexes_and_the_state_of_migrations_come_along(
    deployed: Deployment, empty: Database[Any], tmp_path: Path
) -> None:
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    for name in backup_data.CARRIED:
        assert empty[name].index_information() == deployed.database[name].index_information()
    assert runner.pending(empty) == runner.pending(deployed.database)


def test_what_is_backed_up_is_of_one_moment_while_people_write(
    migrated: Database[Any], empty: Database[Any], tmp_path: Path
) -> None:
    deployment = Deployment(migrated)
    with writers(deployment):
        for number in range(3):
            path = saved(migrated, tmp_path / f"b{number}")
            found: dict[str, list[Any]] = {name: [] for name in backup_data.CARRIED}
            for name, document in documents(path):
                found[name].append(document)
            sides = [
                {(str(item["_id"]), item["userId"], str(item["amount"])) for item in found[side]}
                for side in ("energies", "source_energy_readings")
            ]
            assert sides[0] == sides[1]
            assert sides[0]
    put_back(empty, path)
    assert equal_sides(empty)


def test_bytes_that_are_no_utf_8_come_back_as_they_were(
    deployed: Deployment, empty: Database[Any], tmp_path: Path
) -> None:
    deployed.database["energies"].insert_many(
        [
            with_bytes({"_id": "oneQQ", "userId": "QQ", "nQQ": {"deep": ["QQ", Code("QQ"), Regex("QQ")]}}),
            with_bytes({"_id": 2, "amount": Decimal128("1.50"), "date": DatetimeMS(10**16), "comment": "Ren\u00e9 QQ"}),
        ]
    )
    before = stored_bytes(deployed.database, "energies")
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    assert sorted(stored_bytes(empty, "energies")) == sorted(before)


OCCUPANTS: dict[str, tuple[str, Any]] = {
    "a reading": ("energies", {"_id": 1}),
    "a new reading": ("source_energy_readings", {"_id": 1, "userId": "u", "type": "power", "date": now()}),
    "a meter": ("meters", {"_id": "u|power"}),
    "settings": ("user_settings", {"_id": "u"}),
    "a display": ("display_energy_data", {"_id": "u"}),
    "a series": ("meter_series", {"_id": "u"}),
    "the quarantine": ("quarantined_readings", {"_id": 1}),
    "an import": ("imports", {"_id": "i"}),
    "flags": ("flag_changes", {"_id": "1"}),
    "a rollout": ("rollouts", {"_id": "energy_table"}),
    "a mode that somebody has set": ("control", {"_id": "sync_mode_changes", "changes": []}),
}


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(("collection", "document"), OCCUPANTS.values(), ids=OCCUPANTS)
def test_a_database_with_data_is_refused_and_named(
    deployed: Deployment, empty: Database[Any], tmp_path: Path, fresh: bool, collection: str, document: Any
) -> None:
    path = saved(deployed.database, tmp_path / "b")
    if not fresh:
        runner.up(empty)
    empty[collection].insert_one(dict(document))
    before = stored(empty, tuple(Collections))
    with pytest.raises(OperatorError, match=rf"not empty: {collection} 1\. Nothing was changed"):
        put_back(empty, path)
    assert stored(empty, tuple(Collections)) == before


@pytest.mark.parametrize("edit", [lambda content: content[:-9], lambda content: content[:300] + content[301:]])
def test_a_damaged_file_changes_nothing(
    deployed: Deployment, empty: Database[Any], commands: Commands, edit: Callable[[bytes], bytes]
) -> None:
    saved(deployed.database, commands.file)
    commands.file.write_bytes(edit(commands.file.read_bytes()))
    code, said = commands.run(empty, "restore", str(commands.file))
    assert code == 1
    assert "truncated" in said or "damaged" in said
    assert empty.list_collection_names() == []


def test_who_writes_meanwhile_is_noticed(
    deployed: Deployment, empty: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = saved(deployed.database, tmp_path / "b"), backup_data._Restore._check_counts

    def check(self: Any, contents: Any) -> None:
        empty["energies"].insert_one({"userId": "an old application"})
        real(self, contents)

    monkeypatch.setattr(backup_data._Restore, "_check_counts", check)
    with pytest.raises(OperatorError, match="energies has 17 documents, and the backup 16"):
        put_back(empty, path)
    assert (empty["control"].find_one({"_id": "sync_mode"}) or {})["mode"] == "restoring"


def test_a_write_in_the_last_moment_opens_the_database_again(
    deployed: Deployment, empty: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = saved(deployed.database, tmp_path / "b"), backup_data._in_transaction
    runner.up(empty)
    before = empty["control"].find_one({"_id": "sync_mode"})

    def beginning(database: Database[Any], work: Any) -> None:
        monkeypatch.setattr(backup_data, "_in_transaction", real)
        Deployment(empty).create("somebody", "2024-05-01", 5)
        real(database, work)

    monkeypatch.setattr(backup_data, "_in_transaction", beginning)
    with pytest.raises(OperatorError, match="not empty: energies 1"):
        put_back(empty, path)
    assert list(empty["control"].find()) == [before]


def test_a_database_that_forgets_its_history_too_soon_is_named(tmp_path: Path) -> None:
    """On a server of its own, which keeps its history for a second."""

    class Slow(Writer):
        def add(self, collection: str, document: Any) -> None:
            if self.counts[collection] % 1000 == 999:
                changed.update_many({"_id": {"$lt": 50}}, {"$inc": {"amount": 1}})
                sleep(1)
            super().add(collection, document)

    with mongod() as uri:
        database = open_database(uri, "sample")
        changed = database["energies"]
        changed.insert_many({"_id": number, "amount": 1} for number in range(20_000))
        database.client.admin.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 1})
        with (
            pytest.raises(OperatorError, match="minSnapshotHistoryWindowInSeconds: 3600"),
            new_file(tmp_path / "b") as packed,
        ):
            take(database, lambda header: Slow(packed, header), lambda _: None)
        database.client.close()
    assert list(tmp_path.iterdir()) == []


def test_an_old_application_s_database_comes_back_as_it_is(
    empty: Database[Any], mongodb_uri: str, tmp_path: Path
) -> None:
    """Doubles, garbage, ids of other kinds, and no trace of the new backend."""
    old = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    old["energies"].insert_many(
        [{"_id": 1, "amount": 5.0}, {"_id": "x", "date": "nonsense", "amount": None}, {"_id": 2, "amount": 5}]
    )
    try:
        path = saved(old, tmp_path / "b")
        put_back(empty, path)
        assert list(empty["energies"].find()) == list(old["energies"].find())
        assert list(empty["control"].find()) == []
        assert runner.pending(empty) == runner.pending(old)
    finally:
        old.client.drop_database(old.name)
        old.client.close()


def test_a_name_that_is_no_database_of_ours_is_no_empty_backup(empty: Database[Any], commands: Commands) -> None:
    code, said = commands.run(empty, "backup", str(commands.file))
    assert (code, f"{empty.name} has none of the collections" in said) == (1, True), said
    assert list(commands.folder.iterdir()) == []


def test_memory_does_not_grow_with_a_backup(deployed: Deployment, tmp_path: Path) -> None:
    """Nothing is held but a batch: the file grows while the cursor goes on."""
    sizes: list[int] = []

    class Watched(Writer):
        def add(self, collection: str, document: Any) -> None:
            super().add(collection, document)
            packed.flush()
            sizes.append(packed.fileobj.tell())  # type: ignore[union-attr]

    with new_file(tmp_path / "b") as packed:
        take(deployed.database, lambda header: Watched(packed, header), lambda _: None)
    assert len(sizes) > 40
    assert sizes == sorted(set(sizes))
    assert gzip.decompress((tmp_path / "b").read_bytes()).count(b"\n") == len(sizes) + 2
