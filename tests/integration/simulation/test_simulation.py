"""A short migration on the virtual clock: what must be nothing is, faults happen, and what is taken out is missed."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from chalicelib.domain.backends.sync_mode import Side
from infra.simulation import run, world
from infra.simulation.books import Book
from infra.simulation.clock import DAY
from infra.simulation.faults import EVERY, Fault
from infra.simulation.figures import Figures
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.policies import AS_WRITTEN, GUARDED, POLICIES, OpenGate
from infra.simulation.run import Exercise, simulate
from infra.simulation.system import Policy

pytestmark = pytest.mark.long

SHORT = Exercise(weeks=2, users=12)
BUG_ALONE = replace(SHORT, faults=frozenset({Fault.BUG}))


@pytest.fixture(scope="module")
def lived() -> Figures:
    return simulate(7, SHORT)


def with_policy(monkeypatch: pytest.MonkeyPatch, policy: Policy) -> None:
    monkeypatch.setattr(run, "POLICIES", {**POLICIES, GUARDED: policy})


def test_nothing_is_lost_and_nothing_wrong_is_shown_whatever_goes_wrong(lived: Figures) -> None:
    assert lived.writes > 0
    assert lived.reads > 0
    assert (lived.lost, lived.wrong, lived.backwards, lived.sides_differ, lived.mistakes_taken) == (0, 0, 0, 0, 0)
    assert lived.holds


def test_each_fault_happens(lived: Figures) -> None:
    happened = {name for name, count in lived.faults.items() if count}
    assert happened >= {
        "bugs",
        "conflicts",
        "crashed backfills",
        "deployments",
        "events doubled",
        "events late",
        "events lost",
        "events overtaken",
        "mistakes refused",
        "outages of AppConfig",
    }


def test_the_planted_bug_is_found_and_taken_back(lived: Figures) -> None:
    assert lived.planted >= 1
    assert lived.not_found == 0
    assert lived.rollbacks > 0
    assert lived.false_rollbacks == 0


def test_without_faults_nothing_goes_back_and_everybody_arrives() -> None:
    quiet = simulate(3, Exercise(weeks=4, users=8, faults=frozenset()))
    assert (quiet.rollbacks, quiet.unfinished, dict(quiet.faults)) == (0, 0, {})
    assert quiet.days_to_everybody is not None
    assert quiet.holds


def test_a_slow_backend_is_taken_back() -> None:
    slow = simulate(3, replace(SHORT, faults=frozenset({Fault.SLOW})))
    assert (slow.planted, slow.not_found) == (1, 0)
    assert slow.rollbacks > 0
    assert slow.holds


def test_the_plan_as_it_is_written_loses_writes() -> None:
    assert simulate(7, Exercise(weeks=8, users=20, policy=AS_WRITTEN)).lost > 0


def test_where_the_gate_is_always_open_the_bug_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy(monkeypatch, replace(POLICIES[GUARDED], gate=OpenGate))
    without = simulate(7, BUG_ALONE)
    assert without.not_found == 1
    assert not without.holds


def test_without_dual_write_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy(monkeypatch, replace(POLICIES[GUARDED], writes=lambda _, __: (Side.OLD,)))
    assert not simulate(7, replace(SHORT, faults=frozenset())).holds


def test_without_the_version_guard_of_the_refresh_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    overtaken = replace(SHORT, users=20, faults=frozenset({Fault.EVENTS}))
    monkeypatch.setattr(world, "SLOWEST_MS", 6 * DAY)
    assert simulate(7, overtaken).holds
    monkeypatch.setattr(FakeDisplay, "_is_behind", lambda *_: True)
    assert not simulate(7, overtaken).holds


def test_an_answer_that_nobody_s_book_explains_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "is_right", lambda *_, **__: False)
    assert simulate(7, replace(SHORT, weeks=1, faults=frozenset())).wrong > 0


def test_the_same_seed_is_the_same_byte_for_byte_in_any_process() -> None:
    command = [sys.executable, "-m", "infra", "simulate", "--weeks", "1", "--users", "10", "--seed", "5", "--json"]
    said = [
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    document = json.loads(said[0])
    assert list(document) == sorted(document)
    assert document["summary"]["holds"] is True


def test_another_seed_is_another_life() -> None:
    one, other = (simulate(seed, Exercise(weeks=1, users=8, faults=EVERY)) for seed in (1, 2))
    assert one.as_document() | {"seed": 0} != other.as_document() | {"seed": 0}
