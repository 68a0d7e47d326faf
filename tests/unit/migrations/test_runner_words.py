"""What the runner says of a script, and the file that it makes for a new one."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from chalicelib.domain.errors import UnavailableError
from migrations import errors, new_script, runner
from migrations.errors import MigrationError
from migrations.ledger import State
from migrations.runner import Status
from migrations.scripts import Script, scripts

AT = datetime(2024, 5, 1, 12, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "record", "edited", "running", "shown"),
    [
        (State.PENDING, {}, None, False, ("pending", "")),
        (State.APPLIED, {"finishedAt": AT}, None, True, ("applied", "2024-05-01 12:30:01 UTC")),
        (State.APPLIED, {"resolvedAt": AT}, None, False, ("applied", "2024-05-01 12:30:01 UTC")),
        (State.APPLIED, {"finishedAt": AT}, "was changed", False, ("edited", "was changed after it was applied")),
        (State.FAILED, {"error": "ValueError: no"}, None, False, ("failed", "ValueError: no")),
        (State.APPLYING, {"owner": "host:1"}, None, False, ("interrupted", "while applying, by host:1")),
        (State.REVERTING, {"owner": "host:1"}, None, False, ("interrupted", "while reverting, by host:1")),
        (State.APPLYING, {"owner": "host:1"}, None, True, ("applying", "")),
        (State.REVERTING, {"owner": "host:1"}, None, True, ("reverting", "")),
    ],
)
def test_a_script_is_shown_with_what_is_known_of_it(
    state: State, record: dict[str, Any], edited: str | None, running: bool, shown: tuple[str, str]
) -> None:
    ledger: Any = SimpleNamespace(state=lambda _: state, record=lambda _: record)
    assert runner._status("001_one", ledger, edited, running) == Status("001_one", *shown)


def test_a_script_that_does_not_exist_is_refused_with_those_that_do() -> None:
    known = [Script(Path(f"{name}.py")) for name in ("001_one", "002_two")]
    assert [runner._named(known, name) for name in ("002", "002_two")] == known[1:] * 2
    with pytest.raises(MigrationError, match=r"^there is no script '003'; there are 001_one, 002_two$"):
        runner._named(known, "003")


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize(
    ("resumable", "breaks", "asked", "is_done"),
    [(True, 0, 1, True), (True, 2, 3, True), (True, 3, 3, False), (False, 1, 1, False)],
)
@pytest.mark.parametrize("error", [AutoReconnect("cancelled"), UnavailableError("too slow")])
def test_what_may_simply_be_run_again_is_when_the_connection_breaks(
    error: Exception, resumable: bool, breaks: int, asked: int, is_done: bool, direction: Any
) -> None:
    done: list[str] = []

    def work(database: object, run: object) -> None:
        done.append("asked")
        if len(done) <= breaks:
            raise error

    other = {"up": "down", "down": "up"}[direction]
    migration: Any = SimpleNamespace(RESUMABLE=resumable, refusal=lambda *_: None, **{direction: work, other: None})
    checked: list[bool] = []
    said: list[str] = []
    run: Any = SimpleNamespace(check=lambda: checked.append(True), say=said.append)
    with nullcontext() if is_done else pytest.raises(type(error)):
        runner._do(migration, cast(Any, "database"), direction, run)
    assert (len(done), len(checked)) == (asked, asked if is_done else asked - 1)
    assert said == [f"the script is run again, and goes on; it ended with: {error}"] * (asked - 1)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_what_is_not_allowed_any_more_when_the_connection_breaks_is_not_run_again(direction: Any) -> None:
    asked: list[Any] = []

    def work(database: object, run: object) -> None:
        asked.append("run")
        raise AutoReconnect("cancelled")

    def refusal(*about: object) -> str:
        asked.append(about)
        return "the mode is another one"

    migration: Any = SimpleNamespace(RESUMABLE=True, refusal=refusal, **{direction: work})
    run: Any = SimpleNamespace(check=lambda: None, say=lambda _: None)
    with pytest.raises(errors.RefusedError, match=r"^the mode is another one$"):
        runner._do(migration, cast(Any, "database"), direction, run)
    assert asked == ["run", ("database", direction)]


def test_who_has_workers_do_it_gets_the_check_of_the_lock() -> None:
    def check() -> None:
        raise errors.LockedError("gone")

    other: Any = SimpleNamespace(by_workers=lambda _, check: check())
    with pytest.raises(errors.LockedError, match="gone"):
        runner._Held(cast(Any, None), other).by_workers(lambda: 9, check)


def test_another_error_is_not_tried_again() -> None:
    done: list[str] = []

    def work(database: object, run: object) -> None:
        done.append("asked")
        raise ValueError("no")

    migration: Any = SimpleNamespace(RESUMABLE=True, up=work)
    with pytest.raises(ValueError, match="no"):
        runner._do(migration, cast(Any, "database"), "up", cast(Any, None))
    assert done == ["asked"]


def test_each_refusal_has_the_exit_code_that_the_help_names() -> None:
    kinds = (MigrationError, errors.RefusedError, errors.EditedError, errors.LockedError, errors.DirtyError)
    assert [kind.exit_code for kind in kinds] == [1, 3, 4, 5, 6]


def test_a_new_script_follows_the_last_one_and_does_nothing_yet(tmp_path: Path) -> None:
    assert new_script.create("First!", tmp_path).name == "001_first.py"
    (tmp_path / "007_seventh.py").touch()
    path = new_script.create("  Add the METER'S location, 2nd try ", tmp_path)
    assert path.name == "008_add_the_meter_s_location_2nd_try.py"
    text = path.read_text()
    assert text.startswith('"""Add the meter s location 2nd try."""\n\nfrom typing import Any\n')
    made: Any = scripts(tmp_path)[-1].load()
    assert (made.RESUMABLE, made.refusal(None, "up"), made.preview(None, "up")) == (False, None, [])
    assert "\n\n# True only if an interrupted 'up' or 'down' may simply be run again.\nRESUMABLE = False\n" in text


def test_there_are_no_more_than_999_scripts(tmp_path: Path) -> None:
    (tmp_path / "998_the_last_but_one.py").touch()
    assert new_script.create("the last", tmp_path).name == "999_the_last.py"
    with pytest.raises(MigrationError, match=r"^999_the_last is the last script that a number is left for$"):
        new_script.create("one more", tmp_path)
    assert len(scripts(tmp_path)) == 2


@pytest.mark.parametrize("title", ["", " ! ", "Zähler"[1:2]])
def test_a_script_says_what_it_does(title: str, tmp_path: Path) -> None:
    said = r"^say in a few words what the script does: create 'add meter location'$"
    with pytest.raises(MigrationError, match=said):
        new_script.create(title, tmp_path)
    assert scripts(tmp_path) == []
