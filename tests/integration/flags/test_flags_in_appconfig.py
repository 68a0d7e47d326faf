"""Flags in the AppConfig emulator, through the real clients and the real template.

A stage of each test's own. Time is the test's own too: the emulator does not look at poll intervals.
"""

import json
from decimal import Decimal
from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.flags import FlagOperations
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import RevisionError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.flags.appconfig.deployment import FlagDeployment
from chalicelib.flags.appconfig.session import ConfigurationSession
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.people import FlagLists, FlagVersions
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.json_schema import document_schema, first_document
from chalicelib.flags.document.names import FLAGS, GLOBAL
from chalicelib.repositories.register import MongoKnownUsers
from chalicelib.repositories.usage import MongoUsageLog
from infra.deployment.application import Target
from infra.deployment.flags import deploy_flags, flags_stack
from infra.local.layout import REGION
from infra.local.waiting import wait_until
from tests.integration.flags.stage import REQUEST, TABLE, Stage

IDS = ("Application", "Environment", "Profile", "Strategy")
SLOWLY = "AppConfig.Linear50PercentEvery30Seconds"


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
    operator.changes.set(TABLE, FlagPatch(percent=Decimal(10)), REQUEST)
    assert not deploy_flags(stage.target, stage.name)
    assert operator.overview.listing().document.flags[TABLE].rollout_percent == 10


def test_a_component_goes_up_and_back(stage: Stage, operator: FlagOperations, migrated: Database[Any]) -> None:
    people = [f"user-{number}" for number in range(50)]
    migrated["meters"].insert_many([{"_id": f"{user_id}|power"} for user_id in people])
    decide = FlagDecisions(stage.store()).should_use_new_backend
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), REQUEST)
    sizes = []
    for percent in (10, 50, 100):
        made = operator.changes.set(TABLE, FlagPatch(percent=Decimal(percent), exact=percent == 10), REQUEST)
        assert made.change.in_effect_ms is not None
        stage.pause(15)
        sizes.append(sum(decide(user_id, Component.ENERGY_TABLE).backend is Backend.NEW for user_id in people))
    assert sizes == [5, 25, 50]
    operator.changes.rollback(TABLE, None, REQUEST)
    stage.pause(15)
    assert decide(people[0], Component.ENERGY_TABLE).reason == Reason.COMPONENT_OFF
    actions = [(change.action, change.deployment) for change in operator.overview.changes(None, 10)]
    assert actions == [("rollback", 6), ("set", 5), ("set", 4), ("set", 3), ("set", 2)]


def test_the_past_is_explained_by_the_record_and_by_what_was_answered(
    operator: FlagOperations, migrated: Database[Any]
) -> None:
    operator.changes.set(GLOBAL, FlagPatch(enabled=True), REQUEST)
    up = operator.changes.set(TABLE, FlagPatch(percent=Decimal(100)), REQUEST).change
    assert up.in_effect_ms is not None
    at = up.at + up.in_effect_ms
    decision = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 1, up.to_version)
    MongoUsageLog(migrated).insert(BackendUsage(Component.ENERGY_TABLE, "alice", decision, 3.0, True), "hidden", at)
    assert wait_until(lambda: migrated["backend_usage_logs"].find_one({"userId": "alice"}) is not None, 10)
    back = operator.changes.rollback(TABLE, None, REQUEST).change
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
    operator.changes.rollback(TABLE, None, REQUEST)
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
        operator.changes.kill(REQUEST)
    assert operator.overview.explain("alice", Component.DASHBOARD).decision.reason == Reason.NO_DOCUMENT


def test_users_are_streamed_page_by_page(migrated: Database[Any]) -> None:
    people = {f"user|{number}" for number in range(2_000)}  # two pages of meters
    meters = [{"_id": f"{user_id}|{kind}"} for user_id in people for kind in ("power", "gas")]
    migrated["meters"].insert_many(meters)
    assert sorted(MongoKnownUsers(migrated).known_users()) == sorted(people)


def test_the_template_gives_out_where_the_flags_are(stage: Stage) -> None:
    assert set(flags_stack(stage.target, stage.name).outputs()) == {
        *("ApplicationId", "EnvironmentId", "ProfileId", "StrategyId")
    }


def test_an_erased_person_is_in_no_version_and_flags_go_on_changing(
    stage: Stage, operator: FlagOperations, migrated: Database[Any]
) -> None:
    for percent in (10, 20):
        operator.changes.set(TABLE, FlagPatch(percent=Decimal(percent), test_users=("gone", f"u{percent}")), REQUEST)
    before = stage.home.versions()
    assert FlagLists(operator.changes.publishing).forget("gone", lambda: 60.0) == 1
    assert FlagVersions(stage.home).forget("gone", lambda: 60.0) == 2
    left = stage.home.versions()
    assert (len(left), sorted({*before} - {*left})) == (len(before) - 1, sorted(before)[-2:])
    assert not [number for number in left if b'"gone"' in stage.home.content(number)]
    assert operator.changes.set(TABLE, FlagPatch(percent=Decimal(30)), REQUEST).change.problem is None
    assert read(stage.home.deployed().content).flags[TABLE].test_user_ids == ("u10", "u20")
