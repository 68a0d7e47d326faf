"""Backup and restore on a real server: equal answers, one moment, nothing overwritten, nothing half open."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import (
    mongo_ports,
    now,
)
from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.errors import (
    EnergyMonitorError,
    LostModeError,
)
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.database import Collections, open_database
from chalicelib.services.recording.configuration import ExchangeDraft
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.local.throwaway import mongod
from infra.operations.backup import data as backup_data
from infra.operations.backup.data import (
    OBSERVED,
    occupied,
    restore,
    take,
)
from infra.operations.backup.file import Writer, documents, inspected, new_file
from migrations import runner
from tests.contract.migration.flag_changes import change
from tests.integration.deployment import (
    GAS,
    POWER,
    Deployment,
    contents,
    equal_sides,
    writers,
)
from tests.integration.infra.operator_shell import Shell
from tests.integration.versions.both_versions import V1, V2, BothVersions

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
OLD, NEW = "energies", "source_energy_readings"
READINGS = (("2022-12-31", 1000), ("2023-01-31", 1100), ("2023-06-30", 1600), ("2024-01-31", 2300))
COMPARED = tuple(name for name in backup_data.CARRIED if name not in ("meters", "control"))


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """Two households; one has another zone and an exchanged meter, and corrected a reading."""
    deployment = Deployment(migrated)
    for user in (uuid4().hex, uuid4().hex):
        for kind in (POWER, GAS):
            ids = [deployment.create(user, date, amount, kind) for date, amount in READINGS]
        deployment.change(user, ids[2], amount=1700)
    deployment.container.configuration.add_exchange(user, ExchangeDraft(POWER, "2024-03-01", Decimal(2400), Decimal(3)))
    migrated["quarantined_readings"].insert_one({"_id": uuid4().hex, "reasons": ["x"], "amount": 5.0})
    mongo_ports(migrated, deployment.publisher).flag_history.save(change(now(), "one"), b"{}")
    deployment.operations.sweeper.run_at_once(60)
    return deployment


@pytest.fixture
def empty(mongodb_uri: str) -> Iterator[Database[Any]]:
    """A database that nobody has used."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@dataclass
class Commands:
    """The command line, on one database and then another."""

    monkeypatch: pytest.MonkeyPatch
    shell: Shell
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "sample.backup"

    def run(self, database: Database[Any], *arguments: str) -> tuple[int | str | None, str]:
        """Exit code and everything that is printed."""
        self.monkeypatch.setenv("MONGODB_DATABASE", database.name)
        code: int | str | None = 0
        try:
            command_line.main([*arguments], standalone_mode=False)
        except SystemExit as exited:
            code = exited.code
        except OperatorError as error:
            return 1, str(error)
        printed = self.shell._capsys.readouterr()
        return code, printed.out + printed.err


