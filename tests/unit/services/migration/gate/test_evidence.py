"""The evidence that the gate gathers, whole: where all is known, and where nothing is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRun, Tally
from chalicelib.domain.migration.gate.counted import Counting
from chalicelib.domain.migration.gate.evidence import (
    AllowedHours,
    Census,
    CodeEvidence,
    GateEvidence,
    Rehearsal,
    Surrounding,
    VerifySeen,
)
from chalicelib.domain.migration.gate.verdict import ConditionName
from chalicelib.domain.migration.records.comparison_log import IgnoreRule
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout, State
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.operating import Obstacle
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.evidence.looking import Looks
from chalicelib.services.migration.gate.gathering import GateLook
from infra.simulation.memory.state import Meter
from tests.fakes.gate_evidence import SHAPE
from tests.unit.services.migration.status.system import AWAY, FORMS, TABLE, System

NAME = ConditionName
CODE = "code"
FINGERPRINT = "0123456789ab"


@pytest.fixture
def system() -> System:
    return System()


def gathered(system: System, component: Component = TABLE) -> GateEvidence:
    sources = system.sources.once()
    looks = Looks(sources.ping, lambda _: nullcontext(), system.rollout.now)
    return GateLook(sources, looks, system.rollout.now()).evidence(component)


def test_everything_that_is_known_is_there(system: System) -> None:
    ports, hours = system.ports, AllowedHours("UTC", 9, 17)
    system.rollout.set(10)
    now = system.rollout.now()
    system.rollout.known("alice", "bob")
    meters = system.rollout.store.stored.meters
    meters["alice", EnergyType.POWER] = Meter(MeterState(2, 1, now - 75_250))
    system.rollout.control.save_verified(Verified(now - 5, None, 9, 1, 3, code="other", calculated=2))
    ports.records.save_drill(RollbackDrill(now - 7, "energy_forms", "drilled", 500, 0, 14.25, True, "old_only", "s"))
    for number in range(2):
        ports.counted.count(Counting(TABLE, CODE, "p", agreement=f"view {number}"), now)
    ports.comparisons.save_rule(IgnoreRule(FINGERPRINT, "olga", "known", now))
    ports.counted.count(Counting(TABLE, "old code", "p", differences=(FINGERPRINT,)), now)
    plan = Plan(hours=hours)
    ports.rollouts.save(Rollout(component=TABLE, plan=plan, state=State.RUNNING, by="o", reason="r", since=0))
    system.figures.shares[TABLE] = Share(people=200, new=60)
    system.letters = 4
    for name in ("ServerErrors", "BackendsDiffer", "ComponentFailing-dashboard"):
        system.cloudwatch.add(f"stack-{name}", "ALARM", "[critical] it rings")
    system.cloudwatch.add("stack-MemoryShort", "ALARM", "[warning] it rings")
    found = gathered(system)
    assert found.mismatch is not None
    assert found.mismatch.startswith("60 of 200 people got the new backend")
    assert replace(found, mismatch=None, census=None) == GateEvidence(
        component=TABLE,
        now=now,
        on=Surrounding(CODE, "dual_write", SHAPE),
        people=2,
        readiness=found.readiness,
        mode_since=None,
        verified=VerifySeen(now - 5, "other", None, 3, 2),
        census=None,
        counted=CodeEvidence(agreements=2, differences=[], unanswered=[]),
        mismatch=None,
        lagging_ms=75_250,
        failing=0,
        dead_letters=4,
        alarms=["stack-ServerErrors"],
        rules_ended=[FINGERPRINT],
        rehearsal=Rehearsal(now - 7, Surrounding("drilled", "old_only", "s"), True),
        hours=hours,
        unknown={},
    )
    assert found.readiness is not None, "differences were found"
    assert found.census is not None
    assert (found.census.users, found.census.views, found.census.code) == (100, 9, CODE)


def test_what_cannot_be_looked_at_is_nothing_and_is_named_for_each_condition_that_needs_it(system: System) -> None:
    now = system.rollout.now()
    system.rollout.store.down = True
    system.letters, system.cloudwatch.down, system.release = AWAY, True, ""
    with system.rollout.appconfig.outage():
        found = gathered(system)
    assert found.unknown is not None
    assert found.unknown.keys() == set(NAME)
    assert replace(found, unknown=None) == GateEvidence(
        component=TABLE,
        now=now,
        on=Surrounding("", "", ""),
        people=0,
        readiness=None,
        mode_since=None,
        verified=None,
        census=None,
        counted=CodeEvidence(differences=[], unanswered=[]),
        mismatch=None,
        lagging_ms=0,
        failing=0,
        dead_letters=0,
        alarms=[],
        rules_ended=(),
        rehearsal=None,
        hours=None,
        unknown=None,
    )


COMMANDS = {
    NAME.ANSWERS: "compare report",
    NAME.VERIFIED: "verify --last",
    NAME.DATA: "mode show",
    NAME.EVIDENCE: "compare report",
    NAME.ERRORS: "compare report",
    NAME.LATENCY: "compare times",
    NAME.SHARE: "flags list",
    NAME.DISPLAY: "sweep --list",
    NAME.DEAD_LETTERS: "dlq ls",
    NAME.ALARMS: "alarms",
    NAME.RULES: "compare report",
    NAME.REHEARSAL: "drill last",
    NAME.HOURS: "rollout status",
}


def test_what_nobody_can_say_is_said_with_why_and_the_command_that_shows_more(system: System) -> None:
    system.rollout.store.down = True
    system.letters = AWAY
    system.cloudwatch.down = True
    unknown = gathered(system).unknown or {}
    assert {name: each.command for name, each in unknown.items()} == {
        name: f"python -m infra {command}" for name, command in COMMANDS.items()
    }
    assert unknown[NAME.DEAD_LETTERS] == Obstacle("nobody can say: it did not answer", "python -m infra dlq ls")
    assert unknown[NAME.DATA].text.startswith("nobody can say: the store is down")


def test_of_two_reasons_the_first_one_stays(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise AWAY

    monkeypatch.setattr(system.ports.census, "censuses", away)
    system.release = ""
    unknown = gathered(system).unknown or {}
    assert unknown[NAME.EVIDENCE].text == "nobody can say: it did not answer"
    assert unknown[NAME.ERRORS].text == (
        "nobody can say: nobody knows the digest of the deployed code; deploy it again"
    )


def test_where_the_sides_were_never_compared_the_code_is_needed_to_say_more(system: System) -> None:
    system.release = ""
    assert NAME.VERIFIED in (gathered(system).unknown or {})
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 9, 0, 1, code=CODE))
    assert NAME.VERIFIED not in (gathered(system).unknown or {}), "lost is lost on whatever code"
    system.rollout.control.save_verified(Verified(system.rollout.now(), None, 9, 0, 0, code=CODE))
    assert NAME.VERIFIED in (gathered(system).unknown or {})


def test_no_more_people_are_read_than_it_takes_to_know_that_they_are_too_many(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def people() -> Iterator[str]:
        for number in range(99):
            read.append(number)
            yield f"person-{number}"

    monkeypatch.setattr(system.ports.known_users, "known_users", people)
    system.limits = replace(system.limits, census_users=2)
    assert (gathered(system).people, len(read)) == (3, 3)


def test_one_failing_meter_is_enough_to_be_named(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def failing(limit: int) -> tuple[int, list[object]]:
        asked.append(limit)
        return 7, []

    monkeypatch.setattr(system.ports.lagging, "failing", failing)
    assert gathered(system).failing == 7
    assert system.status()["display"]["failing"] == 7
    assert {*asked} == {1}


def test_a_deployment_that_nobody_knows_has_no_share(system: System) -> None:
    system.figures.shares[TABLE] = Share(people=200, new=0, partial=True)
    assert (gathered(system).unknown or {})[NAME.SHARE].text.startswith("nobody can say: answers are not added up yet")
    with system.rollout.appconfig.outage():
        unknown = gathered(system).unknown or {}
    assert {NAME.SHARE, NAME.REHEARSAL} <= unknown.keys()


def test_the_share_of_a_component_is_looked_at_once(system: System) -> None:
    sources = system.sources
    look = GateLook(sources, Looks(sources.ping, lambda _: nullcontext(), system.rollout.now), system.rollout.now())
    assert look.share(TABLE) is look.share(TABLE)


def test_what_nothing_ever_carried_has_no_rollout_and_no_hours(system: System) -> None:
    looks = Looks(system.sources.ping, lambda _: nullcontext(), system.rollout.now)
    assert GateLook(system.sources, looks, system.rollout.now()).rollout(FORMS) is None
    assert gathered(system, FORMS).hours is None


def run(code: str = CODE, ended: int | None = None, **tally: Tally) -> CensusRun:
    return CensusRun(code, None, 1, done=frozenset("ab"), tallies={TABLE: tally["of"]}, finished=ended)


@pytest.mark.parametrize(
    ("running", "finished_ago", "views"),
    [
        (None, None, None),
        (run(of=Tally(3)), None, 3),
        (run(of=Tally(3)), 0, 9),
        (run(of=Tally(3)), 86_400_000, 9),
        (run(of=Tally(3)), 86_400_001, 3),
        (None, 86_400_001, 9),
        (run(of=Tally(3, 1)), 0, 3),
        (run(of=Tally(3, 0, 1)), 0, 3),
        (run("other", of=Tally(3, 1)), 0, 9),
    ],
)
def test_which_census_counts(
    system: System, running: CensusRun | None, finished_ago: int | None, views: int | None
) -> None:
    now = system.rollout.now()
    ended = None if finished_ago is None else run(ended=now - finished_ago, of=Tally(9))
    claim = system.ports.census.claim(0)
    assert claim is not None
    system.ports.census.save(claim, Censuses(running, ended))
    found = gathered(system).census
    assert (found and found.views) == views
    if found is not None:
        assert found == Census(found.code, None, 1, 2, found.views, found.different, found.failed, found.finished)


def test_how_long_each_look_at_the_database_may_take_is_said(system: System) -> None:
    bounds: set[float] = set()

    def limit(seconds: float) -> AbstractContextManager[None]:
        bounds.add(seconds)
        return nullcontext()

    GateLook(system.sources, Looks(system.sources.ping, limit, system.rollout.now), 0).evidence(TABLE)
    assert bounds == {5.0}


def test_the_mode_counts_since_it_was_changed(system: System) -> None:
    system.rollout.mode(SyncMode.DUAL_WRITE, since=17)
    assert gathered(system).mode_since == 17
