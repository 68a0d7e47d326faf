"""The flags' commands: input is checked before anything is reached, and contradictions are refused."""

import json
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.readings import DAY_MS, moment
from chalicelib.flags.changes.planning import Plan, Step
from chalicelib.flags.changes.request import ChangeResult
from chalicelib.flags.document.flag import Flag
from infra import __main__ as command_line
from infra.operations.flags import commands as flags
from infra.operations.flags.commands import succeeded
from infra.targets.flags import Flags
from tests.unit.flags.rollout import REQUEST, Rollout
from tests.unit.flags.rollout import TABLE as TABLE_FLAG

BECAUSE = ("--reason", "a test")
TABLE = "energy_table"


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "http://127.0.0.1:1" if name == "AWS_ENDPOINT_URL" else "us-east-1")
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("set", TABLE, "--on", "--off", *BECAUSE), 2, "--on and --off"),
        (("set", TABLE, "--off", "--on", *BECAUSE), 2, "--on and --off"),
        (("set", TABLE, "--exact", *BECAUSE), 2, "--percent"),
        (("set", TABLE, "--retire", "--percent", "10", *BECAUSE), 1, "nothing else about it is changed"),
        (("set", TABLE, "--retire", "--on", *BECAUSE), 1, "nothing else about it is changed"),
        (("set", TABLE, "--test-user", "a", "--no-test-user", "a", *BECAUSE), 1, "added and removed at once"),
        (("set", TABLE, "--block", "b", "--unblock", "b", *BECAUSE), 1, "added and removed at once"),
        (("set", "energy_tabel", "--on", *BECAUSE), 1, "there is no flag 'energy_tabel'"),
        (("set", TABLE, "--percent", "101", *BECAUSE), 1, "'101' is not a number from 0 to 100"),
        (("set", TABLE, "--on", "--reason", " "), 2, "say why"),
        (("rollback", TABLE, "--to", "ten", *BECAUSE), 1, "'ten' is not a number"),
        (("rollback", "global", *BECAUSE), 1, "not a component"),
        (("kill", "--reason", ""), 2, "say why"),
        (("restore", "--reason", ""), 2, "say why"),
        (("plan", TABLE, "--to", "ten"), 1, "'ten' is not a number"),
        (("explain", "alice", "nothing"), 1, "there is no flag 'nothing'"),
        (("explain", "alice", TABLE, "--at", "yesterday"), 1, 'date "yesterday" is neither'),
        (("history", "nothing"), 1, "there is no flag 'nothing'"),
    ],
)
def test_input_is_checked_before_anything_is_reached_or_said_to_be_deploying(
    arguments: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["flags", *arguments, "--stage", "nowhere"])
    printed = capsys.readouterr()
    assert (exited.value.code, printed.out) == (code, "")
    assert said in printed.err
    assert "deploying" not in printed.err


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """The table at 50 percent, in the place of the stage's flags."""
    rollout = Rollout()
    rollout.open()
    rollout.set(50)
    monkeypatch.setattr(flags, "flags_of", lambda _: nullcontext(Flags(rollout.flags, "olga", None)))
    return rollout


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["flags", *arguments, "--stage", "nowhere"])
    return exited.value.code


def test_a_way_back_does_not_fail_because_its_reason_is_not_utf_8(rollout: Rollout) -> None:
    """As a script in another encoding gives it: the database takes no such text, and the flags are off by then."""
    assert run("kill", "--reason", "St\udcf6rung") == 0
    assert rollout.history.changes(None, 1)[0].reason == "St\\udcf6rung"


BOB = Step("bob", 7, before=True, after=False)


