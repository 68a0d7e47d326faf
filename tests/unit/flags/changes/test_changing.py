"""Changing a flag: what is remembered, when it is in effect, and what is refused before the data allow it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.errors import InvalidInputError, RolloutError, UnavailableError
from chalicelib.domain.migration.records.flag_history import ChangeState
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.readiness import Readiness
from chalicelib.flags.changes.request import Action, ChangeRequest
from chalicelib.flags.decisions.store import FlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.names import GLOBAL
from infra.simulation.memory.migration.appconfig import FakeAppConfig
from tests.unit.flags.rollout import IN_HALF, REQUEST, TABLE, Rollout, back


def test_a_change_is_deployed_remembered_and_in_effect(rollout: Rollout) -> None:
    rollout.known("alice", "bob")
    rollout.open()
    made = rollout.set(50)
    assert rollout.decision(IN_HALF).backend is Backend.NEW
    assert rollout.table().updated_at == made.change.at // 1000 * 1000
    change = rollout.flags.overview.changes(TABLE, 10)[0]
    assert change == made.change
    assert (change.by, change.action, change.reason) == ("olga", "set", "as planned")
    assert change.state is ChangeState.DEPLOYED
    before = change.before[TABLE] or {}
    assert (before["rolloutPercent"], change.after[TABLE]["rolloutPercent"]) == (0, 50)
    assert change.evidence["mode"] == "dual_write"
    assert (change.evidence["since"], change.evidence["catchingUp"], change.evidence["drainSeconds"]) == (None, None, 0)
    assert Readiness(SyncState(SyncMode.DUAL_WRITE), 12.44, None).as_document()["drainSeconds"] == 12.4
    assert set(change.evidence["verified"]) == {"at", "meters", "lagging", "differences"}
    assert change.evidence["users"] == {"known": 2, "entering": 1, "leaving": 0, "in": 1}


@pytest.mark.parametrize("before", [0.25, 1, 7, 14.75])
@pytest.mark.parametrize("own_before", [0.5, 14, 300])
def test_a_change_is_in_effect_everywhere_when_it_says_so(risen: Rollout, before: float, own_before: float) -> None:
    """At any time in a function's poll interval, and in that of the process that makes the change."""
    function = risen.operator().overview.store
    risen.flags.overview.store.loaded()
    risen.appconfig.pass_time(own_before)
    function.loaded()
    risen.appconfig.pass_time(before)
    made = back(risen)
    assert latest_use(function) == made.change.to_version
    assert (made.change.in_effect_ms or 0) <= 15_000


def test_a_function_that_polls_just_before_a_deployment_is_complete_is_waited_for(risen: Rollout) -> None:
    risen.appconfig.deployment_seconds, function = 3, risen.operator().overview.store
    real = risen.appconfig.start_deployment

    def polled_meanwhile(**asked: Any) -> Any:
        answer = real(**asked)
        risen.appconfig.pass_time(2.9)
        function.loaded()
        return answer

    risen.appconfig.pass_time(15)
    risen.appconfig.start_deployment = polled_meanwhile  # type: ignore[method-assign]
    made = back(risen)
    assert latest_use(function) == made.change.to_version


def latest_use(store: FlagStore) -> str | None:
    loaded = store.loaded()
    return loaded.document.version if loaded else None


def test_what_was_created_when_stays_known(rollout: Rollout) -> None:
    created = rollout.table().created_at
    rollout.set(10)
    assert rollout.table().created_at == created < rollout.table().updated_at


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_every_change_needs_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInputError, match="reason"):
        ChangeRequest("olga", reason)


def test_a_change_that_changes_nothing_is_refused(risen: Rollout) -> None:
    deployments = len(risen.appconfig.deployments)
    with pytest.raises(RolloutError, match="nothing to change"):
        risen.set(50)
    assert len(risen.appconfig.deployments) == deployments


NOT_YET: dict[str, tuple[Callable[[Rollout], None], str]] = {
    "old_only": (lambda r: r.mode(SyncMode.OLD_ONLY), "mode set dual_write"),
    "not drained": (lambda r: r.mode(SyncMode.DUAL_WRITE, r.now() - 10_000), "wait 81 s"),
    "catching up": (
        lambda r: setattr(r.store.stored, "sync", SyncState(SyncMode.DUAL_WRITE, None, Side.OLD)),
        "infra sync",
    ),
    "never verified": (lambda r: setattr(r.control, "_verified", None), "infra verify"),
    "verified before the mode changed": (lambda r: r.mode(SyncMode.DUAL_WRITE, r.now() - 99_000), "infra verify"),
    "differences": (lambda r: r.control.save_verified(Verified(1, None, 9, 0, 3)), "differences \\(3\\)"),
}


@pytest.mark.parametrize(("happen", "remedy"), NOT_YET.values(), ids=NOT_YET)
@pytest.mark.parametrize("patch", [{"percent": Decimal(1)}, {"test_users": ("t",), "enabled": True}])
def test_nothing_rises_before_the_data_allow_it(
    rollout: Rollout, happen: Callable[[Rollout], None], remedy: str, patch: dict[str, Any]
) -> None:
    happen(rollout)
    deployments = len(rollout.appconfig.deployments)
    with pytest.raises(RolloutError, match=remedy):
        rollout.flags.changes.set(TABLE, FlagPatch(**patch), REQUEST)
    with pytest.raises(RolloutError, match=remedy):
        rollout.open()
    assert len(rollout.appconfig.deployments) == deployments
    assert rollout.flags.overview.listing().blocked_by is not None


@pytest.mark.parametrize(("happen", "remedy"), NOT_YET.values(), ids=NOT_YET)
def test_the_way_down_is_always_open(risen: Rollout, happen: Callable[[Rollout], None], remedy: str) -> None:
    happen(risen)
    risen.set(40)
    back(risen, 10)
    back(risen)
    assert not risen.table().enabled


def test_the_new_side_alone_is_no_blocker_once_verified(rollout: Rollout) -> None:
    since = rollout.now() - 100_000
    rollout.mode(SyncMode.NEW_ONLY, since)
    rollout.control.save_verified(Verified(rollout.now(), since, 9, 0, 0))
    rollout.set(10)


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
    started = risen.appconfig.now
    made = back(risen)
    assert 45 < risen.appconfig.now - started < 46
    assert made.change.in_effect_ms is None
    assert made.change.state is ChangeState.DEPLOYED


def test_a_retired_flag_is_remembered_by_every_document_that_follows(risen: Rollout) -> None:
    risen.set(retire=True)
    risen.flags.changes.kill(REQUEST)
    with pytest.raises(RolloutError, match="never used again"):
        risen.set(10)
    assert risen.table().retired


def test_a_document_that_the_validator_refuses_is_not_deployed(rollout: Rollout) -> None:
    content = written(FlagDocument({GLOBAL: Flag(GLOBAL, 0, 0)}))
    home = rollout.flags.changes.publishing.deployment
    with pytest.raises(RolloutError, match="validator"):
        home.deploy(content, home.settled(stop=False), "not complete")
    assert len(rollout.appconfig.deployments) == 1


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
        publishing.publish(base, before, after, Action("set", REQUEST))
