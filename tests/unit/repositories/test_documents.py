"""Documents: ids of our own making are such as the driver makes, and the error of a damaged mode names its field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from chalicelib.domain.errors import LostModeError
from chalicelib.domain.meters.import_record import IdRange
from chalicelib.repositories.control import state_of_document
from chalicelib.repositories.documents import new_ids, same_batch

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_ids_made_together_differ_and_ascend_and_know_their_moment() -> None:
    ids = [*map(ObjectId, new_ids(50_000))]
    assert len(set(ids)) == 50_000
    assert ids == sorted(ids)
    assert abs(ids[-1].generation_time - datetime.now(UTC)) < timedelta(minutes=5)


def test_ids_of_two_imports_in_one_second_differ() -> None:
    assert {*new_ids(1_000)}.isdisjoint({*new_ids(1_000)})


def test_ids_made_together_are_one_range() -> None:
    ids = [*map(ObjectId, new_ids(70_000))]
    assert same_batch(IdRange(str(ids[0]), 70_000)) == {"$gte": ids[0], "$lte": ids[-1]}
    assert same_batch(IdRange(str(ids[66_000]), 9)) == {"$gte": ids[66_000], "$lte": ids[66_008]}
    assert same_batch(IdRange(str(ids[7]), 1)) == {"$gte": ids[7], "$lte": ids[7]}


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ({"since": NOON, "readAt": NOON}, "mode is missing"),
        ({"mode": "sideways", "since": NOON, "readAt": NOON}, "mode: .*, found 'sideways'"),
    ],
)
def test_a_stored_mode_that_cannot_be_read_says_which_field_is_wrong(stored: dict[str, Any], why: str) -> None:
    with pytest.raises(LostModeError, match=f"^control.sync_mode cannot be read: {why}; "):
        state_of_document(stored)
