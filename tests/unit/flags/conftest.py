"""Fixtures of the tests of flags: a rollout on fakes."""

import pytest

from tests.unit.flags.rollout import Rollout


@pytest.fixture
def rollout() -> Rollout:
    """Every flag off."""
    return Rollout()


@pytest.fixture
def risen() -> Rollout:
    """The table at 50 percent."""
    rollout = Rollout()
    rollout.open()
    rollout.set(50)
    return rollout
