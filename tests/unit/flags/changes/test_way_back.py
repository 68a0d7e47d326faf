"""The way back: whatever is under way, malformed or down, everybody can be sent to the old backend."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import RolloutError, UnavailableError
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.flags.document.flag import EVERYBODY, Flag
from chalicelib.flags.document.flag_document import read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import GLOBAL
from infra.simulation.memory.migration.appconfig import PLACE, FakeAppConfig
from tests.unit.flags.rollout import IN_HALF, REQUEST, TABLE, Rollout, back


def under_way(rollout: Rollout, seconds: float, profile: str = PLACE.profile) -> None:
    """Somebody deploys the table for everybody, or another profile, by a strategy that takes its time."""
    document = rollout.flags.overview.listing().document
    slow = document.with_flags(replace(document.flags[TABLE], rollout_percent=EVERYBODY))
    rollout.appconfig.deployed(written(slow))
    rollout.appconfig.deployments[-1].seconds = seconds
    rollout.appconfig.deployments[-1].profile = profile


@pytest.mark.parametrize("profile", [PLACE.profile, "another"])
@pytest.mark.parametrize("undo", ["rollback", "kill"])
def test_a_deployment_under_way_does_not_block_the_way_back(risen: Rollout, undo: str, profile: str) -> None:
    under_way(risen, 1200, profile)
    back(risen) if undo == "rollback" else risen.flags.changes.kill(REQUEST)
    assert risen.appconfig.deployments[-2].state == "ROLLED_BACK"
    assert risen.decision(IN_HALF).backend is Backend.OLD


def test_a_deployment_that_ends_by_itself_before_it_can_be_stopped_is_not_reverted(risen: Rollout) -> None:
    under_way(risen, 5)
    real = risen.appconfig.stop_deployment

    def late(**asked: Any) -> Any:
        risen.appconfig.pass_time(10)
        return real(**asked)

    risen.appconfig.stop_deployment = late  # type: ignore[method-assign, assignment]
    back(risen)
    assert (risen.table().enabled, risen.table().rollout_percent) == (False, EVERYBODY)


@pytest.mark.parametrize("undo", ["rollback", "kill"])
def test_a_database_that_refuses_the_record_does_not_block_the_way_back(risen: Rollout, undo: str) -> None:
    """Such as one that is full, or where who goes back may only read: what it raises is no time-out."""

    def refuse(*_: Any) -> None:
        raise PermissionError("not authorized")

    risen.history.save = refuse  # type: ignore[method-assign, assignment]
    made = back(risen) if undo == "rollback" else risen.flags.changes.kill(REQUEST)
    assert (made.recorded, made.change.in_effect_ms is not None) == (False, True)
    assert risen.decision(IN_HALF).backend is Backend.OLD
    with pytest.raises(PermissionError):
        risen.set(60)
    assert not risen.table().enabled, "nobody rises without a record"


def test_what_was_rolled_back_does_not_count_as_deployed(risen: Rollout) -> None:
    under_way(risen, 1200)
    risen.appconfig.deployments[-1].state = "ROLLED_BACK"
    assert risen.table().rollout_percent == 50


def test_a_change_waits_for_a_deployment_that_ends_soon_and_builds_on_it(risen: Rollout) -> None:
    under_way(risen, 5)
    risen.set(test_users=("t",))
    assert (risen.table().rollout_percent, risen.table().test_user_ids) == (EVERYBODY, ("t",))


def test_a_change_waits_for_a_deployment_of_another_profile(risen: Rollout) -> None:
    under_way(risen, 5, "another")
    assert risen.flags.overview.listing().deployed.under_way == 4
    assert risen.set(60).change.deployment == 5


def test_a_change_does_not_wait_for_ever_and_stops_nobody(risen: Rollout) -> None:
    under_way(risen, 1200)
    started = risen.appconfig.now
    with pytest.raises(RolloutError, match="under way"):
        risen.set(60)
    assert risen.appconfig.deployments[-1].state == ""
    assert risen.appconfig.now - started == 15.25, "a quarter of a minute and one pause"


def test_a_deployment_of_ours_that_takes_a_moment_is_waited_for(risen: Rollout) -> None:
    risen.appconfig.deployment_seconds = 3
    assert 3000 <= (back(risen).change.in_effect_ms or 0) <= 3000 + 30_000


def test_a_rollback_to_a_percentage_keeps_the_flag_on_and_the_first_people(risen: Rollout) -> None:
    assert back(risen, 10).change.action == "rollback"
    assert (risen.table().enabled, risen.table().rollout_percent) == (True, Decimal(10))
    assert risen.decision("alice").backend is Backend.NEW


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
    risen.flags.changes.kill(REQUEST)
    assert not any(flag.enabled for flag in risen.flags.overview.listing().flags)
    assert risen.decision(IN_HALF).reason == Reason.GLOBAL_OFF


def test_where_everybody_gets_the_new_backend_whatever_the_flags_say_a_way_back_says_so(risen: Rollout) -> None:
    assert risen.flags.overview.listing().overruled is None
    assert back(risen, 40).overruled is None
    risen.mode(SyncMode.NEW_ONLY)
    for made in (back(risen, 10), back(risen), risen.flags.changes.kill(REQUEST)):
        assert "mode set dual_write --wait" in (made.overruled or "")
    assert risen.decision(IN_HALF).backend is Backend.NEW
    assert risen.flags.overview.listing().overruled == made.overruled


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]"])
def test_kill_and_rollback_mend_a_document_that_cannot_be_read(content: bytes) -> None:
    for undo in (back, lambda rollout: rollout.flags.changes.kill(REQUEST)):
        rollout = Rollout(FakeAppConfig().deployed(content))
        undo(rollout)
        assert read(json.dumps(rollout.appconfig.content()).encode()).malformed == {}
        assert not rollout.table().enabled


def test_a_change_of_a_document_that_cannot_be_read_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(RolloutError, match="flags kill"):
        Rollout(FakeAppConfig().deployed(b"{")).set(10)


def malformed(name: str, **members: Any) -> Rollout:
    """The table for everybody, and one flag that cannot be read."""
    table, gate = Flag(TABLE, 0, 0, enabled=True, rollout_percent=EVERYBODY), Flag(GLOBAL, 0, 0, enabled=True)
    features = json.loads(written(first_document().with_flags(table, gate)))
    features[name] |= {"surprise": 1, **members}
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


@pytest.mark.parametrize("retired", [True, "yes"])
def test_a_malformed_flag_that_says_it_is_retired_stays_so(retired: object) -> None:
    rollout = malformed(TABLE, retired=retired)
    with pytest.raises(RolloutError, match="never used again"):
        rollout.set(10)
    rollout.flags.changes.kill(REQUEST)
    assert rollout.table().retired


def test_nothing_is_changed_when_appconfig_does_not_answer(risen: Rollout) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: risen.set(60),
        lambda: back(risen),
        lambda: risen.flags.changes.kill(REQUEST),
        risen.flags.overview.listing,
        lambda: risen.flags.overview.plan(TABLE, None, Decimal(60), exact=False),
    ]
    with risen.appconfig.outage():
        for call in calls:
            with pytest.raises(UnavailableError, match="AppConfig"):
                call()
    assert risen.table().rollout_percent == 50


@pytest.mark.parametrize("undo", [back, lambda rollout: rollout.flags.changes.kill(REQUEST)])
def test_a_way_back_is_deployed_before_anybody_waits_for_a_data_plane_that_hangs(
    risen: Rollout, undo: Callable[[Rollout], Any]
) -> None:
    def hang(**asked: Any) -> Any:
        risen.appconfig.pass_time(60)
        raise EndpointConnectionError(endpoint_url="https://appconfigdata.example")

    risen.appconfig.pass_time(15)
    begun = risen.appconfig.now
    risen.appconfig.get_latest_configuration = hang  # type: ignore[method-assign, assignment]
    made = undo(risen)
    assert risen.appconfig.deployments[-1].started == begun
    assert made.change.in_effect_ms is None


def test_a_rise_needs_the_database_and_the_way_back_does_not(risen: Rollout) -> None:
    risen.store.down = True
    with pytest.raises(UnavailableError):
        risen.set(60)
    made = back(risen)
    assert not made.recorded
    assert not risen.flags.changes.kill(REQUEST).recorded
    assert not risen.table().enabled
    assert risen.flags.overview.listing().blocked_by is not None


def test_going_back_to_a_percentage_by_id_needs_no_database(rollout: Rollout) -> None:
    rollout.known(*(f"user-{number}" for number in range(10)))
    rollout.open()
    rollout.set(50, exact=True)
    first = (rollout.table().exact_user_ids or ())[:1]
    rollout.store.down = True
    assert not back(rollout, 10).recorded
    assert rollout.table().exact_user_ids == first
