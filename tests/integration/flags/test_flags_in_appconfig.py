"""Flags in the AppConfig emulator, through the real clients and the real template.

A stage of each test's own. Time is the test's own too: the emulator does not look at poll intervals.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.bootstrap.flags import FlagAdapters, FlagOperations, FlagRecords, flag_operations
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sides import SyncMode
from chalicelib.domain.errors import RevisionError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.flags.appconfig.clients import AppConfigIds
from chalicelib.flags.appconfig.control_plane import AppConfigControlPlane
from chalicelib.flags.appconfig.deployment import FlagDeployment, Waiting
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.people import FlagLists, FlagVersions
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.json_schema import document_schema, first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, FLAGS, GLOBAL
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.rollouts import MongoRollouts
from chalicelib.repositories.sync_control import MongoSyncControl
from chalicelib.repositories.usage import MongoUsageLog
from infra import __main__ as command_line
from infra.deployment.application import Target
from infra.deployment.flags import deploy_flags, flags_parameters, flags_stack
from infra.local.layout import REGION, Layout
from infra.local.throwaway import appconfig as throwaway_appconfig
from infra.local.waiting import wait_until
from tests.fakes.gate import FakeGate

TABLE = COMPONENT_FLAGS[Component.ENERGY_TABLE]
ORDER = ChangeRequest("olga", "as planned")
IDS = ("Application", "Environment", "Profile", "Strategy")
SLOWLY = "AppConfig.Linear50PercentEvery30Seconds"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Layout]:
    with throwaway_appconfig() as layout:
        yield layout


@dataclass
class Stage:
    """One stage's flags and the way to them."""

    target: Target
    name: str
    ahead: float = 0.0
    place: AppConfigIds = field(init=False)

    def __post_init__(self) -> None:
        deploy_flags(self.target, self.name)
        ids = flags_parameters(self.target, self.name)
        self.place = AppConfigIds(
            *(ids[f"Flags{name}Id"] for name in ("Application", "Environment", "Profile", "Strategy"))
        )
        self.client = self.target.client("appconfig")
        self.home = AppConfigControlPlane(lambda: self.client, self.place)

    def clock(self) -> float:
        return time.time() + self.ahead

    def pause(self, seconds: float) -> None:
        self.ahead += seconds

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.clock, self.pause)

    def store(self) -> AppConfigFlagStore:
        data = self.target.client("appconfigdata")
        return AppConfigFlagStore(
            ConfigurationSession(lambda: data, self.place, self.clock), SilentReports(), self.clock
        )

    def operator(self, database: Database[Any]) -> FlagOperations:
        store, users = self.store(), MongoKnownUsers(database)
        adapters = FlagAdapters(store, self.store, self.home, self.home, self.waiting)
        control, usage, rollouts = MongoSyncControl(database), MongoUsageLog(database), MongoRollouts(database)
        records = FlagRecords(MongoFlagHistory(database), users, control, usage, rollouts)
        return flag_operations(adapters, FlagDecisions(store), records, FakeGate(), now)


@pytest.fixture
def stage(emulator: Layout) -> Stage:
    return Stage(Target(REGION, emulator.appconfig_url), f"test-{uuid4().hex[:8]}")


def verify(database: Database[Any]) -> None:
    control = MongoSyncControl(database)
    control.save_verified(Verified(now(), control.state().since, 0, 0, 0))


@pytest.fixture
def operator(stage: Stage, migrated: Database[Any]) -> FlagOperations:
    verify(migrated)
    return stage.operator(migrated)


def test_the_template_brings_every_flag_off_and_the_validator(stage: Stage) -> None:
    content = stage.home.deployed().content
    assert json.loads(content) == json.loads(written(first_document()))
    profile = stage.client.get_configuration_profile(
        ApplicationId=stage.place.application, ConfigurationProfileId=stage.place.profile
    )
    [validator] = profile["Validators"]
    assert validator["Type"] == "JSON_SCHEMA"
    assert json.loads(validator["Content"]) == document_schema()
    strategy = stage.client.get_deployment_strategy(DeploymentStrategyId=stage.place.strategy)
    assert (strategy["DeploymentDurationInMinutes"], strategy["FinalBakeTimeInMinutes"]) == (0, 0)


