"""A write that meets others again and again waits longer before it begins again."""

from typing import cast

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from chalicelib.repositories.transactions import _Attempts


class Session:
    """One whose transaction the server has ended already."""

    in_transaction = False


def failing(code: int) -> tuple[_Attempts[None], list[float]]:
    pauses: list[float] = []

    def work(_: ClientSession) -> None:
        raise OperationFailure("it fails", code)

    return _Attempts(work, pauses.append), pauses


def tried(attempts: _Attempts[None], times: int) -> None:
    for _ in range(times):
        with pytest.raises(OperationFailure):
            attempts(cast(ClientSession, Session()))


def test_a_few_conflicts_are_left_to_the_driver_and_after_these_each_waits_by_chance() -> None:
    attempts, pauses = failing(112)  # WriteConflict
    tried(attempts, 5)
    assert pauses == []
    tried(attempts, 20)
    assert len(set(pauses)) == 20
    assert 0 <= min(pauses) < 1 < max(pauses) <= 1.5


def test_what_fails_otherwise_waits_for_nobody() -> None:
    attempts, pauses = failing(11601)
    tried(attempts, 10)
    assert (pauses, attempts.conflicts) == ([], 0)
