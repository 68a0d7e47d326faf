"""Changing flags against an AppConfig that has validators, locks, intervals and deployments that take time."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidInputError, RevisionError, RolloutError, UnavailableError
from chalicelib.domain.flag_changes import ChangeState, FlagChange
from chalicelib.domain.rollout import Reason
from chalicelib.domain.sync import Side, SyncMode, SyncState
from chalicelib.domain.twins import Verified
from chalicelib.flags.document import FlagDocument, read, written
from chalicelib.flags.flag import EVERYBODY, Flag
from chalicelib.flags.names import COMPONENTS, GLOBAL
from chalicelib.flags.orders import Doing, Order
from chalicelib.flags.schema import first_document
from chalicelib.flags.session import POLL_SECONDS
from chalicelib.flags.wishes import Wish
from tests.fakes.appconfig import FakeAppConfig
from tests.unit.flags.rollout import ORDER, TABLE, Rollout

IN_HALF = "alice"


@pytest.fixture
def rollout() -> Rollout:
    return Rollout()


@pytest.fixture
def risen() -> Rollout:
    """The table at 50 percent."""
    rollout = Rollout()
    rollout.open()
    rollout.set(50)
    return rollout


def back(rollout: Rollout, percent: int | None = None) -> Any:
    return rollout.flags.changes.rollback(TABLE, None if percent is None else Decimal(percent), ORDER)


def test_a_change_is_deployed_remembered_and_in_effect(rollout: Rollout) -> None:
    rollout.known("alice", "bob")
    rollout.open()
    made = rollout.set(50)
    assert rollout.decision(IN_HALF).backend is Side.NEW
    assert rollout.table().updated_at == made.change.at // 1000 * 1000
    change = rollout.flags.overview.changes(TABLE, 10)[0]
    assert change == made.change
    assert (change.by, change.action, change.reason) == ("olga", "set", "as planned")
    assert change.state is ChangeState.DEPLOYED
    before = change.before[TABLE] or {}
    assert (before["rolloutPercent"], change.after[TABLE]["rolloutPercent"]) == (0, 50)
    assert change.evidence["mode"] == "dual_write"
    assert change.evidence["users"] == {"known": 2, "entering": 1, "leaving": 0, "in": 1}


def test_a_change_is_in_effect_everywhere_after_one_poll_interval_at_most(rollout: Rollout) -> None:
    assert 0 < (rollout.set(10).change.in_effect_ms or 0) <= POLL_SECONDS * 1000


def test_what_was_created_when_stays_known(rollout: Rollout) -> None:
    created = rollout.table().created_at
    rollout.set(10)
    assert rollout.table().created_at == created < rollout.table().updated_at


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_every_change_needs_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInputError, match="reason"):
        Order("olga", reason)


def test_a_change_that_changes_nothing_is_refused(risen: Rollout) -> None:
    deployments = len(risen.appconfig.deployments)
    with pytest.raises(RolloutError, match="nothing to change"):
        risen.set(50)
    assert len(risen.appconfig.deployments) == deployments


NOT_YET: dict[str, tuple[Callable[[Rollout], None], str]] = {
    "old_only": (lambda r: r.mode(SyncMode.OLD_ONLY), "mode set dual_write"),
    "not drained": (lambda r: r.mode(SyncMode.DUAL_WRITE, r.now() - 10_000), "wait 20 s"),
    "catching up": (
        lambda r: setattr(r.store.stored, "sync", SyncState(SyncMode.DUAL_WRITE, None, Side.OLD)),
        "infra sync",
    ),
    "never verified": (lambda r: setattr(r.control, "_verified", None), "infra verify"),
    "verified before the mode changed": (lambda r: r.mode(SyncMode.DUAL_WRITE, r.now() - 99_000), "infra verify"),
    "differences": (lambda r: r.control.save_verified(Verified(1, None, 9, 0, 3)), "3 differences"),
}


@pytest.mark.parametrize(("happen", "remedy"), NOT_YET.values(), ids=NOT_YET)
@pytest.mark.parametrize("wish", [{"percent": Decimal(1)}, {"test_users": ("t",), "enabled": True}])
def test_nothing_rises_before_the_data_allow_it(
    rollout: Rollout, happen: Callable[[Rollout], None], remedy: str, wish: dict[str, Any]
) -> None:
    happen(rollout)
    deployments = len(rollout.appconfig.deployments)
    with pytest.raises(RolloutError, match=remedy):
        rollout.flags.changes.set(TABLE, Wish(**wish), ORDER)
    with pytest.raises(RolloutError, match=remedy):
        rollout.open()
    assert len(rollout.appconfig.deployments) == deployments
    assert rollout.flags.overview.listing().hindrance is not None


@pytest.mark.parametrize(("happen", "remedy"), NOT_YET.values(), ids=NOT_YET)
def test_the_way_down_is_always_open(risen: Rollout, happen: Callable[[Rollout], None], remedy: str) -> None:
    happen(risen)
    risen.set(40)
    back(risen, 10)
    back(risen)
    assert not risen.table().enabled


def test_the_new_side_alone_is_no_hindrance_once_verified(rollout: Rollout) -> None:
    since = rollout.now() - 60_000
    rollout.mode(SyncMode.NEW_ONLY, since)
    rollout.control.save_verified(Verified(rollout.now(), since, 9, 0, 0))
    rollout.set(10)


def test_of_two_operators_who_have_seen_one_document_the_second_is_told(risen: Rollout) -> None:
    seen = risen.flags.overview.listing().document.version
    mine, yours = (risen.operator().changes for _ in range(2))
    mine.set(TABLE, Wish(percent=Decimal(60)), Order("olga", "mine", seen))
    with pytest.raises(RevisionError, match="look at it again"):
        yours.set(TABLE, Wish(percent=Decimal(70)), Order("otto", "yours", seen))
    assert risen.table().rollout_percent == 60


@pytest.mark.parametrize("step", ["create_hosted_configuration_version", "start_deployment"])
def test_of_two_operators_at_the_same_moment_one_is_told(risen: Rollout, step: str) -> None:
    """The other one comes between reading and the step."""
    other, real = risen.operator().changes, getattr(risen.appconfig, step)

    def interrupted(**asked: Any) -> Any:
        setattr(risen.appconfig, step, real)
        other.set(TABLE, Wish(percent=Decimal(60)), Order("otto", "yours"))
        return real(**asked)

    setattr(risen.appconfig, step, interrupted)
    with pytest.raises(RevisionError, match="look at it again"):
        risen.set(70)
    assert risen.table().rollout_percent == 60
    assert percents_ever_made(risen) == {0, 50, 60, *([70] if step == "start_deployment" else [])}
    failed = next(c for c in risen.flags.overview.changes(TABLE, 10) if c.state is ChangeState.FAILED)
    assert (failed.by, failed.after[TABLE]["rolloutPercent"]) == ("olga", 70)


def percents_ever_made(rollout: Rollout) -> set[Decimal]:
    """The table's percentage in every version that AppConfig has."""
    return {read(content).flags[TABLE].rollout_percent for content in rollout.appconfig.versions.values()}


