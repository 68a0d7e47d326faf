"""What the driver raises, as the rest of the application hears of it."""

import pytest
from pymongo.errors import OperationFailure

from chalicelib.domain.errors import UnavailableError
from chalicelib.repositories.database import time_limit

SNAPSHOT_TOO_OLD, SNAPSHOT_UNAVAILABLE, UNAUTHORIZED = 239, 246, 13


@pytest.mark.parametrize("code", [SNAPSHOT_TOO_OLD, SNAPSHOT_UNAVAILABLE])
def test_a_snapshot_that_is_refused_now_is_asked_for_again(code: int) -> None:
    """While an index is being made, a read at a snapshot is refused with: please retry the operation."""
    with pytest.raises(UnavailableError, match="try again"), time_limit(5):
        raise OperationFailure("Unable to read from a snapshot due to pending collection catalog changes", code)


def test_what_does_not_pass_by_itself_is_seen() -> None:
    with pytest.raises(OperationFailure), time_limit(5):
        raise OperationFailure("not authorized", UNAUTHORIZED)
