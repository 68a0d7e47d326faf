"""A comparison of all meters in steps that comes to a large one."""

import pytest

from chalicelib.bootstrap.container import Container, Ports
from tests.integration.refresh.large import CALLS, POWER, at_once, checking, somebody


def test_the_schedule_goes_on_in_the_middle_of_a_large_meter(
    ports: Ports, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at_once(ports).refresh(somebody(container), POWER)
    consistency = container.operations.consistency
    monkeypatch.setattr(consistency, "_check", checking(ports))
    looks = [consistency.verify_for(0)[1] for _ in range(CALLS)]
    assert looks == [*[False] * (CALLS - 1), True]
    assert consistency.last_verified() is not None
