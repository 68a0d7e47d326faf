"""What the tests of rollouts share."""

import pytest

from tests.unit.services.migration.rollouts.carrying import Carrying


@pytest.fixture
def carrying() -> Carrying:
    carrying = Carrying()
    carrying.start()
    return carrying