def test_a_change_that_comes_between_reading_and_making_a_version_stops_it(risen: Rollout) -> None:
    other, real = risen.operator().changes, risen.history.save

    def interrupted(change: FlagChange) -> None:
        risen.history.save = real  # type: ignore[method-assign]
        other.set("dashboard_new_backend", Wish(percent=Decimal(5)), Order("otto", "yours"))
        real(change)

    risen.history.save = interrupted  # type: ignore[method-assign]
    with pytest.raises(RevisionError):
        risen.set(70)
    assert percents_ever_made(risen) == {0, 50}


def test_a_change_that_comes_between_making_a_version_and_deploying_it_is_not_overwritten(risen: Rollout) -> None:
    other, real = risen.operator().changes, risen.appconfig.create_hosted_configuration_version

    def interrupted(**asked: Any) -> Any:
        risen.appconfig.create_hosted_configuration_version = real  # type: ignore[method-assign]
        made = real(**asked)
        other.set("dashboard_new_backend", Wish(percent=Decimal(5)), Order("otto", "yours"))
        return made

    risen.appconfig.create_hosted_configuration_version = interrupted  # type: ignore[method-assign]
    with pytest.raises(RevisionError):
        risen.set(70)
    assert risen.flags.overview.listing().document.flags["dashboard_new_backend"].rollout_percent == 5


