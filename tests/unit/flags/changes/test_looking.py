"""Plans that come true, and explanations that name the rule."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.bootstrap.flags import appconfig_adapters, flag_operations
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.flags.document.names import COMPONENTS
from infra.simulation.memory.migration.appconfig import PLACE
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout, back


def test_one_component_of_ten_people_goes_from_one_person_to_all_and_back() -> None:
    rollout = Rollout()
    people = [f"user-{number}" for number in range(10)]
    rollout.known(*people)
    rollout.open()
    cohorts = []
    for percent in (10, 50, 100):
        rollout.set(percent, exact=percent == 10)
        cohorts.append({user_id for user_id in people if rollout.decision(user_id).backend is Backend.NEW})
    assert [len(cohort) for cohort in cohorts] == [1, 5, 10]
    assert cohorts[0] < cohorts[1] < cohorts[2]
    assert rollout.flags.overview.explain("a stranger", COMPONENTS[TABLE]).rule.endswith("is below 100000 (100 %)")
    for percent, cohort in ((50, cohorts[1]), (10, cohorts[0])):
        back(rollout, percent)
        assert {user_id for user_id in people if rollout.decision(user_id).backend is Backend.NEW} == cohort


@pytest.mark.parametrize("exact", [False, True])
def test_a_plan_lists_who_enters_and_that_nobody_leaves_and_comes_true(rollout: Rollout, exact: bool) -> None:
    people = [f"user-{number}" for number in range(200)]
    rollout.known(*people)
    rollout.open()
    rollout.set(10, exact=exact)
    before = {user_id for user_id in people if rollout.decision(user_id).backend is Backend.NEW}
    plan = rollout.flags.overview.plan(TABLE, Decimal(10), Decimal(50), exact=exact)
    assert (plan.known, plan.in_before, plan.leaving) == (200, len(before), ())
    rollout.set(50)
    after = {user_id for user_id in people if rollout.decision(user_id).backend is Backend.NEW}
    assert {step.user_id for step in plan.entering} == after - before
    assert plan.in_after == len(after)
    if exact:
        assert (len(before), len(after)) == (20, 100)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("percent", [10, 50])
def test_who_is_out_after_a_rollback_enters_again_at_the_percentage_that_is_kept(
    rollout: Rollout, percent: int, exact: bool
) -> None:
    people = [f"user-{number}" for number in range(200)]
    rollout.known(*people)
    rollout.open()
    rollout.set(10, exact=exact)
    back(rollout)
    plan = rollout.flags.overview.plan(TABLE, None, Decimal(percent), exact=False)
    assert plan.before.rollout_percent == plan.in_before == len(plan.leaving) == 0
    rollout.set(percent)
    now_in = {user_id for user_id in people if rollout.decision(user_id).backend is Backend.NEW}
    assert {step.user_id for step in plan.entering} == now_in != set()


def test_a_plan_from_elsewhere_than_where_the_flag_stands_is_a_thought_experiment(rollout: Rollout) -> None:
    rollout.known(*(f"user-{number}" for number in range(100)))
    plan = rollout.flags.overview.plan(TABLE, Decimal(50), Decimal(10), exact=False)
    assert plan.entering == ()
    assert plan.in_before > plan.in_after > 0
    assert len(rollout.appconfig.deployments) == 1


@pytest.mark.parametrize(
    ("happen", "rule"),
    [
        (lambda _: None, "is below 50000"),
        (lambda r: r.set(block=("alice",)), "blocked"),
        (lambda r: r.set(test_users=("alice",)), "test user"),
        (lambda r: back(r, 0), "is not below 0"),
        (back, "off or missing"),
        (lambda r: r.flags.changes.kill(REQUEST), "global gate"),
        (lambda r: r.mode(SyncMode.OLD_ONLY), "old_only"),
    ],
)
def test_an_explanation_names_the_rule_the_bucket_and_the_document(
    risen: Rollout, happen: Callable[[Rollout], Any], rule: str
) -> None:
    happen(risen)
    risen.appconfig.pass_time(15)
    found = risen.flags.overview.explain("alice", COMPONENTS[TABLE])
    assert rule in found.rule
    assert found.document_version == risen.flags.overview.listing().document.version


def test_an_explanation_of_an_exact_percentage_counts_the_people() -> None:
    rollout = Rollout()
    rollout.known("alice", "bob")
    rollout.open()
    rollout.set(50, exact=True)
    found = {user_id: rollout.flags.overview.explain(user_id, COMPONENTS[TABLE]).rule for user_id in ("alice", "bob")}
    assert sorted(found.values()) == [
        "not one of the 1 users written down for 50 %",
        "one of the 1 users written down for 50 %",
    ]


def test_who_only_looks_does_not_wait_as_long_as_who_changes(rollout: Rollout) -> None:
    def changing() -> Any:
        raise AssertionError("this client waits long")

    adapters = appconfig_adapters(replace(rollout.appconfig.clients, changing=changing), PLACE)
    own = rollout.flags.overview
    looking = flag_operations(adapters, own.decisions, rollout.records, rollout.gate, own.clock).overview
    assert looking.listing().document.version == own.listing().document.version
