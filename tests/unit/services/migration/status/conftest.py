"""The system that these tests look at."""

import pytest

from tests.unit.services.migration.status.system import System


@pytest.fixture
def system() -> System:
    return System()