@pytest.mark.parametrize("step", ["create_hosted_configuration_version", "start_deployment"])
def test_a_rollback_goes_on_top_of_what_somebody_else_deploys_meanwhile(risen: Rollout, step: str) -> None:
    other, real = risen.operator().changes, getattr(risen.appconfig, step)

    def interrupted(**asked: Any) -> Any:
        setattr(risen.appconfig, step, real)
        other.set("dashboard_new_backend", Wish(percent=Decimal(5)), Order("otto", "yours"))
        return real(**asked)

    setattr(risen.appconfig, step, interrupted)
    back(risen)
    flags = risen.flags.overview.listing().document.flags
    assert (flags[TABLE].enabled, flags["dashboard_new_backend"].rollout_percent) == (False, Decimal(5))


def under_way(rollout: Rollout, seconds: float) -> None:
    """Somebody deploys the table for everybody by a strategy that takes its time."""
    document = rollout.flags.overview.listing().document
    slow = document.with_flags(replace(document.flags[TABLE], rollout_percent=EVERYBODY))
    rollout.appconfig.deployed(written(slow))
    rollout.appconfig.deployments[-1].seconds = seconds


@pytest.mark.parametrize("undo", ["rollback", "kill"])
def test_a_deployment_under_way_does_not_block_the_way_back(risen: Rollout, undo: str) -> None:
    under_way(risen, 1200)
    back(risen) if undo == "rollback" else risen.flags.changes.kill(ORDER)
    assert risen.appconfig.deployments[-2].state == "ROLLED_BACK"
    assert risen.decision(IN_HALF).backend is Side.OLD


def test_a_deployment_that_ends_by_itself_before_it_can_be_stopped_is_not_reverted(risen: Rollout) -> None:
    under_way(risen, 5)
    real = risen.appconfig.stop_deployment

    def late(**asked: Any) -> Any:
        risen.appconfig.pass_time(10)
        return real(**asked)

    risen.appconfig.stop_deployment = late  # type: ignore[method-assign, assignment]
    back(risen)
    assert (risen.table().enabled, risen.table().rollout_percent) == (False, EVERYBODY)


def test_what_was_rolled_back_does_not_count_as_deployed(risen: Rollout) -> None:
    under_way(risen, 1200)
    risen.appconfig.deployments[-1].state = "ROLLED_BACK"
    assert risen.table().rollout_percent == 50


def test_a_change_waits_for_a_deployment_that_ends_soon_and_builds_on_it(risen: Rollout) -> None:
    under_way(risen, 5)
    risen.set(test_users=("t",))
    assert (risen.table().rollout_percent, risen.table().test_user_ids) == (EVERYBODY, ("t",))


def test_a_change_does_not_wait_for_ever_and_stops_nobody(risen: Rollout) -> None:
    under_way(risen, 1200)
    with pytest.raises(RolloutError, match="under way"):
        risen.set(60)
    assert risen.appconfig.deployments[-1].state == ""


def test_a_deployment_of_ours_that_takes_a_moment_is_waited_for(risen: Rollout) -> None:
    risen.appconfig.deployment_seconds = 3
    assert 3000 <= (back(risen).change.in_effect_ms or 0) <= 3000 + 2 * POLL_SECONDS * 1000


def test_a_rollback_to_a_percentage_keeps_the_flag_on_and_the_first_people(risen: Rollout) -> None:
    assert back(risen, 10).change.action == "rollback"
    assert (risen.table().enabled, risen.table().rollout_percent) == (True, Decimal(10))
    assert risen.decision("alice").backend is Side.NEW