def test_deploying_the_template_again_leaves_what_operators_have_set(stage: Stage, operator: FlagOperations) -> None:
    operator.changes.set(TABLE, FlagPatch(percent=Decimal(10)), ORDER)
    assert not deploy_flags(stage.target, stage.name)
    assert operator.overview.listing().document.flags[TABLE].rollout_percent == 10


def test_a_component_goes_up_and_back(stage: Stage, operator: FlagOperations, migrated: Database[Any]) -> None:
    people = [f"user-{number}" for number in range(50)]
    migrated["meters"].insert_many([{"_id": f"{user_id}|power"} for user_id in people])
    decide = FlagDecisions(stage.store()).should_use_new_backend
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), ORDER)
    sizes = []
    for percent in (10, 50, 100):
        made = operator.changes.set(TABLE, FlagPatch(percent=Decimal(percent), exact=percent == 10), ORDER)
        assert made.change.in_effect_ms is not None
        stage.pause(15)
        sizes.append(sum(decide(user_id, Component.ENERGY_TABLE).backend is Backend.NEW for user_id in people))
    assert sizes == [5, 25, 50]
    operator.changes.rollback(TABLE, None, ORDER)
    stage.pause(15)
    assert decide(people[0], Component.ENERGY_TABLE).reason == Reason.COMPONENT_OFF
    actions = [(change.action, change.deployment) for change in operator.overview.changes(None, 10)]
    assert actions == [("rollback", 6), ("set", 5), ("set", 4), ("set", 3), ("set", 2)]


def test_the_past_is_explained_by_the_record_and_by_what_was_answered(
    operator: FlagOperations, migrated: Database[Any]
) -> None:
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), ORDER)
    up = operator.changes.set(TABLE, FlagPatch(percent=Decimal(100)), ORDER).change
    assert up.in_effect_ms is not None
    at = up.at + up.in_effect_ms
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 1, up.to_version)
    MongoUsageLog(migrated).insert(BackendUsage(Component.ENERGY_TABLE, "alice", decision, 3.0, True), "hidden", at)
    assert wait_until(lambda: migrated["backend_usage_logs"].find_one({"userId": "alice"}) is not None, 10)
    back = operator.changes.rollback(TABLE, None, ORDER).change
    assert back.in_effect_ms is not None
    then = operator.past.explain("alice", Component.ENERGY_TABLE, at)
    assert (then.backend, then.mode.mode, then.unknown, then.notes) == (Backend.NEW, SyncMode.DUAL_WRITE, [], [])
    assert [each.change for each in then.possible] == [up]
    assert [(each.at, each.document_version) for each in then.answers] == [(at, up.to_version)]
    assert operator.past.explain("alice", Component.ENERGY_TABLE, back.at + back.in_effect_ms).backend is Backend.OLD
    assert operator.past.explain("alice", Component.ENERGY_TABLE, back.at).backend is None


def test_numbers_beyond_the_first_page_are_found(stage: Stage) -> None:
    deployment = FlagDeployment(stage.home, stage.waiting)
    for number in range(2, 56):
        document = first_document().with_flags(Flag(GLOBAL, number * 1000, number * 1000))
        made = deployment.deploy(written(document), stage.home.deployed(), "one more")
        assert (made.config_version, made.number) == (number, number)
    assert read(stage.home.deployed().content).flags[GLOBAL].updated_at == 55_000


def test_a_slow_deployment_is_ended_by_a_rollback(stage: Stage, operator: FlagOperations) -> None:
    document = first_document().with_flags(Flag(TABLE, 0, 0, enabled=True, rollout_percent=Decimal(100)))
    version = stage.home.create(written(document), stage.home.deployed().latest_version)
    started = stage.client.start_deployment(
        ApplicationId=stage.place.application,
        EnvironmentId=stage.place.environment,
        ConfigurationProfileId=stage.place.profile,
        ConfigurationVersion=str(version),
        DeploymentStrategyId=SLOWLY,
    )
    assert operator.overview.listing().deployed.under_way == started["DeploymentNumber"]
    operator.changes.rollback(TABLE, None, ORDER)
    assert stage.home.deployment(started["DeploymentNumber"])["State"] == "ROLLED_BACK"
    assert not operator.overview.listing().document.flags[TABLE].enabled


