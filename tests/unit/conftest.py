"""What all unit tests have in common."""

from collections.abc import Iterator

import pytest
from pymongo import common


@pytest.fixture(scope="session", autouse=True)
def _who_asks_a_database_that_is_not_there_looks_again_soon() -> Iterator[None]:
    """The driver would wait for half a second before the first of its looks ends, whatever the time limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "MIN_HEARTBEAT_INTERVAL", 0.01)
        yield
