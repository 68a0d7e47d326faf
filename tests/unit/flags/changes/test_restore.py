"""Bringing back the flag document that was recorded last, where AppConfig has lost it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import InvalidInputError, RolloutError, UnavailableError, UnchangedError
from chalicelib.domain.migration.records.flag_history import RecordedDocument
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.document.flag_document import read, written
from tests.unit.flags.rollout import IN_HALF, REQUEST, Rollout, back

TIMELINE = "timeline_slider_new_backend"


def restore(rollout: Rollout) -> Any:
    return rollout.flags.changes.restore(REQUEST)


def lose(rollout: Rollout, deployments: int = 1) -> bytes:
    """AppConfig as it was at its last orderly end; returns what was deployed last."""
    appconfig = rollout.appconfig
    lost = appconfig.versions[appconfig.deployments[-1].version]
    del appconfig.deployments[deployments:]
    for number in [number for number in appconfig.versions if number > appconfig.deployments[-1].version]:
        del appconfig.versions[number]
    return lost


def test_the_whole_document_comes_back_with_reason_and_name(risen: Rollout) -> None:
    people = FlagPatch(percent=Decimal("12.5"), test_users=("t", "用户"), block=("b",))
    risen.flags.changes.set("dashboard_new_backend", people, REQUEST)
    risen.known(*(f"person-{number}" for number in range(8)))
    risen.flags.changes.set(TIMELINE, FlagPatch(percent=Decimal(25), exact=True), REQUEST)
    risen.flags.changes.set("csv_import_new_backend", FlagPatch(retire=True), REQUEST)
    lost, [recorded] = lose(risen), risen.flags.overview.changes(None, 1)
    made = restore(risen)
    assert risen.appconfig.versions[2] == lost
    assert made.change.evidence["restored"] == recorded.id
    assert made.change.in_effect_ms is not None
    assert (made.change.by, made.change.action, made.change.reason) == ("olga", "restore", "as planned")
    assert risen.flags.overview.changes(None, 1) == [made.change]
    assert made.change.evidence["restoredVersion"] == made.change.to_version
    assert risen.decision(IN_HALF).backend is Backend.NEW
    assert "csv_import_new_backend" in read(lost).retired


def test_a_restore_waits_for_the_deployment_of_somebody_else_and_does_not_stop_it(risen: Rollout) -> None:
    lose(risen)
    risen.appconfig.deployed(risen.appconfig.versions[1])
    risen.appconfig.deployments[-1].seconds = 1_200
    with pytest.raises(RolloutError, match="is still under way"):
        restore(risen)
    assert risen.appconfig.deployments[-1].state == ""


def test_names_of_nobody_come_back_too(risen: Rollout) -> None:
    document = read(risen.appconfig.versions[3])
    foreign = {"a_flag_of_others": {"default": True}, "once_ours": {"default": False, "retired": True}}
    risen.appconfig.deployed(written(type(document)(document.flags, unknown=foreign)))
    risen.set(60)
    lost = lose(risen)
    restore(risen)
    assert risen.appconfig.versions[2] == lost
    assert "once_ours" in read(lost).retired


def test_what_is_deployed_needs_no_restoring(risen: Rollout) -> None:
    deployments = len(risen.appconfig.deployments)
    with pytest.raises(UnchangedError, match="nothing to restore"):
        restore(risen)
    assert len(risen.appconfig.deployments) == deployments


def test_without_a_record_there_is_nothing_to_restore(rollout: Rollout) -> None:
    with pytest.raises(RolloutError, match="nothing to restore"):
        restore(rollout)


def test_a_record_of_an_older_program_is_not_guessed_at(risen: Rollout) -> None:
    lose(risen)
    [change] = risen.flags.overview.changes(None, 1)
    risen.history.last_deployed = lambda: RecordedDocument(change, None)  # type: ignore[method-assign]
    with pytest.raises(RolloutError, match="has no document"):
        restore(risen)


def test_what_was_deployed_without_a_record_is_not_taken_away(risen: Rollout) -> None:
    """Such as the way back while the database did not answer."""
    risen.history.down = True
    back(risen)
    risen.history.down = False
    with pytest.raises(RolloutError, match="nothing is lost"):
        restore(risen)
    assert not risen.table().enabled


@pytest.mark.parametrize(("recorded", "is_lost"), [(None, False), (0, False), (1, True), (2, True)])
def test_appconfig_has_lost_something_where_the_record_is_not_behind(
    risen: Rollout, recorded: int | None, is_lost: bool
) -> None:
    content = lose(risen)
    change = replace(risen.flags.overview.changes(None, 1)[0], config_version=recorded)
    risen.history.last_deployed = lambda: RecordedDocument(change, content)  # type: ignore[method-assign]
    if is_lost:
        assert restore(risen).change.to_version == change.to_version
        return
    with pytest.raises(RolloutError, match=f"has version 1 of the document, the record ends with {recorded}: "):
        restore(risen)


def test_nobody_is_sent_to_the_new_backend_again_before_the_data_allow_it(risen: Rollout) -> None:
    lose(risen)
    risen.mode(SyncMode.OLD_ONLY)
    with pytest.raises(RolloutError, match="mode set dual_write"):
        restore(risen)
    assert len(risen.appconfig.deployments) == 1


def test_a_way_back_that_was_recorded_last_may_come_back_at_any_time(risen: Rollout) -> None:
    back(risen)
    lost = lose(risen, 3)
    risen.mode(SyncMode.OLD_ONLY)
    restore(risen)
    assert risen.appconfig.versions[4] == lost
    assert not risen.table().enabled


def test_a_change_that_failed_is_not_what_comes_back(risen: Rollout) -> None:
    real = risen.appconfig.start_deployment
    risen.appconfig.start_deployment = lambda **asked: real(**asked | {"LatestDeploymentNumber": 0})  # type: ignore[method-assign]
    with pytest.raises(RolloutError):
        risen.set(60)
    risen.appconfig.start_deployment = real  # type: ignore[method-assign]
    lose(risen)
    restore(risen)
    assert risen.table().rollout_percent == 50


def test_a_restore_that_cannot_be_remembered_is_not_made(risen: Rollout) -> None:
    lose(risen)
    risen.history.down = True
    with pytest.raises(UnavailableError):
        restore(risen)
    assert len(risen.appconfig.deployments) == 1


@pytest.mark.parametrize("patch", [{"test_users": ("a",), "no_test_users": ("a",)}, {"retire": True, "exact": True}])
def test_a_patch_that_contradicts_itself_is_refused(patch: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        FlagPatch(**patch)
