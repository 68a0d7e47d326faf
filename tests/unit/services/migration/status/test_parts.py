"""The parts of the status, each whole: every member by its name and its exact value."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode, SyncState
from chalicelib.domain.migration.records.comparison_log import ComparisonReport, DifferenceGroup, IgnoreRule, Replay
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures, Share
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout, Seen, State
from chalicelib.domain.migration.status.blocks import Answers, Stage
from chalicelib.domain.migration.status.flags import FlagSeen
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.evidence.looking import Problem
from chalicelib.services.migration.status.parts import (
    backends_block,
    comparisons_block,
    feedback_block,
    rollout_block,
    share_block,
    stage_of,
)
from infra.simulation.memory.account import FakeErasures
from infra.simulation.memory.migration.retirement import FakeRetirementRecords
from infra.simulation.memory.state import Meter
from tests.unit.services.migration.status.system import TABLE, System

HOUR_MS = 3_600_000
FLAG = FlagSeen("energy_table_new_backend", True, Decimal(100), False, 0, 0, False)
GROUP = DifferenceGroup("f1", TABLE, DifferenceKind.VALUE, "amount", 1, 1, 0, 0, ())
ROLLOUT = Rollout(component=TABLE, plan=Plan(), state=State.RUNNING, by="olga", reason="time", since=0, step=0)


@pytest.mark.parametrize(("age", "seconds"), [(0, 0.0), (90_500, 90.5)])
def test_the_oldest_erasure_is_shown_with_its_age(system: System, age: int, seconds: float) -> None:
    assert system.status()["erasures"] == {
        "command": "python -m infra status",
        "waiting": 0,
        "oldestSeconds": None,
    }
    erasures = cast(FakeErasures, system.ports.erasures)
    for user, after in (("alice", age), ("bob", 0)):
        begun = erasures.begin(user, "pseudonym")
        erasures._standing[begun.fence] = replace(begun, requested_at=system.rollout.now() - after)
    shown = system.status()["erasures"]
    assert (shown["waiting"], shown["oldestSeconds"]) == (2, seconds)


def test_an_erasure_that_another_clock_has_begun_is_not_older_than_nothing(system: System) -> None:
    erasures = cast(FakeErasures, system.ports.erasures)
    begun = erasures.begin("alice", "pseudonym")
    erasures._standing[begun.fence] = replace(begun, requested_at=system.rollout.now() + 5_000)
    assert system.status()["erasures"]["oldestSeconds"] == 0.0


def announce(system: System, *brown_outs: BrownOut, sunset: int = 90_000) -> None:
    now = system.rollout.now()
    records = cast(FakeRetirementRecords, system.ports.retirement)
    records.stored = Calendar(
        announced_at=now - 90_000, deprecated_at=now - 90_000, sunset_at=now + sunset, brown_outs=brown_outs
    )


def retirement(system: System) -> dict[str, Any]:
    block = system.service().status(24).retirement
    assert block.command == "python -m infra retire show"
    return {"phase": block.phase, "sunset": block.sunset, "brown_out": block.brown_out, "withheld": block.withheld}


def test_before_anything_is_announced_version_1_says_nothing(system: System) -> None:
    assert system.status()["retirement"] == {
        "command": "python -m infra retire show",
        "phase": "silent",
        "sunset": None,
        "brownOut": None,
        "withheld": None,
    }


def test_an_announced_end_is_shown_with_its_phase(system: System) -> None:
    now = system.rollout.now()
    announce(system)
    assert retirement(system) == {"phase": "deprecated", "sunset": now + 90_000, "brown_out": None, "withheld": None}
    announce(system, sunset=0)
    assert retirement(system)["phase"] == "sunset"


def test_a_brown_out_is_shown_until_its_end(system: System) -> None:
    now = system.rollout.now()
    announce(system, BrownOut(now - 9_000, now), BrownOut(now + 9_000, now + 10_000))
    assert retirement(system)["brown_out"] == now + 9_000, "one that is over is not the next one"
    announce(system, BrownOut(now - 9_000, now + 1), BrownOut(now + 9_000, now + 10_000))
    assert (retirement(system)["brown_out"], retirement(system)["phase"]) == (now - 9_000, "brown_out")


def test_why_the_latest_that_has_begun_was_withheld_is_shown(system: System) -> None:
    now = system.rollout.now()
    first = BrownOut(now - 9_000, now - 8_000, "the page calls")
    announce(system, first, BrownOut(now + 1, now + 2, "not begun"))
    assert retirement(system)["withheld"] == "the page calls"
    announce(system, first, BrownOut(now, now + 2, "the table calls"))
    assert retirement(system)["withheld"] == "the table calls"
    announce(system, first, BrownOut(now, now + 2))
    assert retirement(system)["withheld"] is None
    announce(system, BrownOut(now + 1, now + 2, "not begun"))
    assert retirement(system)["withheld"] is None


def test_the_last_drill_is_shown_whole(system: System) -> None:
    drill = RollbackDrill(1_700_000_000_000, "energy_forms", "code", 500, 2, 14.256, False)
    system.ports.records.save_drill(drill)
    assert system.status()["drill"] == {
        "command": "python -m infra drill last",
        "at": "2023-11-14T22:13:20Z",
        "component": "energy_forms",
        "code": "code",
        "isThisCode": True,
        "writes": 500,
        "lostWrites": 2,
        "lastNewAnswerSeconds": 14.26,
        "passed": False,
    }


def test_the_small_parts_say_their_figure_and_their_command(system: System) -> None:
    system.ports.records.add_not_published(3)
    cast(Any, system.ports.records).open = ["016_what_comes_next"]
    system.letters = 4
    system.cloudwatch.add("stack-SyncStopped", "ALARM", "[critical] it rings")
    status = system.service().status(24)
    assert status.events_not_published.as_document() == {
        "command": "python -m infra status",
        "count": 3,
        "since": system.status()["at"],
    }
    assert status.migrations.as_document() == {
        "command": "python -m migrations status",
        "open": ["016_what_comes_next"],
    }
    assert status.dead_letters.as_document() == {"command": "python -m infra dlq ls", "count": 4}
    assert (status.alarms.command, [each.name for each in status.alarms.ringing or ()]) == (
        "python -m infra alarms",
        ["stack-SyncStopped"],
    )


def test_without_cloudwatch_the_alarms_say_why_with_the_command(system: System) -> None:
    system.cloudwatch.down = True
    alarms = system.status()["alarms"]
    assert alarms["command"] == "python -m infra alarms"
    assert "problem" in alarms
    system.letters = ValueError("no")
    assert system.status()["deadLetters"]["command"] == "python -m infra dlq ls"


def test_a_mode_that_drains_and_catches_up_is_shown_so(system: System) -> None:
    now = system.rollout.now()
    system.rollout.store.stored.sync = SyncState(SyncMode.DUAL_WRITE, now - 1_250, Side.NEW)
    block = system.service().status(24).sync
    assert (block.mode, block.since) == ("dual_write", now - 1_250)
    assert (block.authoritative, block.catching_up) == ("new", "new")
    assert block.drain_seconds == 89.8


def test_the_display_says_how_many_meters_show_figures_of_older_rules(system: System) -> None:
    meters = system.rollout.store.stored.meters
    meters["alice", EnergyType.POWER] = Meter(replace(Meter().state, source_version=1, calculation_version=1))
    assert system.status()["display"] == {
        "command": "python -m infra sweep --list",
        "lagging": 0,
        "oldestSeconds": 0.0,
        "failing": 0,
        "outdated": 1,
    }


def test_how_far_the_display_is_behind_is_said_to_a_tenth_of_a_second(system: System) -> None:
    meters = system.rollout.store.stored.meters
    meters["alice", EnergyType.POWER] = Meter(MeterState(2, 1, system.rollout.now() - 75_260))
    display = system.status()["display"]
    assert (display["lagging"], display["oldestSeconds"], display["failing"]) == (1, 75.3, 0)


@pytest.mark.parametrize(
    ("flag", "is_open", "stage"),
    [
        (None, True, Stage.UNKNOWN),
        (replace(FLAG, retired=True, enabled=False), False, Stage.RETIRED),
        (replace(FLAG, enabled=False), True, Stage.OFF),
        (FLAG, False, Stage.OFF),
        (replace(FLAG, percent=Decimal(0)), True, Stage.OFF),
        (replace(FLAG, percent=Decimal(0), test_users=1), True, Stage.TEST),
        (replace(FLAG, percent=Decimal("0.001")), True, Stage.PARTIAL),
        (replace(FLAG, percent=Decimal("99.999")), True, Stage.PARTIAL),
        (FLAG, True, Stage.EVERYBODY),
    ],
)
def test_the_stage_of_a_flag(flag: FlagSeen | None, is_open: bool, stage: Stage) -> None:
    assert stage_of(flag, is_open=is_open) is stage


@pytest.mark.parametrize(
    ("flag", "wanted"), [(FLAG, 100.0), (replace(FLAG, enabled=False), 0.0), (None, 0.0)], ids=["on", "off", "none"]
)
def test_a_flag_that_is_off_has_set_nothing(flag: FlagSeen | None, wanted: float) -> None:
    block = share_block(Share(3, 1, partial=True), flag, "look")
    assert (block.command, block.set, block.percent, block.partial) == ("look", wanted, 33.333, True)
    assert (block.people, block.new) == (3, 1)
    nobody = share_block(Share(0, 0), flag, "look")
    assert (nobody.people, nobody.percent, nobody.partial) == (0, None, False)


def test_what_cannot_be_looked_at_keeps_its_command() -> None:
    problem = Problem("it did not answer")
    blocks = [
        share_block(problem, FLAG, "look"),
        backends_block(problem, "look"),
        feedback_block(problem, TABLE, "look"),
    ]
    assert [(each.command, each.problem) for each in blocks] == [("look", "it did not answer")] * 3
    for report, kept in ((problem, []), (ComparisonReport({}, []), problem)):
        block = comparisons_block(report, kept, TABLE, 0, 5)
        assert (block.command, block.problem) == ("python -m infra compare report --hours 5", "it did not answer")
    rollout = rollout_block(problem, TABLE, 0)
    assert (rollout.command, rollout.problem) == ("python -m infra rollout status energy_table", "it did not answer")
    assert rollout_block(None, TABLE, 0).command == "python -m infra rollout status energy_table"


def test_the_failures_of_a_backend_are_a_share_of_its_answers() -> None:
    found = ComponentFigures(TABLE, 0, {}, 0, 0, partial=True)
    block = backends_block(found, "look")
    assert (block.command, block.old, block.partial) == ("look", Answers(0, 0, None, None, None, None), True)
    figures = {"old": BackendFigures(3, 1, 1.04, 2.06, 3.0), "new": BackendFigures(7, 0, 1.0, 2.0, 3.0)}
    block = backends_block(replace(found, backends=cast(Any, figures)), "look")
    assert (block.old, block.new) == (
        Answers(3, 1, 33.333, 1.0, 2.1, 3.0),
        Answers(7, 0, 0.0, 1.0, 2.0, 3.0),
    )


@pytest.mark.parametrize(
    ("age", "hours"), [(0, 5), (5 * HOUR_MS, 5), (5 * HOUR_MS + 1, 6), (6 * HOUR_MS, 6), (6 * HOUR_MS + 1, 7)]
)
def test_the_command_reaches_back_to_the_last_sighting_of_what_is_open(age: int, hours: int) -> None:
    now = 1_700_000_000_000
    seen = replace(GROUP, last=now - age)
    other = replace(GROUP, component=Component.DASHBOARD, last=0)
    block = comparisons_block(ComparisonReport({}, []), [seen, other], TABLE, now, 5)
    assert (block.command, block.open) == (f"python -m infra compare report --hours {hours}", 1)


def test_what_somebody_answers_for_or_what_is_gone_is_not_open() -> None:
    rules = [IgnoreRule("f1", "olga", "known", until) for until in (99, 100, 101)]
    kept = [*(replace(GROUP, rule=rule) for rule in rules), replace(GROUP, gone=Replay("f1", "otto", 5, {}, 0))]
    assert comparisons_block(ComparisonReport({}, []), kept, TABLE, 100, 5).open == 2


def test_fifty_fingerprints_are_shown_the_recent_ones_first_and_each_once() -> None:
    recent = [replace(GROUP, fingerprint=f"f{number}") for number in range(49)]
    older = [recent[3], *(replace(GROUP, fingerprint=f"o{number}") for number in range(2))]
    other = replace(GROUP, component=Component.DASHBOARD)
    block = comparisons_block(ComparisonReport({}, [other, *recent]), older, TABLE, 0, 5)
    assert [each.fingerprint for each in block.fingerprints or ()] == [*(each.fingerprint for each in recent), "o0"]
    assert block.open == 3, "what is not shown is counted"


@pytest.mark.parametrize(("now", "left"), [(0, 86_400), (1_001, 86_398), (86_400_000, 0), (99_000_000, 0)])
def test_the_time_that_a_step_is_still_held_is_in_whole_seconds(now: int, left: int) -> None:
    assert rollout_block(ROLLOUT, TABLE, now).seconds_left == left


def test_a_rollout_without_a_step_and_without_a_look_says_neither() -> None:
    block = rollout_block(replace(ROLLOUT, step=-1), TABLE, 0)
    assert (block.step, block.next, block.waits) == (None, "test users", None)
    done = rollout_block(replace(ROLLOUT, step=3, seen=Seen(0, "")), TABLE, 0)
    assert (done.step, done.next, done.waits) == ("100 %", None, "")


def test_feedback_that_somebody_has_looked_at_is_everything_that_is_not_open() -> None:
    block = feedback_block({TABLE: {"open": 2, "equal": 3, "lag": 4}}, TABLE, "look")
    assert (block.command, block.open, block.looked) == ("look", 2, 7)
    assert (feedback_block({}, TABLE, "look").open, feedback_block({}, TABLE, "look").looked) == (0, 0)


def noting(asked: set[tuple[Any, ...]], answer: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*given: Any) -> Any:
        asked.add(given)
        return answer(*given)

    return noted


def test_what_the_status_asks_for_is_as_little_as_it_shows(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    now, ports = system.rollout.now(), system.ports
    five, day = now - 5 * HOUR_MS, now - 24 * HOUR_MS
    expected: list[tuple[Any, str, Callable[..., Any], set[tuple[Any, ...]]]] = [
        (ports.comparisons, "report", lambda _: ComparisonReport({}, []), {(five,)}),
        (ports.comparisons, "groups", lambda _: [], {(0,)}),
        (ports.feedback, "report", ports.feedback.report, {(five, 1)}),
        (ports.flag_history, "changes", lambda *_: [], {(f"{each}_new_backend", 1) for each in Component}),
        (system.figures, "figures", system.figures.figures, {(each, at) for each in Component for at in (five, day)}),
    ]
    asked = [set[tuple[Any, ...]]() for _ in expected]
    for (port, name, answer, _), noted in zip(expected, asked, strict=True):
        monkeypatch.setattr(port, name, noting(noted, answer))
    system.status(hours=5)
    assert asked == [wanted for *_, wanted in expected]


def test_the_answers_of_a_day_are_looked_at_once_where_they_are_shown_too(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Component] = []
    real = system.figures.figures

    def figures(component: Component, since: int) -> ComponentFigures:
        looks.append(component)
        return real(component, since)

    monkeypatch.setattr(system.figures, "figures", figures)
    system.status(hours=24)
    assert looks == [*Component]


def test_what_a_flag_is_set_to_is_shown_beside_its_stage(system: System) -> None:
    system.rollout.known("alice", "bob")
    system.rollout.set(50, exact=True, test_users=("tim", "tom"), block=("bob",))
    names = ("component", "flag", "enabled", "percent", "exact", "testUsers", "blockedUsers")
    shown = system.component()
    assert [shown[name] for name in names] == ["energy_table", "energy_table_new_backend", True, "50", True, 2, 1]
    system.rollout.set(enabled=False)
    assert system.component()["enabled"] is False
