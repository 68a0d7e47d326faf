"""The guards of ``rehearsal --without``: each replaces a step by another one, and a later step has to notice it."""

import pytest

from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from infra.rehearsal.plan import ACTS, GUARDS, Guard, guard_named, steps
from infra.rehearsal.scene import Scene

REQUEST = [*ACTS]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_changes_steps_that_there_are_and_another_one_notices_it_behind_them(guard: Guard) -> None:
    assert guard.instead
    assert {*guard.instead} <= {*REQUEST}
    assert all(guard.instead[name] is not ACTS[name] for name in guard.instead)
    assert guard.noticed_by not in guard.instead
    assert REQUEST.index(guard.noticed_by) > min(map(REQUEST.index, guard.instead))


def test_guards_have_names_of_their_own() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 8


def test_steps_are_those_of_the_whole_but_for_what_a_guard_changes() -> None:
    scene = Scene(Layout("nowhere", Ports()))
    guard = Guard("none", "nothing is done", {"verify": lambda given: given.layout.name}, "verified")
    changed = {step.name: step for step in steps(scene, guard)}
    assert [*changed] == [step.name for step in steps(scene)] == REQUEST
    assert changed["verify"].does() == "nowhere"


def test_a_guard_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(OperatorError, match=r"no guard 'luck'; there are dual-write, drain, verify"):
        guard_named("luck")
    assert guard_named("drain").name == "drain"
