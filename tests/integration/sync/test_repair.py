"""Repair on a real database: it never destroys the last good copy by mistake, and what it takes away can come back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import MassDeletionError, SyncModeError, SyncStoppedError
from chalicelib.domain.migration.sync.reconciliation import RepairRun, Selection, SyncStop
from infra.operations.sync.catching_up import count_down
from migrations.backfill import Backfill
from migrations.errors import RefusedError
from tests.integration.deployment import POWER, Deployment, contents, equal_sides
from tests.integration.infra.operator_shell import Shell

START = datetime(2015, 1, 1, tzinfo=UTC)
OLD, NEW = "energies", "source_energy_readings"
TWINS, USERS = 3_200, 16


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    """A deployment whose sync job has run once."""
    deployment = Deployment(migrated)
    assert deployment.sync().full_difference
    return deployment


def twins(deployed: Deployment, count: int, users: int = USERS) -> set[tuple[Any, ...]]:
    """Equal twins that have been compared and are displayed; returns what each side says."""
    names = [uuid4().hex for _ in range(users)]
    old = [
        {
            "_id": ObjectId(),
            "userId": names[number % users],
            "type": "power",
            "date": START + timedelta(days=number // users),
            "amount": Decimal(100 + number // users),
        }
        for number in range(count)
    ]
    deployed.database[OLD].insert_many(old)
    assert deployed.sync().state == "synced"
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().differences == 0
    return equal_sides(deployed.database)


def test_a_dropped_collection_costs_nothing_whatever_is_repaired_and_all_of_it_comes_back(
    deployed: Deployment, shell: Shell
) -> None:
    before = twins(deployed, TWINS)
    deployed.database[OLD].rename("elsewhere")
    assert shell.run("sync") == (1, None)
    deployed.database["elsewhere"].rename(OLD)
    deployed.database[OLD].drop()
    assert shell.run("repair")[0] == 1
    for refused in (("repair", "--apply", "--yes"), ("sync",), ("mode", "set", "old_only", "--reason", "the test")):
        assert shell.run(*refused) == (1, None), refused
        assert contents(deployed.database, NEW) == before, refused
    assert "--from new" in shell.errors
    code, done = shell.run("repair", "--from", "new", "--apply", "--yes")
    assert (code, done["left"]["differences"]) == (0, 0)
    assert equal_sides(deployed.database) == before
    assert shell.run("sync")[1]["state"] == "synced"
    assert shell.run("verify")[0] == 0
    assert equal_sides(deployed.database) == before


def test_without_the_jobs_stop_a_repair_still_refuses_to_delete_so_much(deployed: Deployment, shell: Shell) -> None:
    before = twins(deployed, 320)
    deployed.database[OLD].delete_many({})
    assert shell.run("repair", "--apply", "--yes") == (1, None)
    assert "--allow-deletes 320" in shell.errors
    assert shell.run("repair", "--apply", "--yes", "--allow-deletes", "319") == (1, None)
    assert contents(deployed.database, NEW) == before


@pytest.mark.parametrize("lost", ["by the stream", "by a full difference"])
def test_the_job_deletes_no_crowd_of_twins_by_itself_and_says_so(deployed: Deployment, shell: Shell, lost: str) -> None:
    before = twins(deployed, 320)
    deployed.database[OLD].delete_many({"userId": {"$gt": min(item[1] for item in before)}})
    if lost == "by a full difference":
        deployed.database["control"].delete_one({"_id": "sync_job"})
    for _ in range(2):
        assert shell.run("sync") == (1, None)
        assert "infra repair" in shell.errors
    assert len(before) - len(contents(deployed.database, NEW)) <= 10
    assert "delete" in shell.run("mode", "show")[1]["stopped"]
    code, seen = shell.run("verify")
    assert (code, "delete" in seen["stopped"]) == (1, True)


def test_a_run_says_before_what_it_would_do_of_each_kind_on_each_side(deployed: Deployment, shell: Shell) -> None:
    before = sorted(twins(deployed, 32, users=2), key=lambda item: (item[1], item[3]))
    old, new = (deployed.database[name] for name in (OLD, NEW))
    new.delete_one({"_id": before[0][0]})
    new.update_one({"_id": before[1][0]}, {"$set": {"amount": Decimal(7)}})
    for item in before[2:5]:
        old.delete_one({"_id": item[0]})
    writes = {(row["side"], row["type"]): row for row in shell.run("repair")[1]["plan"]}
    assert len(writes) == 4
    counts = ("inserted", "changed", "deleted")
    assert [writes["new", "power"][name] for name in counts] == [1, 1, 3]
    assert all(writes[key][name] == 0 for key in writes for name in counts if key != ("new", "power"))
    writes = {(row["side"], row["type"]): row for row in shell.run("repair", "--from", "new")[1]["plan"]}
    assert [writes["old", "power"][name] for name in counts] == [3, 1, 1]
    code, said = shell.say("repair", "--apply", "--yes", "--allow-deletes", "3")
    assert code == 0
    assert said.index("deleted") < said.index("mended; what it deleted or overwrote comes back with: ")
    assert len(equal_sides(deployed.database)) == 29


def test_an_undo_brings_back_what_was_deleted_and_overwritten_and_shows_it(deployed: Deployment, shell: Shell) -> None:
    before = sorted(twins(deployed, 64, users=2), key=lambda item: (item[1], item[3]))
    old, new = (deployed.database[name] for name in (OLD, NEW))
    new.update_one({"_id": before[0][0]}, {"$set": {"amount": Decimal(99)}})
    old.delete_many({"_id": {"$in": [item[0] for item in before[1:31]]}})
    seen = contents(deployed.database, NEW)
    revisions = {item["_id"]: item["revision"] for item in new.find()}
    code, done = shell.run("repair", "--apply", "--yes", "--allow-deletes", "30")
    assert (code, done["left"]["differences"]) == (0, 0)
    (run,) = (found for found in shell.run("repair", "runs")[1] if found["run"] == done["run"])
    assert (run["documents"], run["undone"]) == (31, 0)
    changed = before[0][0]
    deployed.change(before[0][1], str(changed), amount=98)
    code, undone = shell.run("repair", "undo", done["run"])
    assert (code, undone["restored"], [item["document"] for item in undone["left"]]) == (1, 30, [str(changed)])
    wanted = {item for item in seen if item[0] != changed}
    assert {item for item in contents(deployed.database, NEW) if item[0] != changed} == wanted
    again = {item["_id"]: item["revision"] for item in new.find({"_id": {"$in": [item[0] for item in before[1:31]]}})}
    assert all(revision > revisions[key] for key, revision in again.items()), "no old ETag fits again"
    displays_are_fresh(deployed)
    code, back = shell.run("repair", "--from", "new", "--apply", "--yes")
    assert (code, back["left"]["differences"]) == (0, 0)
    assert len(equal_sides(deployed.database)) == 64
    assert shell.run("repair", "undo", done["run"])[1]["restored"] == 0


def test_a_run_that_took_nothing_away_names_no_way_back(deployed: Deployment, shell: Shell) -> None:
    before = sorted(twins(deployed, 4, users=1), key=lambda item: item[3])
    deployed.database[NEW].delete_one({"_id": before[0][0]})
    code, said = shell.say("repair", "--apply", "--yes")
    assert (code, "mended" in said, "undo" in said) == (0, True, False)


def displays_are_fresh(deployed: Deployment) -> None:
    """No meter lags, and each shows what its readings say."""
    assert deployed.database["meters"].count_documents({"dirtySince": {"$exists": True}}) == 0
    assert deployed.operations.rebuild.check(restart=True).differences == 0


def test_what_a_job_has_overwritten_more_than_once_in_a_run_comes_back_as_it_was_before(deployed: Deployment) -> None:
    (reading,) = twins(deployed, 1, users=1)
    meter, run = (reading[1], POWER), RepairRun("sync-of-the-test")
    for amount in (5, 6):
        deployed.database[OLD].update_one({"_id": reading[0]}, {"$set": {"amount": Decimal(amount)}})
        assert deployed.ports.twins.reconcile(meter, Selection(), run).replaced == 1
    done = deployed.operations.undo.undo(run.id)
    assert (done.restored, done.left) == (1, ())
    assert contents(deployed.database, NEW) == {reading}


def test_a_twin_under_another_user_comes_back_there_and_both_meters_show_it(deployed: Deployment) -> None:
    one, other = sorted(twins(deployed, 2, users=2), key=lambda item: str(item[1]))
    elsewhere = {"userId": other[1], "date": START + timedelta(days=40)}
    deployed.database[NEW].update_one({"_id": one[0]}, {"$set": elsewhere})
    run = deployed.operations.consistency.new_run()
    deployed.operations.consistency.repair(allow_deletes=1, run=run)
    assert equal_sides(deployed.database) == {one, other}
    assert deployed.operations.undo.undo(run.id).restored == 1
    assert {item[1] for item in contents(deployed.database, NEW)} == {other[1]}
    displays_are_fresh(deployed)


def test_nothing_is_kept_of_a_transaction_that_fails(deployed: Deployment) -> None:
    before = twins(deployed, 2, users=1)
    (user,) = {item[1] for item in before}
    deployed.database[OLD].delete_many({})
    with pytest.raises(MassDeletionError):
        deployed.ports.twins.reconcile((user, POWER), Selection(), RepairRun("test"), 1)
    assert deployed.operations.undo.runs() == []
    assert deployed.ports.twins.reconcile((user, POWER), Selection(), RepairRun("test"), 2).deleted == 2
    assert [(run.id, run.documents) for run in deployed.operations.undo.runs()] == [("test", 2)]


def test_what_is_kept_goes_after_thirty_days(migrated: Database[Any]) -> None:
    indexes = migrated["repaired_readings"].index_information().values()
    assert [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index] == [30 * 24 * 3600]


def test_a_stop_is_not_answered_by_one_users_repair_nor_by_a_side_that_catches_up(
    deployed: Deployment, shell: Shell
) -> None:
    twins(deployed, 32, users=2)
    deployed.ports.sync_control.save_stop(SyncStop(1, "the test says so"))
    for command in (("repair", "--apply"), ("repair", "--from", "new", "--apply", "--user", "somebody"), ("sync",)):
        assert shell.run(*command) == (1, None)
        assert "the test says so" in shell.errors
    deployed.database["control"].update_one({"_id": "sync_mode"}, {"$set": {"catchingUp": "new"}})
    assert shell.run("repair", "--from", "old", "--apply", "--yes") == (1, None)
    assert "still catches up" in shell.errors
    deployed.database["control"].update_one({"_id": "sync_mode"}, {"$set": {"catchingUp": None}})
    assert shell.run("repair", "--from", "old", "--apply", "--yes", "--reason", "looked at it")[0] == 0
    assert deployed.ports.sync_control.stop() is None
    answered = (deployed.database["control"].find_one({"_id": "sync_stop"}) or {})["answered"]
    assert ["looked at it" in item["answer"] for item in answered] == [True]


@pytest.mark.parametrize("wanted", [SyncMode.OLD_ONLY, SyncMode.NEW_ONLY])
def test_no_mode_changes_while_the_job_is_stopped(deployed: Deployment, wanted: SyncMode) -> None:
    deployed.ports.sync_control.save_stop(SyncStop(1, "the test says so"))
    with pytest.raises(SyncStoppedError, match="the test says so"):
        deployed.operations.modes.set(wanted, "test")
    deployed.ports.sync_control.answer_stop("looked at it", 2)
    assert deployed.operations.modes.set(wanted, "test").mode is wanted


def test_a_side_that_lost_most_of_its_readings_does_not_go_on_alone(deployed: Deployment) -> None:
    twins(deployed, 32, users=2)
    deployed.database[OLD].drop()
    with pytest.raises(SyncModeError, match=r"0 documents, the other one 32.*infra repair"):
        deployed.operations.modes.set(SyncMode.OLD_ONLY, "before the job has seen it")


def test_the_drain_counts_down(capsys: pytest.CaptureFixture[str]) -> None:
    left, waited = [25.4], list[float]()

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        left[0] = max(0.0, left[0] - seconds)

    count_down(lambda: left[0], sleep)
    said = capsys.readouterr().err
    assert [f"waiting {seconds} s" in said for seconds in (26, 16, 6)] == [True] * 3
    assert sum(waited) == pytest.approx(25.4)


def test_the_backfill_takes_no_crowd_of_twins_away(deployed: Deployment) -> None:
    before = twins(deployed, 64, users=2)
    deployed.database[OLD].delete_many({})
    for _ in range(2):
        with pytest.raises(RefusedError, match="infra repair"):
            Backfill(deployed.database).run()
    assert contents(deployed.database, NEW) == before
    assert deployed.ports.sync_control.stop() is not None


def test_way_back_from_new_only_stops_before_it_empties_the_old_side(deployed: Deployment) -> None:
    before = twins(deployed, 64, users=2)
    deployed.operations.modes.set(SyncMode.NEW_ONLY, "test")
    deployed.clock.drain()
    deployed.database[NEW].delete_many({})
    deployed.operations.modes.set(SyncMode.DUAL_WRITE, "test")
    deployed.clock.drain()
    with pytest.raises(SyncStoppedError):
        deployed.sync()
    assert contents(deployed.database, OLD) == before


def test_findings_are_limited_summed_up_and_never_folded(
    deployed: Deployment, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = twins(deployed, 1_200)
    deployed.database[NEW].delete_many({})
    monkeypatch.setenv("COLUMNS", "30")
    code, said = shell.say("verify", "--limit", "7")
    whole = [item for item in before if f" {item[0]} " in said and str(item[1]) in said]
    assert (code, len(whole)) == (1, 7)
    assert "1,200" in said
    code, seen = shell.run("verify")
    assert {finding["document"] for finding in seen["findings"]} == {str(item[0]) for item in before}
    assert seen["kinds"] == [
        {"collection": NEW, "type": "power", "kind": f"nothing in {NEW}", "count": 1_200},
    ]
    assert len(shell.run("repair")[1]["findings"]) == 1_200
    assert "/s" in shell.errors, "a rate"


def test_an_undo_can_be_undone(deployed: Deployment, shell: Shell) -> None:
    (changed, *_) = twins(deployed, 4)
    deployed.database[NEW].update_one({"_id": changed[0]}, {"$set": {"amount": Decimal(99)}})
    _, done = shell.run("repair", "--apply", "--yes")
    mended = contents(deployed.database, NEW)
    assert shell.run("repair", "undo", done["run"])[1]["restored"] == 1
    assert contents(deployed.database, NEW) != mended
    (undo,) = (found["run"] for found in shell.run("repair", "runs")[1] if found["run"].startswith("undo"))
    code, again = shell.run("repair", "undo", undo)
    assert (code, again["restored"], again["left"]) == (0, 1, [])
    assert contents(deployed.database, NEW) == mended


def test_what_is_brought_back_may_have_any_type(deployed: Deployment, shell: Shell) -> None:
    (changed, *_) = twins(deployed, 4)
    deployed.database[NEW].update_one({"_id": changed[0]}, {"$set": {"type": ["power"]}})
    _, done = shell.run("repair", "--apply", "--yes")
    assert shell.run("repair", "undo", done["run"])[0] in (0, 1)
    assert shell.run("repair", "--apply", "--yes")[0] == 0
    assert len(equal_sides(deployed.database)) == 4
