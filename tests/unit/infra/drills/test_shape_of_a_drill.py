"""A drill is made on flags of its target's shape, with nobody of the target in them."""

from typing import Any, cast

import pytest

from chalicelib.flags.changes.patch import FlagPatch, percentage
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import GLOBAL
from chalicelib.flags.document.shape import shape_of
from infra.drills.ground import LaptopGround
from infra.targets.flags import Flags
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout

DASHBOARD = "dashboard_new_backend"


@pytest.fixture
def target() -> FlagDocument:
    """The flags of a target: one component is retired, another has people."""
    rollout = Rollout()
    rollout.open()
    rollout.flags.changes.set(DASHBOARD, FlagPatch(retire=True), REQUEST)
    rollout.set(10, test_users=("tim",))
    return document(rollout)


def document(rollout: Rollout) -> FlagDocument:
    return rollout.flags.overview.listing().document


def ground(rollout: Rollout) -> LaptopGround:
    nobody = cast(Any, None)
    return LaptopGround(nobody, "energy_table", Flags(rollout.flags, "olga", None), nobody)


def test_what_is_retired_there_is_retired_here_and_nobody_is_named(target: FlagDocument) -> None:
    here = Rollout()
    ground(here).take_shape(target)
    made = document(here)
    assert shape_of(made) == shape_of(target)
    assert made.flags[DASHBOARD].retired
    assert not any(flag.names("tim") or flag.enabled or flag.rollout_percent for flag in made.flags.values())


def test_flags_of_the_same_shape_are_left_as_they_are(target: FlagDocument) -> None:
    here = Rollout()
    before = document(here)
    ground(here).take_shape(FlagDocument({}))
    assert document(here) == before
    ground(here).take_shape(target)
    taken = document(here)
    ground(here).take_shape(target)
    assert document(here) == taken


def test_the_component_can_still_be_moved_there_and_back(target: FlagDocument) -> None:
    here = Rollout()
    ground(here).take_shape(target)
    ground(here).flip("new")
    flags = document(here).flags
    assert (flags[TABLE].rollout_percent, flags[GLOBAL].enabled) == (percentage("100"), True)
    assert shape_of(document(here)) == shape_of(target)
