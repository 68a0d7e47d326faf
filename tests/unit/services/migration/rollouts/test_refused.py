"""What is refused, forward or back: why is kept, it is tried again, and what cannot go back rings."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.errors import RolloutError, UnavailableError
from chalicelib.domain.migration.rollouts.rollout import State
from tests.fakes.gate import BROKEN
from tests.unit.services.migration.rollouts.carrying import MINUTE, TABLE, Carrying


def refused(error: Exception) -> Callable[..., Any]:
    """AppConfig, or what is asked before it, refuses a change."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


def test_why_a_step_was_refused_is_kept_until_it_is_taken(carrying: Carrying) -> None:
    real, carrying.flags.rise = carrying.flags.rise, refused(RolloutError("old_only"))  # type: ignore[method-assign]
    for _ in range(10):
        carrying.minutes(1)
        assert carrying.rollout.seen is not None
        assert "old_only" in carrying.rollout.seen.text
    carrying.flags.rise = real  # type: ignore[method-assign]
    assert carrying.at(0).rollout.seen is None


def test_why_the_way_back_was_refused_is_kept_and_it_is_tried_each_minute(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions, real = BROKEN, carrying.flags.back
    carrying.flags.back = refused(UnavailableError("throttled"))  # type: ignore[method-assign]
    for _ in range(5):
        carrying.minutes(1)
        assert carrying.rollout.seen is not None
        assert "throttled" in carrying.rollout.seen.text
    carrying.flags.back = real  # type: ignore[method-assign]
    carrying.minutes(1)
    assert carrying.percent == 10


def test_a_way_back_that_is_refused_rings_the_alarm(carrying: Carrying) -> None:
    carrying.at(50)
    carrying.gate.conditions = BROKEN
    carrying.flags.back = refused(UnavailableError("throttled"))  # type: ignore[method-assign]
    assert carrying.carrier.stopped() == 0
    carrying.minutes(3)
    assert carrying.rollout.state is State.RUNNING
    assert carrying.carrier.stopped() == 1


def test_a_step_that_is_refused_is_tried_again_later_each_time(carrying: Carrying) -> None:
    tried: list[int] = []

    def refuse(*_: object, **__: object) -> None:
        tried.append(carrying.now)
        raise UnavailableError("AppConfig refuses")

    carrying.flags.rise = refuse  # type: ignore[method-assign, assignment]
    begun, version = carrying.now, carrying.rollout.version
    carrying.minutes(24 * 60)
    assert [(at - begun) // MINUTE for at in tried[:8]] == [1, 2, 4, 8, 16, 32, 64, 124]
    assert len(tried) <= 30
    assert carrying.rollout.version == version + len(tried)


def test_who_resumes_a_rollout_need_not_wait_for_the_next_try(carrying: Carrying) -> None:
    real, carrying.flags.rise = carrying.flags.rise, refused(RolloutError("old_only"))  # type: ignore[method-assign]
    carrying.minutes(40)
    carrying.flags.rise = real  # type: ignore[method-assign]
    carrying.minutes(1)
    assert carrying.percent is None
    carrying.commands.pause(TABLE, "olga", "mended")
    carrying.commands.resume(TABLE, "olga", "mended")
    carrying.minutes(1)
    assert carrying.percent == 0


@pytest.mark.parametrize("back", ["breach", "abort"])
def test_a_database_that_is_full_keeps_nobody_on_the_new_backend(carrying: Carrying, back: str) -> None:
    """It can be read, so it is not away; what it raises for a write is no time-out."""
    carrying.at(50)

    def full(_: object) -> bool:
        raise PermissionError("you are over your space quota")

    carrying.rollouts.save = full  # type: ignore[method-assign, assignment]
    if back == "abort":
        carrying.commands.abort(TABLE, "olga", "enough", 20)
    else:
        carrying.gate.conditions = BROKEN
        carrying.minutes(1)
    assert carrying.percent == (0 if back == "abort" else 10)