@pytest.mark.parametrize(
    ("before", "after", "leaving", "code"),
    [
        (10, 20, (), 0),
        (10, 20, (BOB,), 1),
        (10, 10, (BOB,), 1),
        (20, 10, (BOB,), 0),
        (20, 10, (), 0),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_plan_fails_where_a_rise_would_drop_somebody(
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    after: int,
    leaving: tuple[Step, ...],
    code: int,
    form: tuple[str, ...],
) -> None:
    """No rise does so today, whatever is asked: here somebody has made a plan that does."""
    first, last = (Flag(TABLE_FLAG, 0, 0, enabled=True, rollout_percent=Decimal(each)) for each in (before, after))
    plan = Plan(first, last, 9, 3, (), leaving)
    overview: Any = SimpleNamespace(plan=lambda *_, **__: plan)
    place = Flags(cast(Any, SimpleNamespace(overview=overview)), "olga", None)
    monkeypatch.setattr(flags, "flags_of", lambda _: nullcontext(place))
    assert run("plan", TABLE, "--to", str(after), *form) == code


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_change_that_is_in_effect_succeeds_and_one_that_nobody_has_seen_fails(
    rollout: Rollout, form: tuple[str, ...]
) -> None:
    assert run("set", TABLE, "--percent", "60", *BECAUSE, *form) == 0
    real = rollout.appconfig.get_latest_configuration

    def empty(**asked: Any) -> Any:
        answer = real(**asked)
        answer["Configuration"].read()
        return answer

    rollout.appconfig.get_latest_configuration = empty  # type: ignore[method-assign, assignment]
    assert run("set", TABLE, "--percent", "70", *BECAUSE, *form) == 1
    assert run("rollback", TABLE, *BECAUSE, *form) == 1
    assert run("kill", *BECAUSE, *form) == 1


@pytest.mark.usefixtures("rollout")
@pytest.mark.parametrize(
    ("look", "said"),
    [
        (("list",), "energy_table    │ on    │ 50 %"),
        (("plan", TABLE, "--to", "60"), f"{TABLE_FLAG}, 50 % to 60 %: 0 of 0 known users are in"),
        (("explain", "alice", TABLE), "percentage_in"),
        (("history",), "olga: as planned"),
        (("history", TABLE, "--limit", "1"), "off, 0 % → on, 50 %"),
    ],
)
def test_who_looks_is_shown_it(look: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*look) == 0
    assert said in capsys.readouterr().out


@pytest.mark.usefixtures("rollout")
def test_programs_that_look_get_documents(capsys: pytest.CaptureFixture[str]) -> None:
    def document(*look: str) -> Any:
        assert run(*look, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert document("list")["underWay"] is None
    plan = document("plan", TABLE, "--to", "60")
    assert (plan["flag"], plan["known"], plan["entering"], plan["leaving"]) == (TABLE_FLAG, 0, [], [])
    assert document("explain", "alice", TABLE)["reason"] == "percentage_in"
    assert [(change["by"], change["reason"], change["action"]) for change in document("history")] == [
        ("olga", "as planned", "set")
    ] * 2


@pytest.mark.parametrize(("shift", "code"), [(0, 0), (-86_400_000, 1)])
def test_the_past_is_explained_and_the_exit_code_says_whether_the_records_reach(
    rollout: Rollout, shift: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from_new_only(rollout)
    at = moment(rollout.now() + shift)
    rollout.appconfig.pass_time(2)
    assert run("explain", "alice", TABLE, "--at", at, "--json") == code
    then = json.loads(capsys.readouterr().out)
    assert (then["at"], then["backend"]) == (at, None if code else "new")
    assert bool(then["unknown"]) is bool(code)
    assert run("explain", "alice", TABLE, "--at", at) == code
    printed = capsys.readouterr().out
    assert ("nobody can say: the record does not have the document" in printed) is bool(code)
    assert ("the records do not say it" in printed) is bool(code)


def test_people_read_the_documents_that_may_have_decided_and_the_answers(
    rollout: Rollout, capsys: pytest.CaptureFixture[str]
) -> None:
    from_new_only(rollout)
    rollout.set(60)
    made = rollout.history.changes(None, 1)[0]
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 346, made.to_version)
    rollout.usage.insert(BackendUsage(Component.ENERGY_TABLE, "alice", decision, 3, False, trace_id="t1"), "p", made.at)
    assert run("explain", "alice", TABLE, "--at", moment(made.at)) == 0
    printed = capsys.readouterr().out
    assert printed.count("perhaps    new, percentage_in: bucket 346 is below") == 2
    assert f"document {made.to_version}, set by olga at {moment(made.at)}" in printed
    assert "dual_write, since 20" in printed
    for text in ("new (failed)", "percentage_in", made.to_version, "t1"):
        assert text in printed


def test_what_lies_ahead_is_refused(rollout: Rollout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "alice", TABLE, "--at", moment(rollout.now() + 60_000)) == 1
    assert "lies ahead" in capsys.readouterr().err


def from_new_only(rollout: Rollout) -> None:
    """The mode of long ago."""
    now = rollout.now()
    for days, mode in ((100, SyncMode.NEW_ONLY), (99, SyncMode.DUAL_WRITE)):
        rollout.store.stored.clock = partial(int, now - days * DAY_MS)
        rollout.control.change(rollout.store.stored.sync, SyncState(mode), "because", "olga")
    rollout.store.stored.clock = rollout.now
    rollout.control.save_verified(Verified(now, rollout.store.stored.sync.since, 0, 0, 0))


def test_a_flag_is_switched_off_and_on_and_keeps_its_percentage(rollout: Rollout) -> None:
    for way, enabled in (("--off", False), ("--on", True)):
        assert run("set", TABLE, way, *BECAUSE) == 0
        assert (rollout.table().enabled, rollout.table().rollout_percent) == (enabled, Decimal(50))


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_to_change_is_no_failure(rollout: Rollout, form: tuple[str, ...]) -> None:
    assert run("set", TABLE, "--percent", "50", *BECAUSE, *form) == 0


@pytest.mark.parametrize(
    ("action", "in_effect_ms", "answered", "overruled", "success"),
    [
        ("set", 900, None, None, True),
        ("set", 900, True, None, True),
        ("set", 900, False, None, False),
        ("set", 0, True, None, True),
        ("set", None, None, None, False),
        ("set", 900, True, "the mode is new_only", True),
        ("restore", 900, True, "the mode is new_only", True),
        ("rollback", 900, True, "the mode is new_only", False),
        ("kill", 900, True, "the mode is new_only", False),
    ],
)
def test_a_change_succeeds_where_it_is_in_effect_and_a_way_back_where_it_leads_back(
    rollout: Rollout,
    action: str,
    in_effect_ms: int | None,
    answered: bool | None,
    overruled: str | None,
    success: bool,
) -> None:
    change = replace(rollout.set(60).change, action=action, in_effect_ms=in_effect_ms)
    assert succeeded(ChangeResult(change, recorded=True, overruled=overruled), answered) is success


@dataclass(frozen=True, slots=True)
class Answering(Flags):
    """A stage whose API decides by a change or does not, while somebody else has deployed another document."""

    answer: bool = True

    def wait_for_answer(self, change: FlagChange) -> bool:
        assert change.to_version
        self.operations.changes.kill(REQUEST)
        return self.answer


@pytest.mark.parametrize(("answered", "code"), [(True, 0), (False, 1)])
def test_who_was_overtaken_before_the_api_decided_by_the_change_learns_by_whom(
    rollout: Rollout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answered: bool,
    code: int,
) -> None:
    place = Answering(rollout.flags, "olga", None, answered)
    monkeypatch.setattr(flags, "flags_of", lambda _: nullcontext(place))
    assert run("set", TABLE, "--percent", "40", *BECAUSE, "--json") == code
    document = json.loads(capsys.readouterr().out)
    assert document["answeredByApi"] is answered
    overtaken = "deployed, then overtaken: olga has changed the flag document meanwhile (kill,"
    assert answered or document["problem"].startswith(overtaken)
    assert document["problem"] is None or not answered
