"""A restored database is as the one before: equal answers, every mode, and whatever a restore dies of."""

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import mongo_ports
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import EnergyMonitorError, LostModeError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.database import Collections
from infra.errors import OperatorError
from infra.operations.backup import data as backup_data
from infra.operations.backup.data import OBSERVED, occupied
from infra.operations.backup.file import inspected
from migrations import runner
from tests.integration.deployment import Deployment, contents
from tests.integration.infra.backup.backing_up import NEW, OLD, Commands, Killed, killed_after, put_back, saved, stored
from tests.integration.versions.both_versions import V1, V2, BothVersions

pytestmark = pytest.mark.long

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode


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


def test_a_fresh_stack_whose_jobs_have_run_is_empty(deployed: Deployment, empty: Database[Any], tmp_path: Path) -> None:
    runner.up(empty)
    fresh = Deployment(empty)
    fresh.sync()
    fresh.operations.consistency.verify()
    for observing in OBSERVED:
        empty[observing].insert_one({"at": 1})
    put_back(empty, saved(deployed.database, tmp_path / "b"))
    assert stored(empty) == stored(deployed.database)


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
