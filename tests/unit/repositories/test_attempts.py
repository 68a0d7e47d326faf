"""What a transaction returns is what its last attempt returned, and its first command fails as a read does."""

from collections.abc import Callable
from typing import cast

import pytest
from pymongo.client_session import ClientSession
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError

from chalicelib.domain.errors import UnavailableError
from chalicelib.repositories.transactions import _at_once, _Attempts


class Session:
    """One whose transaction the server has ended already."""

    in_transaction = False


def attempts_of(*outcomes: int | PyMongoError) -> Callable[[], _Attempts[int]]:
    """One attempt more each time, and afterwards all that is known of them."""
    left = list(outcomes)

    def work(_: ClientSession) -> int:
        outcome = left.pop(0)
        if isinstance(outcome, PyMongoError):
            raise outcome
        return outcome

    attempts = _Attempts(work)

    def again() -> _Attempts[int]:
        returned.append(attempts(cast(ClientSession, Session())))
        assert returned[-1] == attempts.results[0]
        return attempts

    returned: list[int] = []
    return again


def test_an_attempt_that_is_made_again_returns_what_it_finds_then() -> None:
    again = attempts_of(1, 2, 3)
    assert [list(again().results) for _ in range(3)] == [[1], [2], [3]]


def test_where_the_last_attempt_fails_nothing_is_returned() -> None:
    again = attempts_of(1, OperationFailure("it fails", 11601))
    attempts = again()
    with pytest.raises(OperationFailure):
        again()
    assert attempts.results == []


def test_the_first_command_of_a_write_that_is_late_is_not_tried_again() -> None:
    with pytest.raises(UnavailableError, match=r"^the database did not answer in time; try again$"), _at_once():
        raise ExecutionTimeout("operation exceeded time limit", 50)


def test_any_other_failure_of_it_is_the_transactions() -> None:
    failure = OperationFailure("write conflict", 112)
    with pytest.raises(OperationFailure) as seen, _at_once():
        raise failure
    assert seen.value is failure
