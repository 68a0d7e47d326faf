"""The flags' command line against an emulated AppConfig."""

import time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.component import Component
from chalicelib.flags.appconfig.deployment import FlagDeployment
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.document.flag_document import read
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from infra import __main__ as command_line
from tests.integration.flags.stage import REQUEST, TABLE, Shell, Stage, verify

pytestmark = pytest.mark.long


def test_the_command_line_rolls_out_and_back_and_says_how_long_it_took(shell: Shell, migrated: Database[Any]) -> None:
    migrated["meters"].insert_many([{"_id": f"user-{number}|gas"} for number in range(10)])
    verify(migrated)
    code, plan, _ = shell.run("plan", "energy_table", "--from", "0", "--to", "10", "--exact")
    assert (code, plan["known"], len(plan["entering"]), plan["leaving"]) == (0, 10, 1, [])
    [entering] = plan["entering"]
    code, made, _ = shell.run("set", "energy_table", "--percent", "10", "--hurry", "--exact", "--reason", "we begin")
    assert (code, made["state"], made["after"][TABLE]["exactUserIds"]) == (0, "deployed", [entering["user"]])
    assert 0 < made["inEffectMs"] < 20_000
    printed = shell.shown("rollback", "energy_table", "--to", "0", "--reason", "not [yet]")
    assert "in effect everywhere after" in printed
    assert "not [yet]" in printed
    code, listing, _ = shell.run("list")
    assert (code, listing["version"], listing["blockedBy"]) == (0, listing["inUse"], None)
    code, history, _ = shell.run("history", "energy_table", "--limit", "1")
    assert (code, history[0]["action"], history[0]["reason"]) == (0, "rollback", "not [yet]")
    code, explained, _ = shell.run("explain", entering["user"], "energy_table")
    assert (code, explained["backend"], explained["reason"]) == (0, "old", "global_off")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "energy_tabel", "--percent", "10", "--reason", "x"), "there is no flag 'energy_tabel'"),
        (
            ("set", "energy_table", "--percent", "101", "--reason", "x"),
            "'101' is not a number from 0 to 100",
        ),
        (("set", "energy_table", "--percent", "-1", "--reason", "x"), "'-1' is not a number from 0 to 100"),
        (("set", "energy_table", "--percent", "ten", "--reason", "x"), "'ten' is not a number from 0 to 100"),
        (("set", "energy_table", "--percent", "10", "--hurry", "--reason", "x"), "infra verify"),
        (("set", "energy_table", "--off", "--reason", "x", "--if-version", "old"), "somebody else has changed"),
        (("restore", "--reason", "x"), "nothing to restore"),
        (("rollback", "energy_table", "--to", "50", "--reason", "x"), "no rollback"),
        (("rollback", "global", "--reason", "x"), "not a component"),
        (("plan", "energy_table", "--to", "ten"), "'ten' is not a number"),
        (("explain", "alice", "nothing"), "there is no flag 'nothing'"),
        (("history", "nothing"), "there is no flag 'nothing'"),
    ],
)
def test_the_command_line_refuses_in_words(shell: Shell, stage: Stage, arguments: tuple[str, ...], said: str) -> None:
    code, printed, errors = shell.run(*arguments)
    assert (code, printed) == (1, None)
    assert said in errors
    assert "Traceback" not in errors
    assert "deploying" not in errors
    assert stage.home.deployed().latest_deployment == 1


def test_nothing_to_change_is_no_failure_and_is_said(shell: Shell, stage: Stage) -> None:
    code, printed, errors = shell.run("set", "energy_table", "--off", "--reason", "x")
    assert (code, printed["state"], "nothing to change" in printed["said"]) == (0, "unchanged", True)
    assert "deploying" not in errors
    assert "nothing to change" in shell_output(shell, "set", "energy_table", "--off", "--reason", "x")
    assert stage.home.deployed().latest_deployment == 1


def test_what_is_overtaken_by_another_operator_is_said_at_once(
    shell: Shell, stage: Stage, migrated: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one reads in the moment after our deployment, and deploys on top of it."""
    verify(migrated)
    other, real = stage.operator(migrated), FlagDeployment.complete

    def completed(self: FlagDeployment, made: Any) -> None:
        monkeypatch.setattr(FlagDeployment, "complete", real)
        real(self, made)
        other.changes.set(TABLE, FlagPatch(percent=Decimal(20)), ChangeRequest("otto", "yours"))

    monkeypatch.setattr(FlagDeployment, "complete", completed)
    begun = time.monotonic()
    code, made, errors = shell.run("set", "energy_table", "--percent", "10", "--hurry", "--reason", "mine")
    assert made, errors
    assert (code, made["inEffectMs"]) == (1, None)
    assert (
        'overtaken: otto has changed the flag document meanwhile (set, "yours"): energy_table is on at 20 %'
        in (made["problem"])
    )
    assert time.monotonic() - begun < 10


def test_the_recorded_document_comes_back_as_it_was(shell: Shell, stage: Stage, migrated: Database[Any]) -> None:
    """What the emulator forgets when it is killed: everything since its last orderly end."""
    verify(migrated)
    operator = stage.operator(migrated)
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), REQUEST)
    operator.changes.set(TABLE, FlagPatch(percent=Decimal(10), test_users=("t",), block=("b",)), REQUEST)
    operator.changes.set(COMPONENT_FLAGS[Component.DASHBOARD], FlagPatch(retire=True), REQUEST)
    lost = stage.home.deployed()
    fresh = Stage(stage.target, f"test-{uuid4().hex[:8]}")  # where nothing of it is known
    shell.stage[1] = fresh.name
    code, made, _ = shell.run("restore", "--reason", "AppConfig was killed")
    assert (code, made["action"], made["reason"]) == (0, "restore", "AppConfig was killed")
    assert made["evidence"]["restoredVersion"] == read(lost.content).version == made["toVersion"]
    assert fresh.home.deployed().content == lost.content
    code, again, _ = shell.run("restore", "--reason", "once more")
    assert (code, again["state"]) == (0, "unchanged")


def test_the_command_line_says_what_it_cannot_reach(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "AppConfig" in shell.run("kill", "--reason", "x")[2]
    monkeypatch.delenv("MONGODB_URI")
    assert "MONGODB_URI" in shell.run("list")[2]


def test_the_command_line_names_a_stage_that_was_never_deployed(shell: Shell) -> None:
    shell.stage[1] = "nowhere"
    code, _, errors = shell.run("list")
    assert code == 1
    assert "never deployed" in errors


def test_the_command_line_prints_tables_for_people(shell: Shell, migrated: Database[Any]) -> None:
    migrated["meters"].insert_many([{"_id": f"user-{number}|gas"} for number in range(10)])
    listed = shell_output(shell, "list")
    assert "energy_table" in listed
    assert "nothing may rise yet" in listed
    assert "the global gate is off" in listed
    assert "10 known users" in shell.shown("plan", "energy_table", "--to", "50")
    assert "the global gate is off" in shell_output(shell, "explain", "alice", "dashboard")
    assert "why" in shell_output(shell, "history")


def shell_output(shell: Shell, *arguments: str) -> str:
    """What a command prints that exits by returning."""
    command_line.main(["flags", *arguments, *shell.stage], standalone_mode=False)
    return shell.capsys.readouterr().out
