"""AWS is asked once for each thing in one look, whatever it says; each look says why it failed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Never

import pytest

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.status.blocks import DeadLettersBlock
from chalicelib.services.migration.evidence.looking import Looks, Problem
from tests.unit.services.migration.status.system import System


class Looked:
    """Counts how often it was looked at."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times, self.error = 0, error

    def __call__(self) -> int:
        self.times += 1
        if self.error:
            raise self.error
        return self.times


@pytest.mark.parametrize("name", ["flags", "letters", "alarms", "release"])
def test_what_aws_says_is_asked_for_once(name: str) -> None:
    looked = Looked()
    sources = replace(System().sources, **{name: looked}).once()  # type: ignore[arg-type]
    assert looked.times == 0, "only when somebody wants to know"
    ask: Callable[[], object] = getattr(sources, name)
    assert (ask(), ask(), looked.times) == (1, 1, 1)


@pytest.mark.parametrize("name", ["flags", "letters", "alarms", "release"])
def test_that_aws_does_not_answer_is_asked_for_once(name: str) -> None:
    looked = Looked(UnavailableError("no"))
    ask: Callable[[], object] = getattr(replace(System().sources, **{name: looked}).once(), name)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(UnavailableError, match="no"):
            ask()
    assert looked.times == 1


def test_each_look_of_its_own_asks_anew() -> None:
    looked = Looked()
    sources = replace(System().sources, letters=looked)
    assert [sources.once().letters() for _ in range(2)] == [1, 2]


def failing(error: Exception) -> Callable[[], Never]:
    def fail() -> Never:
        raise error

    return fail


def looks(ping: Callable[[], None] = lambda: None) -> Looks:
    return Looks(ping, lambda _: nullcontext(), lambda: 0)


def test_what_fails_says_why_and_a_defect_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert looks().beside(failing(UnavailableError("it did not answer"))) == Problem("it did not answer")
    assert caplog.text == ""
    found = looks().at(failing(KeyError("user alice")))
    assert found == Problem("looking at it failed with KeyError; the log has more")
    assert "a part of the status cannot be looked at" in caplog.text


def test_without_a_sign_of_life_the_database_is_asked_nothing() -> None:
    asked: list[int] = []
    away = looks(failing(UnavailableError("it is away")))
    assert away.at(lambda: asked.append(1)) == Problem("it is away")
    assert (away.beside(lambda: 7), asked) == (7, [])


def test_the_sign_of_life_has_no_limit_of_a_look_and_each_look_has_one() -> None:
    bounds: list[float] = []

    def limit(seconds: float) -> AbstractContextManager[None]:
        bounds.append(seconds)
        return nullcontext()

    found = Looks(lambda: None, limit, lambda: 0)
    assert bounds == []
    assert (found.at(lambda: 5), found.at(lambda: 6), found.beside(lambda: 7)) == (5, 6, 7)
    assert bounds == [5.0, 5.0]


@pytest.mark.parametrize(("passed", "is_looked_at"), [(15_000, True), (15_001, False)])
def test_no_look_begins_after_fifteen_seconds(passed: int, is_looked_at: bool) -> None:
    clock = [100]
    found = Looks(lambda: None, lambda _: nullcontext(), lambda: clock[0])
    clock[0] += passed
    too_long = Problem("it was not looked at: what was asked before took too long; try again")
    for ask in (found.at, found.beside):
        assert ask(lambda: 5) == (5 if is_looked_at else too_long)


def test_a_part_that_cannot_be_looked_at_keeps_its_command() -> None:
    block = looks().block(DeadLettersBlock, "dlq ls", failing(UnavailableError("it did not answer")))
    assert block == DeadLettersBlock(command="dlq ls", problem="it did not answer")
    seen = DeadLettersBlock(command="dlq ls", count=3)
    assert looks().block(DeadLettersBlock, "dlq ls", lambda: seen) == seen