def test_a_rollback_leads_down_only(risen: Rollout) -> None:
    with pytest.raises(RolloutError, match="no rollback"):
        back(risen, 60)


def test_off_is_off_for_test_users_too_and_keeps_the_percentage(risen: Rollout) -> None:
    risen.set(test_users=("bob",))
    back(risen)
    assert risen.decision("bob").reason == Reason.COMPONENT_OFF
    assert risen.table().rollout_percent == 50


def test_a_rollback_done_twice_does_no_harm(risen: Rollout) -> None:
    back(risen)
    back(risen)
    assert not risen.table().enabled


def test_kill_turns_every_flag_off(risen: Rollout) -> None:
    risen.flags.changes.kill(ORDER)
    assert not any(flag.enabled for flag in risen.flags.overview.listing().flags)
    assert risen.decision(IN_HALF).reason == Reason.GLOBAL_OFF


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]"])
def test_kill_and_rollback_mend_a_document_that_cannot_be_read(content: bytes) -> None:
    for undo in (back, lambda rollout: rollout.flags.changes.kill(ORDER)):
        rollout = Rollout(FakeAppConfig().deployed(content))
        undo(rollout)
        assert read(json.dumps(rollout.appconfig.content()).encode()).malformed == {}
        assert not rollout.table().enabled


def test_a_change_of_a_document_that_cannot_be_read_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(RolloutError, match="flags kill"):
        Rollout(FakeAppConfig().deployed(b"{")).set(10)


def malformed(name: str) -> Rollout:
    """The table for everybody, and one flag that cannot be read."""
    table, gate = Flag(TABLE, 0, 0, enabled=True, rollout_percent=EVERYBODY), Flag(GLOBAL, 0, 0, enabled=True)
    features = json.loads(written(first_document().with_flags(table, gate)))
    features[name]["surprise"] = 1
    return Rollout(FakeAppConfig().deployed(json.dumps(features | {"foreign": {"default": 1}}).encode()))


def test_a_malformed_flag_is_listed_and_the_next_change_writes_it_anew_switched_off() -> None:
    rollout = malformed("dashboard_new_backend")
    listing = rollout.flags.overview.listing()
    assert "surprise" in listing.malformed["dashboard_new_backend"]
    back(rollout, 50)
    flags = rollout.flags.overview.listing().document.flags
    assert (flags["dashboard_new_backend"].enabled, flags[TABLE].rollout_percent) == (False, Decimal(50))
    assert rollout.appconfig.content()["foreign"] == {"default": 1}
    assert rollout.flags.overview.changes("dashboard_new_backend", 1)[0].before == {
        "dashboard_new_backend": None,
        TABLE: first_shown(rollout),
    }


def first_shown(rollout: Rollout) -> Any:
    return rollout.history.changes(None, 1)[0].before[TABLE]


def test_a_malformed_flag_can_be_rolled_back_and_set_again() -> None:
    rollout = malformed(TABLE)
    back(rollout)
    rollout.set(10)
    assert rollout.decision("alice").reason == Reason.PERCENTAGE_IN


def test_a_document_that_the_validator_refuses_is_not_deployed(rollout: Rollout) -> None:
    content = written(FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0)}))
    home = rollout.flags.changes.publishing.deployment
    with pytest.raises(RolloutError, match="validator"):
        home.deploy(content, home.settled(stop=False), "not complete")
    assert len(rollout.appconfig.deployments) == 1


def test_nothing_is_changed_when_appconfig_does_not_answer(risen: Rollout) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: risen.set(60),
        lambda: back(risen),
        lambda: risen.flags.changes.kill(ORDER),
        risen.flags.overview.listing,
        lambda: risen.flags.overview.plan(TABLE, None, Decimal(60), exact=False),
    ]
    with risen.appconfig.outage():
        for call in calls:
            with pytest.raises(UnavailableError, match="AppConfig"):
                call()
    assert risen.table().rollout_percent == 50