def test_of_two_deployments_on_one_base_the_second_is_refused(stage: Stage) -> None:
    base, deployment = stage.home.deployed(), FlagDeployment(stage.home, stage.waiting)
    deployment.deploy(written(first_document()), base, "mine")
    with pytest.raises(RevisionError):
        deployment.deploy(written(first_document()), base, "yours")


def test_a_token_that_was_used_begins_a_new_session(stage: Stage) -> None:
    session = ConfigurationSession(lambda: data, stage.place, stage.clock)
    data = stage.target.client("appconfigdata")
    assert read(session.poll()).flags.keys() == set(FLAGS)
    data.get_latest_configuration(ConfigurationToken=cast(str, session._token))
    assert read(session.poll()).flags.keys() == set(FLAGS)
    assert session.poll() == b""


def test_an_emulator_that_is_gone_is_said_and_everybody_is_old(stage: Stage, migrated: Database[Any]) -> None:
    stage.target = Target(REGION, "http://127.0.0.1:1")
    stage.client = stage.target.client("appconfig")
    operator = stage.operator(migrated)
    with pytest.raises(UnavailableError, match="AppConfig did not answer"):
        operator.changes.kill(ORDER)
    assert operator.overview.explain("alice", Component.DASHBOARD).decision.reason == Reason.NO_DOCUMENT


def test_users_are_streamed_page_by_page(migrated: Database[Any]) -> None:
    people = {f"user|{number}" for number in range(2_000)}  # two pages of meters
    meters = [{"_id": f"{user_id}|{kind}"} for user_id in people for kind in ("power", "gas")]
    migrated["meters"].insert_many(meters)
    assert sorted(MongoKnownUsers(migrated).known_users()) == sorted(people)


@dataclass
class Shell:
    """The command line on one stage."""

    capsys: pytest.CaptureFixture[str]
    stage: list[str]

    def run(self, *arguments: str) -> tuple[int | str | None, Any, str]:
        """A command's exit code, its JSON, and what stands on standard error."""
        code: int | str | None = 0
        try:
            command_line.run(["flags", *arguments, *self.stage, "--json"])
        except SystemExit as exited:
            code = exited.code
        printed = self.capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    def shown(self, *arguments: str) -> str:
        """What a command prints for people."""
        with pytest.raises(SystemExit) as exited:
            command_line.run(["flags", *arguments, *self.stage])
        assert exited.value.code == 0
        return self.capsys.readouterr().out


@pytest.fixture
def shell(
    stage: Stage,
    emulator: Layout,
    mongodb_uri: str,
    migrated: Database[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """As on AWS: the stage by its name, the person's own credentials."""
    environment = {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": migrated.name,
        "AWS_ENDPOINT_URL": emulator.appconfig_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "COLUMNS": "200",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Shell(capsys, ["--stage", stage.name])


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
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), ORDER)
    operator.changes.set(TABLE, FlagPatch(percent=Decimal(10), test_users=("t",), block=("b",)), ORDER)
    operator.changes.set(COMPONENT_FLAGS[Component.DASHBOARD], FlagPatch(retire=True), ORDER)
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


def test_the_template_gives_out_where_the_flags_are(stage: Stage) -> None:
    assert set(flags_stack(stage.target, stage.name).outputs()) == {
        *("ApplicationId", "EnvironmentId", "ProfileId", "StrategyId")
    }


def test_an_erased_person_is_in_no_version_and_flags_go_on_changing(
    stage: Stage, operator: FlagOperations, migrated: Database[Any]
) -> None:
    for percent in (10, 20):
        operator.changes.set(TABLE, FlagPatch(percent=Decimal(percent), test_users=("gone", f"u{percent}")), ORDER)
    before = stage.home.versions()
    assert FlagLists(operator.changes.publishing).forget("gone", lambda: 60.0) == 1
    assert FlagVersions(stage.home).forget("gone", lambda: 60.0) == 2
    left = stage.home.versions()
    assert (len(left), sorted({*before} - {*left})) == (len(before) - 1, sorted(before)[-2:])
    assert not [number for number in left if b'"gone"' in stage.home.content(number)]
    assert operator.changes.set(TABLE, FlagPatch(percent=Decimal(30)), ORDER).change.problem is None
    assert read(stage.home.deployed().content).flags[TABLE].test_user_ids == ("u10", "u20")
