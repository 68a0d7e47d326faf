"""The flags as rollouts see and change them: what is deployed, on top of what was looked at, with what was known."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import RevisionError, RolloutError, UnavailableError
from chalicelib.domain.migration.rollouts.ports import Asked, RolloutFlags
from infra.simulation.memory.migration.appconfig import FakeAppConfig
from tests.unit.flags.rollout import TABLE, Rollout, back

COMPONENT = Component.ENERGY_TABLE
KNOWN: Mapping[str, Any] = {"gate": {"open": True}}
ASKED = Asked("RolloutCarrier", "the next step", KNOWN)


def flags_of(rollout: Rollout) -> RolloutFlags:
    return rollout.flags.carrier.flags


def rise(rollout: Rollout, percent: int, expected: str | None = None, *, exact: bool = False) -> Any:
    flags = flags_of(rollout)
    seen = flags.now(COMPONENT).version if expected is None else expected
    return flags.rise(COMPONENT, Decimal(percent), seen, ASKED, 60, exact=exact)


def test_a_step_switches_the_flag_on_and_keeps_what_was_known(rollout: Rollout) -> None:
    rollout.open()
    change = rise(rollout, 10)
    assert (change.action, change.by, change.reason) == ("rollout", "RolloutCarrier", "the next step")
    assert (change.evidence["gate"], change.evidence["mode"]) == ({"open": True}, "dual_write")
    now = flags_of(rollout).now(COMPONENT)
    assert (now.enabled, now.is_on, now.problem) == (True, True, None)
    assert now.percent == 10


def test_a_step_is_taken_only_on_top_of_the_document_that_was_looked_at(risen: Rollout) -> None:
    seen = flags_of(risen).now(COMPONENT).version
    back(risen, 10)
    with pytest.raises(RevisionError):
        rise(risen, 100, seen)
    assert risen.table().rollout_percent == 10


def test_a_step_waits_for_the_data(risen: Rollout) -> None:
    risen.mode(SyncMode.OLD_ONLY)
    with pytest.raises(RolloutError, match="mode set dual_write"):
        rise(risen, 100)


def test_a_step_can_be_a_list_of_people(rollout: Rollout) -> None:
    rollout.open()
    rollout.known(*(f"u{number}" for number in range(10)))
    rise(rollout, 0)
    rise(rollout, 10, exact=True)
    assert len(rollout.table().exact_user_ids or ()) == 1


def test_the_way_back_keeps_what_was_known_and_is_made_in_the_time_that_there_is(risen: Rollout) -> None:
    begun = risen.appconfig.now
    change = flags_of(risen).back(COMPONENT, Decimal(10), ASKED, 5)
    assert risen.appconfig.now - begun <= 5.5
    assert (change.action, change.evidence) == ("rollback", KNOWN)
    assert risen.table().rollout_percent == 10
    change = flags_of(risen).kill(ASKED, 5)
    assert (change.action, change.evidence) == ("kill", KNOWN)
    assert not flags_of(risen).now(COMPONENT).is_on


def test_a_flag_that_decides_nothing_says_why(rollout: Rollout) -> None:
    assert not flags_of(rollout).now(COMPONENT).global_enabled
    rollout.open()
    rollout.set(retire=True)
    assert flags_of(rollout).now(COMPONENT).problem == "its flag is retired"
    for content in (b"[", b'{"energy_table_new_backend": 5}', b"{}"):
        rollout.appconfig.deployed(content)
        found = flags_of(rollout).now(COMPONENT)
        assert (found.is_on, str(found.problem).startswith("its flag cannot be read: ")) == (False, True)


def test_without_appconfig_nobody_can_say(rollout: Rollout) -> None:
    with rollout.appconfig.outage(), pytest.raises(UnavailableError):
        flags_of(rollout).now(COMPONENT)
    empty = Rollout(FakeAppConfig())
    with pytest.raises(RolloutError, match="no flag document was ever deployed"):
        flags_of(empty).now(COMPONENT)


def test_nothing_but_the_flag_of_the_component_is_changed(risen: Rollout) -> None:
    before = risen.flags.overview.listing().document.flags
    rise(risen, 100)
    after = risen.flags.overview.listing().document.flags
    assert {name for name in after if after[name] != before[name]} == {TABLE}
