"""The runner on a real MongoDB: order, lock, checksums, failures and the way out, the command line."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.repositories.database import open_database
from infra.local.waiting import wait_until
from migrations import new_script, runner
from migrations.errors import DirtyError, EditedError, LockedError, MigrationError, RefusedError
from migrations.ledger import COLLECTION, State
from migrations.lock import Lock, holder
from migrations.runner import Options
from migrations.scripts import QUIET, Run

SECONDS = 30.0
SCRIPT = '''"""A script of a test."""
from migrations.scripts import Step
RESUMABLE = {resumable}
def refusal(database, direction):
    found = database["switch"].find_one({{"_id": "refuse"}})
    return found and found["why"]
def preview(database, direction):
    return [Step("count one more", 1)]
def up(database, run):
    if database["switch"].find_one({{"_id": "fail"}}):
        raise ValueError("the switch is on")
    assert database["migrations"].find_one({{"_id": "{name}"}})["state"] == "applying"
    database["done"].insert_one({{"up": "{name}"}})
def down(database, run):
    assert database["migrations"].find_one({{"_id": "{name}"}})["state"] == "reverting"
    database["done"].insert_one({{"down": "{name}"}})
'''


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[Any]]:
    """An empty database of this test's own."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A folder with two scripts; a lock that a dead runner loses soon."""
    for name in ("001_first", "002_second"):
        write(tmp_path, name)
    return Options(folder=tmp_path, lock_seconds=1.0)


# The two scripts whose imports moved, as they were applied before: laptop stacks and deployments have these.
OF_THE_FLAT_RELEASE = {
    "001_create_display_collection": "a580be900a33a3dfae85e431180f880c7625c79f0d17a1d3364e11b87a37326c",
    "002_backfill_display_data": "912e19ab878500e3f181094b58af9b1a3af3c204715277e6a1069c446dccd75b",
}


def write(folder: Path, name: str, *, resumable: bool = False) -> None:
    (folder / f"{name}.py").write_text(SCRIPT.format(name=name, resumable=resumable))


def switch(database: Database[Any], name: str, why: str = "") -> None:
    database["switch"].insert_one({"_id": name, "why": why})


def done(database: Database[Any]) -> list[str]:
    """What scripts did, in order: ``+001_first -001_first``."""
    found = database["done"].find({}, {"_id": 0})
    return [f"{'+' if 'up' in item else '-'}{next(iter(item.values()))}" for item in found]


def states(database: Database[Any], options: Options) -> dict[str, str]:
    return {row.name: row.state for row in runner.status(database, options.folder)}