@pytest.fixture
def commands(
    mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    return Commands(monkeypatch, Shell(capsys), tmp_path)


def saved(database: Database[Any], path: Path) -> Path:
    with new_file(path) as packed:
        take(database, lambda header: Writer(packed, header), lambda _: None)
    return path


def put_back(database: Database[Any], path: Path) -> None:
    restore(database, path, inspected(path), "olga", lambda _: None)


def stored(database: Database[Any], names: tuple[str, ...] = COMPARED) -> dict[str, list[Any]]:
    """What is in the database, but for revisions, which go on from the restore, and the lock of migrations."""
    hidden = {"revision": 0}
    condition = {"_id": {"$ne": "lock"}}
    return {name: list(database[name].find(condition, hidden, sort=[("_id", 1)])) for name in names}


def test_a_restored_database_gives_equal_answers(
    deployed: Deployment, empty: Database[Any], commands: Commands
) -> None:
    before = BothVersions(deployed.database)
    code, said = commands.run(deployed.database, "backup", str(commands.file))
    assert (code, "energies 16, source_energy_readings 16" in said) == (0, True), said
    header = inspected(commands.file).header
    assert (header["database"], header["mode"]) == (deployed.database.name, "dual_write")
    assert header["clusterTime"].time > 0
    code, said = commands.run(empty, "restore", str(commands.file))
    assert (code, "the mode is dual_write" in said) == (0, True), said
    after, users = BothVersions(empty), before.users()
    assert after.users() == users
    for version in (V1, V2):
        assert after.answers(version, users) == before.answers(version, users)
    assert stored(empty) == stored(deployed.database)
    assert Deployment(empty).operations.modes.show().state == deployed.operations.modes.show().state
    assert commands.run(empty, "verify")[0] == 0


@pytest.mark.parametrize("modes", [(), (NEW_ONLY,), (OLD_ONLY,)])
def test_an_import_is_undone_in_a_restored_database(
    deployed: Deployment, empty: Database[Any], tmp_path: Path, modes: tuple[SyncMode, ...]
) -> None:
    user = BothVersions(deployed.database).users()[0]
    before = contents(deployed.database, OLD)
    file = b"date,type,amount\n2023-01-31T00:00,power,1110\n2023-12-31T00:00,power,2200\n"
    replacing = ImportOptions(on_conflict="replace", confirm=True)
    report = deployed.container.imports.bulk_create(user, file, replacing)
    assert (report.success, report.replaced) == (1, 1)
    deployed.to(*modes)
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    restored = Deployment(empty)
    outcome = restored.container.import_history.undo(user, report.import_id or "").outcome
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (1, 1, 0)
    assert contents(empty, NEW if NEW_ONLY in modes else OLD) == before
    restored.operations.sweeper.run_at_once(60)
    if not modes:
        assert restored.operations.consistency.verify().findings == ()


def test_indexes_and_the_state_of_migrations_come_along(
    deployed: Deployment, empty: Database[Any], tmp_path: Path
) -> None:
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    for name in backup_data.CARRIED:
        assert empty[name].index_information() == deployed.database[name].index_information()
    assert runner.pending(empty) == runner.pending(deployed.database)


@pytest.mark.parametrize("modes", [(), (NEW_ONLY,), (OLD_ONLY,)])
def test_every_mode_comes_back_with_its_history_and_without_trust_in_old_checks(
    deployed: Deployment, empty: Database[Any], tmp_path: Path, modes: tuple[SyncMode, ...]
) -> None:
    deployed.operations.consistency.verify()
    deployed.operations.fan_out.begin(Walk.VERIFY, 2)
    deployed.work()
    deployed.to(*modes)
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    there, here = Deployment(empty).operations, deployed.operations
    assert (there.modes.show().state, there.modes.show().changes) == (
        here.modes.show().state,
        here.modes.show().changes,
    )
    assert mongo_ports(empty, deployed.publisher).sync_control.verified() is None
    assert not list(empty["control"].find({"_id": {"$regex": "fan_out"}}))
    assert occupied(empty)


def test_no_version_of_before_comes_again_with_other_content(
    deployed: Deployment, empty: Database[Any], tmp_path: Path
) -> None:
    """The other database went on after the backup, and people hold its ETags."""
    path = saved(deployed.database, tmp_path / "b")
    [user, _] = BothVersions(deployed.database).users()
    reading = deployed.database["source_energy_readings"].find_one({"userId": user}) or {}
    for amount in range(20, 25):
        deployed.change(user, str(reading["_id"]), amount=amount)
    put_back(empty, path)

    def newest(database: Database[Any]) -> tuple[int, int]:
        document = database["source_energy_readings"].find_one({"_id": reading["_id"]}) or {}
        meter = database["meters"].find_one({"_id": f"{user}|{reading['type']}"}) or {}
        return document["revision"], meter["sourceVersion"]

    assert all(new > old + 1_000_000 for new, old in zip(newest(empty), newest(deployed.database), strict=True))
    again = Deployment(empty)
    again.change(user, str(reading["_id"]), amount=30)
    assert newest(empty)[0] > newest(deployed.database)[0]


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


def test_a_fresh_stack_whose_jobs_have_run_is_empty(deployed: Deployment, empty: Database[Any], tmp_path: Path) -> None:
    runner.up(empty)
    fresh = Deployment(empty)
    fresh.sync()
    fresh.operations.consistency.verify()
    for observing in OBSERVED:
        empty[observing].insert_one({"at": 1})
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    assert stored(empty) == stored(deployed.database)


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


class Killed(BaseException):
    """The process ends here."""


def killed_after(inserts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = backup_data._Restore._insert, [0]

    def insert(self: Any, name: str, batch: list[Any]) -> None:
        if done[0] == inserts:
            raise Killed
        done[0] += 1
        real(self, name, batch)

    monkeypatch.setattr(backup_data._Restore, "_insert", insert)


@pytest.mark.parametrize("inserts", [0, 1, 3, 5])
def test_a_restore_that_is_killed_leaves_nothing_open_and_goes_on(
    deployed: Deployment, empty: Database[Any], commands: Commands, monkeypatch: pytest.MonkeyPatch, inserts: int
) -> None:
    saved(deployed.database, commands.file)
    with monkeypatch.context() as dying:
        dying.setattr(backup_data, "AT_ONCE", 10)
        killed_after(inserts, dying)
        with pytest.raises(Killed):
            put_back(empty, commands.file)
    half, person = stored(empty, tuple(Collections)), Deployment(empty)
    with pytest.raises((EnergyMonitorError, ValueError)):
        person.create("somebody", "2024-05-01", 5)
    with pytest.raises((EnergyMonitorError, ValueError)):
        person.operations.consistency.verify()
    with pytest.raises(LostModeError, match="python -m infra restore FILE"):
        person.operations.modes.show()
    with pytest.raises(LostModeError, match="a restore is under way, or was interrupted"):
        person.operations.modes.recover(None, "as the message of a lost mode would say")
    with pytest.raises(OperatorError, match="restore was interrupted"):
        saved(empty, commands.folder / "of half a database")
    assert stored(empty, tuple(Collections)) == half
    other = saved(deployed.database, commands.folder / "another")
    code, said = commands.run(empty, "restore", str(other))
    assert (code, "restore of another file was interrupted" in said) == (1, True), said
    assert f"drop the database {empty.name}" in said
    code, said = commands.run(empty, "restore", str(commands.file))
    assert code == 0, said
    assert stored(empty) == stored(deployed.database)
    assert commands.run(empty, "verify")[0] == 0


def test_a_restore_that_dies_before_its_display_is_calculated_is_caught_up(
    deployed: Deployment, empty: Database[Any], commands: Commands
) -> None:
    saved(deployed.database, commands.file)
    code, said = commands.run(empty, "restore", str(commands.file), "--no-rebuild")
    assert (code, "python -m infra rebuild" in said) == (0, True), said
    assert Deployment(empty).operations.consistency.verify().lagging == 4
    assert commands.run(empty, "rebuild")[0] == 0
    seen = Deployment(empty).operations.consistency.verify()
    assert (seen.lagging, seen.differences) == (0, 0)


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
