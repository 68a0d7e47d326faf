"""The documents of new readings: ids of our own making are such as the driver makes."""

from datetime import UTC, datetime, timedelta

from chalicelib.repositories.documents import new_ids


def test_ids_made_together_differ_and_ascend_and_know_their_moment() -> None:
    ids = [*new_ids(50_000)]
    assert len(set(ids)) == 50_000
    assert ids == sorted(ids)
    assert abs(ids[-1].generation_time - datetime.now(UTC)) < timedelta(minutes=5)


def test_ids_of_two_imports_in_one_second_differ() -> None:
    assert {*new_ids(1_000)}.isdisjoint({*new_ids(1_000)})