def command(database: Database[Any], uri: str, options: Options, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as an operator does, with JSON as its answer."""
    name, *rest = arguments
    everywhere = ["--uri", uri, "--database", database.name, "--folder", str(options.folder), "--json"]
    program = [sys.executable, "-m", "migrations", name, *everywhere, *rest]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


def test_scripts_are_applied_in_order_once_and_reverted_from_the_last(
    database: Database[Any], options: Options
) -> None:
    assert runner.up(database, options=options) == ["001_first", "002_second"]
    assert runner.up(database, options=options) == []
    assert runner.down(database, options=options) == ["002_second"]
    assert runner.up(database, "001", options) == []
    assert runner.down(database, steps=5, options=options) == ["001_first"]
    assert runner.up(database, "001", options) == ["001_first"]
    assert done(database) == ["+001_first", "+002_second", "-002_second", "-001_first", "+001_first"]


def test_the_script_that_down_goes_to_remains_applied(database: Database[Any], options: Options) -> None:
    write(options.folder, "003_third")
    runner.up(database, options=options)
    planned = runner.plan(database, "down", options, last="001")
    assert [script.name for script in planned] == ["003_third", "002_second"]
    assert runner.down(database, options=options, last="001") == ["003_third", "002_second"]
    assert runner.down(database, options=options, last="001_first") == []
    assert states(database, options)["001_first"] == "applied"
    assert runner.down(database, options=options, last="base") == ["001_first"]


@pytest.mark.parametrize("last", ["004", "01", "0012", "first", ""])
def test_to_a_script_that_does_not_exist_nothing_goes(database: Database[Any], options: Options, last: str) -> None:
    runner.up(database, "001", options)
    with pytest.raises(MigrationError, match="there is no script"):
        runner.plan(database, "down", options, last=last)
    with pytest.raises(MigrationError, match="there is no script"):
        runner.down(database, options=options, last=last)
    with pytest.raises(MigrationError, match="there is no script"):
        runner.up(database, last, options)
    assert done(database) == ["+001_first"]


def test_a_plan_says_what_would_be_done_and_changes_nothing(database: Database[Any], options: Options) -> None:
    planned = runner.plan(database, "up", options)
    assert [(script.name, script.steps[0].documents) for script in planned] == [("001_first", 1), ("002_second", 1)]
    assert database.list_collection_names() == []


def test_a_script_that_is_not_allowed_yet_waits_with_its_reason(database: Database[Any], options: Options) -> None:
    switch(database, "refuse", "the moon is not full")
    assert runner.up(database, options=options) == []
    assert runner.refusal(database, "up", options.folder) == "001_first: the moon is not full"
    database["switch"].delete_many({})
    runner.up(database, options=options)
    switch(database, "refuse", "too late")
    with pytest.raises(RefusedError, match="002_second: too late"):
        runner.down(database, options=options)
    assert done(database) == ["+001_first", "+002_second"]


def test_a_failed_script_blocks_until_it_is_retried(database: Database[Any], options: Options) -> None:
    switch(database, "fail")
    with pytest.raises(MigrationError, match="001_first failed: the switch is on"):
        runner.up(database, options=options)
    assert states(database, options) == {"001_first": "failed", "002_second": "pending"}
    database["switch"].delete_many({})
    with pytest.raises(DirtyError, match=r"ValueError: the switch is on.*--retry"):
        runner.up(database, options=options)
    retried = Options(options.folder, retry=True, lock_seconds=1.0)
    assert runner.up(database, options=retried) == ["001_first", "002_second"]


@pytest.mark.parametrize(("word", "then"), [(State.APPLIED, ["002_second"]), (State.PENDING, ["001_first"])])
def test_a_failed_script_can_be_resolved_by_hand(
    database: Database[Any], options: Options, word: State, then: list[str]
) -> None:
    switch(database, "fail")
    with pytest.raises(MigrationError):
        runner.up(database, options=options)
    runner.resolve(database, "001", word, options)
    assert states(database, options)["001_first"] == word
    database["switch"].delete_many({})
    assert runner.up(database, options=options)[:1] == then
    with pytest.raises(MigrationError, match="there is no script '009'"):
        runner.resolve(database, "009", word, options)


@pytest.mark.parametrize("resumable", [True, False])
def test_an_interrupted_script_goes_on_by_itself_only_where_it_says_so(
    database: Database[Any], options: Options, resumable: bool
) -> None:
    write(options.folder, "001_first", resumable=resumable)
    record = {"_id": "001_first", "state": "applying", "checksum": "of then", "owner": "a host that lost power"}
    database[COLLECTION].insert_one(record)
    assert states(database, options)["001_first"] == "interrupted"
    with Lock(database[COLLECTION], SECONDS):
        assert states(database, options)["001_first"] == "applying"
    if resumable:
        assert runner.up(database, options=options) == ["001_first", "002_second"]
    else:
        with pytest.raises(DirtyError, match="it was interrupted"):
            runner.up(database, options=options)


def test_an_applied_script_that_was_edited_or_is_gone_stops_everything(
    database: Database[Any], options: Options
) -> None:
    runner.up(database, "001", options)
    path = options.folder / "001_first.py"
    original = path.read_bytes()
    path.write_bytes(original + b"# a thought\n")
    with pytest.raises(EditedError, match="001_first was changed after it was applied"):
        runner.up(database, options=options)
    path.unlink()
    with pytest.raises(EditedError, match="001_first is gone"):
        runner.down(database, options=options)
    path.write_bytes(original.replace(b"\n", b"\r\n"))
    assert runner.up(database, options=options) == ["002_second"]


def test_a_script_whose_words_changed_names_what_it_was_and_nothing_else(
    database: Database[Any], options: Options
) -> None:
    runner.up(database, "001", options)
    path = options.folder / "001_first.py"
    original = path.read_bytes()
    path.write_bytes(original + f'FORMER = ("{sha256(original).hexdigest()}",)\n'.encode())
    assert runner.up(database, options=options) == ["002_second"]
    # Of another length: Python takes a file of the same second and length for the one that it has compiled.
    path.write_bytes(original + f'FORMER = ("{sha256(b"another").hexdigest()}", "")\n'.encode())
    with pytest.raises(EditedError, match="001_first was changed after it was applied"):
        runner.down(database, options=options)


def test_a_database_of_the_release_before_the_folders_is_no_edited_one(database: Database[Any]) -> None:
    runner.up(database)
    for name, checksum in OF_THE_FLAT_RELEASE.items():
        database[COLLECTION].update_one({"_id": name}, {"$set": {"checksum": checksum}})
    assert runner.up(database) == []


def test_an_edit_that_means_nothing_can_be_accepted(database: Database[Any], options: Options) -> None:
    runner.up(database, options=options)
    (options.folder / "001_first.py").write_text(SCRIPT.format(name="001_first", resumable=False) + "# a thought\n")
    assert states(database, options)["001_first"] == "edited"
    runner.resolve(database, "001_first", State.APPLIED, options)
    assert runner.up(database, options=options) == []


def test_two_scripts_with_one_number_are_refused(database: Database[Any], options: Options) -> None:
    write(options.folder, "002_other")
    with pytest.raises(MigrationError, match="002_other and 002_second have the same number"):
        runner.up(database, options=options)


def test_of_two_runners_at_once_one_proceeds_and_the_other_is_told_who_does(
    database: Database[Any], options: Options
) -> None:
    with Lock(database[COLLECTION], 5.0) as lock:
        with pytest.raises(LockedError, match=f"{lock.owner} has held the lock since"):
            runner.up(database, options=options)
        assert done(database) == []
    assert runner.up(database, options=options) == ["001_first", "002_second"]
    assert holder(database[COLLECTION]) is None


def test_many_runners_at_once_apply_each_script_once(database: Database[Any], options: Options) -> None:
    refused: list[LockedError] = []

    def race() -> None:
        try:
            runner.up(database, options=options)
        except LockedError as error:
            refused.append(error)

    runners = [threading.Thread(target=race) for _ in range(6)]
    for thread in runners:
        thread.start()
    for thread in runners:
        thread.join(30)
    assert done(database) == ["+001_first", "+002_second"]
    assert len(refused) < 6


def test_a_living_runner_keeps_its_lock_beyond_the_expiry(database: Database[Any]) -> None:
    records = database[COLLECTION]
    with Lock(records, 0.6) as lock:
        taken = holder(records)
        assert taken is not None
        later = {"$expr": {"$gt": ["$$NOW", {"$add": [taken["expiresAt"], 300]}]}}
        assert wait_until(lambda: records.find_one(later) is not None, SECONDS)
        lock.check()
        with pytest.raises(LockedError), Lock(records, 0.6):
            pass


def test_a_runner_whose_lock_was_taken_stops(database: Database[Any]) -> None:
    records = database[COLLECTION]
    with Lock(records, 0.3) as lock:
        records.update_one({"_id": "lock"}, {"$set": {"owner": "somebody else"}})
        assert wait_until(lambda: lost(lock), SECONDS)


def lost(lock: Lock) -> bool:
    """Whether a runner has noticed that its lock is gone."""
    try:
        lock.check()
    except LockedError:
        return True
    return False


def test_a_dead_runners_lock_expires(database: Database[Any], mongodb_uri: str, options: Options) -> None:
    program = (
        "import sys; from chalicelib.repositories.database import open_database; from migrations.lock import Lock\n"
        f"lock = Lock(open_database({mongodb_uri!r}, {database.name!r})['migrations'], 1.0); lock.__enter__()\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    runner_that_dies = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert runner_that_dies.stdout
    assert runner_that_dies.stdin
    assert runner_that_dies.stdout.readline() == "held\n"
    assert command(database, mongodb_uri, options, "up", "--execute").returncode == LockedError.exit_code
    runner_that_dies.kill()
    runner_that_dies.wait()
    runner_that_dies.stdout.close()
    runner_that_dies.stdin.close()
    assert wait_until(lambda: holder(database[COLLECTION]) is None, SECONDS)
    assert runner.up(database, options=options) == ["001_first", "002_second"]


def test_the_command_line_answers_with_json_and_exit_codes(
    database: Database[Any], mongodb_uri: str, options: Options
) -> None:
    planned = command(database, mongodb_uri, options, "up")
    assert planned.returncode == 0
    assert [script["name"] for script in json.loads(planned.stdout)["plan"]] == ["001_first", "002_second"]
    assert done(database) == []
    applied = command(database, mongodb_uri, options, "up", "--execute", "--to", "001")
    assert (applied.returncode, json.loads(applied.stdout)["scripts"]) == (0, ["001_first"])
    switch(database, "refuse", "not now")
    refused = command(database, mongodb_uri, options, "up", "--execute")
    assert (refused.returncode, json.loads(refused.stdout)["error"]) == (3, "002_second: not now")
    database["switch"].delete_many({})
    switch(database, "fail")
    assert command(database, mongodb_uri, options, "up", "--execute").returncode == 1
    assert command(database, mongodb_uri, options, "up", "--execute").returncode == 6
    (options.folder / "001_first.py").write_text("# edited")
    edited = command(database, mongodb_uri, options, "up", "--execute")
    assert edited.returncode == 4
    assert "001_first was changed" in json.loads(edited.stdout)["error"]
    status = command(database, mongodb_uri, options, "status")
    assert status.returncode == 4
    assert [row["state"] for row in json.loads(status.stdout)["scripts"]] == ["edited", "failed"]


def test_down_shows_what_it_reverts_and_reverts_nothing_without_a_yes(
    database: Database[Any], mongodb_uri: str, options: Options
) -> None:
    runner.up(database, options=options)
    asked = command(database, mongodb_uri, options, "down", "--execute", "--to", "base")
    assert asked.returncode == 1
    assert "002_second (count one more: 1), 001_first (count one more: 1)" in json.loads(asked.stdout)["error"]
    assert "--yes" in asked.stderr
    assert set(states(database, options).values()) == {"applied"}
    done_now = command(database, mongodb_uri, options, "down", "--execute", "--to", "001", "--yes")
    assert (done_now.returncode, json.loads(done_now.stdout)["scripts"]) == (0, ["002_second"])
    assert states(database, options) == {"001_first": "applied", "002_second": "pending"}


def test_what_the_sync_mode_does_not_allow_is_refused_without_a_question(
    database: Database[Any], mongodb_uri: str, options: Options
) -> None:
    runner.up(database, options=options)
    switch(database, "refuse", "not now")
    refused = command(database, mongodb_uri, options, "down", "--execute")
    assert (refused.returncode, json.loads(refused.stdout)["error"]) == (3, "002_second: not now")


def test_the_target_is_printed_before_a_change_and_never_its_password(
    database: Database[Any], mongodb_uri: str, options: Options
) -> None:
    host = mongodb_uri.partition("://")[2].partition("/")[0]
    said = command(database, mongodb_uri, options, "up", "--execute").stderr
    assert f"target: mongodb {host}/{database.name}" in said.splitlines()
    secret = "mongodb://somebody:qzx/cr?t@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    for uri in (secret, secret.replace("qzx/cr?t", "qzxcret")):
        failed = command(database, uri, options, "up", "--execute")
        assert failed.returncode == 1
        assert "127.0.0.1:1" in failed.stderr
        assert "qzx" not in failed.stderr + failed.stdout


def test_a_new_script_has_the_next_number_and_runs_as_it_is(database: Database[Any], options: Options) -> None:
    path = new_script.create("Add the meter's location!", options.folder)
    assert path.name == "003_add_the_meter_s_location.py"
    assert runner.up(database, options=options)[-1] == path.stem
    assert runner.down(database, options=options) == [path.stem]
    with pytest.raises(MigrationError, match="say in a few words"):
        new_script.create("!", options.folder)


def test_a_quiet_run_takes_everything() -> None:
    run: Run = QUIET
    run.check()
    run.say("nothing")
    with run.progress("meters", 2) as advance:
        advance(1)