def test_a_rise_needs_the_database_and_the_way_back_does_not(risen: Rollout) -> None:
    risen.store.down = True
    with pytest.raises(UnavailableError):
        risen.set(60)
    made = back(risen)
    assert not made.recorded
    assert not risen.flags.changes.kill(ORDER).recorded
    assert not risen.table().enabled
    assert risen.flags.overview.listing().hindrance is not None


def test_a_change_that_cannot_be_remembered_is_not_made_and_a_rollback_is(risen: Rollout) -> None:
    risen.history.down = True
    deployments = len(risen.appconfig.deployments)
    with pytest.raises(UnavailableError, match="record"):
        risen.set(60)
    assert len(risen.appconfig.deployments) == deployments
    assert not back(risen).recorded


def test_a_document_that_forgets_a_name_is_not_published(risen: Rollout) -> None:
    publishing = risen.flags.changes.publishing
    base = publishing.deployment.settled(stop=False)
    before = read(base.content)
    after = FlagDocument({name: flag for name, flag in before.flags.items() if name != TABLE})
    with pytest.raises(RolloutError, match="retired, not left out"):
        publishing.publish(base, before, after, Doing("set", ORDER))


def test_where_nothing_was_ever_deployed_that_is_said() -> None:
    with pytest.raises(RolloutError, match=r"infra/appconfig\.yaml"):
        Rollout(FakeAppConfig()).set(10)


def test_a_change_that_no_poll_shows_in_time_says_so(risen: Rollout) -> None:
    real = risen.appconfig.get_latest_configuration

    def empty(**asked: Any) -> Any:
        answer = real(**asked)
        answer["Configuration"].read()
        return answer

    risen.appconfig.get_latest_configuration = empty  # type: ignore[method-assign, assignment]
    made = back(risen)
    assert made.change.in_effect_ms is None
    assert made.change.state is ChangeState.DEPLOYED


def test_a_retired_flag_is_remembered_by_every_document_that_follows(risen: Rollout) -> None:
    risen.set(retire=True)
    risen.flags.changes.kill(ORDER)
    with pytest.raises(RolloutError, match="never used again"):
        risen.set(10)
    assert risen.table().retired


def test_one_component_of_ten_people_goes_from_one_person_to_all_and_back() -> None:
    rollout = Rollout()
    people = [f"user-{number}" for number in range(10)]
    rollout.known(*people)
    rollout.open()
    cohorts = []
    for percent in (10, 50, 100):
        rollout.set(percent, exact=percent == 10)
        cohorts.append({user_id for user_id in people if rollout.decision(user_id).backend is Side.NEW})
    assert [len(cohort) for cohort in cohorts] == [1, 5, 10]
    assert cohorts[0] < cohorts[1] < cohorts[2]


@pytest.mark.parametrize("exact", [False, True])
def test_a_plan_lists_who_enters_and_that_nobody_leaves_and_comes_true(rollout: Rollout, exact: bool) -> None:
    people = [f"user-{number}" for number in range(200)]
    rollout.known(*people)
    rollout.open()
    rollout.set(10, exact=exact)
    before = {user_id for user_id in people if rollout.decision(user_id).backend is Side.NEW}
    plan = rollout.flags.overview.plan(TABLE, Decimal(10), Decimal(50), exact=exact)
    assert (plan.known, plan.in_before, plan.leaving) == (200, len(before), ())
    rollout.set(50)
    after = {user_id for user_id in people if rollout.decision(user_id).backend is Side.NEW}
    assert {step.user_id for step in plan.entering} == after - before
    assert plan.in_after == len(after)
    if exact:
        assert (len(before), len(after)) == (20, 100)


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
        (lambda r: r.flags.changes.kill(ORDER), "global gate"),
        (lambda r: r.mode(SyncMode.OLD_ONLY), "old_only"),
    ],
)
def test_an_explanation_names_the_rule_the_bucket_and_the_document(
    risen: Rollout, happen: Callable[[Rollout], Any], rule: str
) -> None:
    happen(risen)
    risen.appconfig.pass_time(POLL_SECONDS)
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
