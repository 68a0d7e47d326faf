"""Each thing that stands in the way of a component, alone: what is said, and which command comes first."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.rollout.decision import Component
from chalicelib.domain.status.blocks import (
    AlarmsBlock,
    Answers,
    BackendsBlock,
    Block,
    ComparisonsBlock,
    DeadLettersBlock,
    DisplayBlock,
    FlagsBlock,
    MigrationsBlock,
    RingingAlarm,
    ShareBlock,
    Stage,
    SyncBlock,
    Verdict,
    VerifyBlock,
)
from chalicelib.domain.status.flags import Obstacle
from chalicelib.domain.status.verdict import Evidence, Shared, verdict

AWAY = "the database did not answer"
SHARED = Shared(
    sync=SyncBlock(command="mode", mode="dual_write"),
    verify=VerifyBlock(command="verify", at=1, differences=0),
    flags=FlagsBlock(command="flags", global_enabled=True),
    readiness=None,
    alarms=AlarmsBlock(command="alarms", ringing=()),
    display=DisplayBlock(command="display", lagging=0, failing=0, outdated=7),
    dead_letters=DeadLettersBlock(command="letters", count=0),
    migrations=MigrationsBlock(command="migrations", open=()),
)
FINE = Answers(1000, 2, 0.2, 5, 10, 20)
GOOD = Evidence(
    component=Component.ENERGY_TABLE,
    stage=Stage.PARTIAL,
    percent=10,
    share=ShareBlock(command="share", people=100, new=10, percent=10, set=10),
    backends=BackendsBlock(command="backends", old=FINE, new=FINE),
    comparisons=ComparisonsBlock(command="compare", equal=10, different=0, open=0),
    shared=SHARED,
)
DIFFERS = ComparisonsBlock(command="compare", equal=10, different=2, open=1)
CLOSED = FlagsBlock(command="flags", global_enabled=False)
NEW_ONLY = SyncBlock(command="mode", mode="new_only")
BACK = "python -m infra flags rollback energy_table --reason WHY"
PLAN = "python -m infra flags plan energy_table --to"


def seen(**changes: Any) -> Evidence:
    """Where all is well but for what a test says, of the component or of what all share."""
    shared = {name: changes.pop(name) for name in [*changes] if name in Shared.__dataclass_fields__}
    return replace(GOOD, shared=replace(SHARED, **shared), **changes)


def ringing(name: str, severity: str = "critical") -> AlarmsBlock:
    return AlarmsBlock(command="alarms", ringing=(RingingAlarm(name, severity, 1, "python -m infra status"),))


@pytest.mark.parametrize(
    ("evidence", "text", "command"),
    [
        (seen(), "may go on", f"{PLAN} 50"),
        (seen(stage=Stage.OFF, percent=0), "may go on", f"{PLAN} 10"),
        (seen(stage=Stage.TEST, percent=0), "may go on", f"{PLAN} 10"),
        (seen(alarms=ringing("stack-ComponentFailing-dashboard")), "may go on", f"{PLAN} 50"),  # is another's
        (seen(alarms=ringing("stack-BackendsDiffer")), "may go on", f"{PLAN} 50"),  # nothing is open: it rings on
        (seen(alarms=ringing("stack-ComponentDiffers-energy_table")), "may go on", f"{PLAN} 50"),
        (seen(alarms=ringing("stack-MemoryShort-Sweeper", "warning")), "may go on", f"{PLAN} 50"),
        (seen(percent=9.5), "may go on", f"{PLAN} 10"),
        (seen(percent=99), "may go on", f"{PLAN} 100"),
        (seen(stage=Stage.EVERYBODY, percent=100), "may stay: everybody has the new backend", "compare"),
        (seen(stage=Stage.RETIRED), "is done: its flag is retired", "python -m infra flags list"),
        (seen(stage=Stage.RETIRED, comparisons=DIFFERS), "is done: its flag is retired", "python -m infra flags list"),
        (
            seen(stage=Stage.OFF, sync=NEW_ONLY, flags=CLOSED),
            "may stay: everybody has the new backend",  # the flags decide nothing
            "compare",
        ),
    ],
)
def test_where_nothing_stands_in_the_way_it_may_go_on_to_its_next_step(
    evidence: Evidence, text: str, command: str
) -> None:
    assert verdict(evidence) == Verdict(True, text, command)


@pytest.mark.parametrize(
    ("evidence", "text", "command"),
    [
        (seen(comparisons=DIFFERS), "stop, because the backends differ in a way that is open", BACK),
        (
            seen(stage=Stage.TEST, comparisons=replace(DIFFERS, open=3)),
            "stop, because the backends differ in 3 open ways",
            BACK,
        ),
        (seen(stage=Stage.EVERYBODY, comparisons=DIFFERS), "stop, because the backends differ in a way", BACK),
        (
            seen(stage=Stage.OFF, sync=NEW_ONLY, comparisons=DIFFERS),
            "stop, because the backends differ in a way",
            "python -m infra mode set dual_write --reason WHY --wait",  # the flags decide nothing
        ),
        (seen(stage=Stage.OFF, comparisons=DIFFERS), "the backends differ in a way that is open", "compare"),
        (
            seen(verify=VerifyBlock(command="verify", differences=4)),
            "stop, because the last verify found differences (4): mend them, then verify",
            "python -m infra repair",  # which says what --apply would do
        ),
        (
            seen(
                stage=Stage.OFF,
                verify=VerifyBlock(command="verify", differences=4),
                readiness=Obstacle("the last verify found differences (4)", "mend"),
            ),
            "the last verify found differences (4)",
            "mend",
        ),
        (seen(readiness=Obstacle("nobody has compared", "look")), "nobody has compared", "look"),
        (
            seen(sync=SyncBlock(command="mode", stopped="energies is empty")),
            "the sync job is stopped: energies is empty",
            "python -m infra repair",
        ),
        (
            seen(stage=Stage.UNKNOWN, flag_problem="no such member"),
            "its flag cannot be read: no such member",
            "python -m infra flags list",
        ),
        (
            seen(backends=BackendsBlock(command="backends", old=FINE, new=replace(FINE, failures=30))),
            "the new backend fails more often: 30 of 1000, old 2 of 1000",
            "backends",
        ),
        (seen(share=ShareBlock(command="share", mismatch="too many people")), "too many people", "share"),
        (seen(display=DisplayBlock(command="display", failing=1, lagging=2)), "meters cannot be refreshed: 1", "disp"),
        (seen(display=DisplayBlock(command="display", failing=0, lagging=2)), "meters lag behind in the disp", "disp"),
        (seen(dead_letters=DeadLettersBlock(command="letters", count=3)), "dead letters wait for somebody: 3", "lett"),
        (seen(migrations=MigrationsBlock(command="migrations", open=["012_x"])), "scripts are not applied: 012", "mig"),
        (seen(alarms=ringing("stack-ServerErrors")), "an alarm rings: stack-ServerErrors", "python -m infra status"),
        (seen(alarms=ringing("stack-ComponentFailing-energy_table")), "an alarm rings: stack-ComponentFailing", "pyth"),
        (seen(stage=Stage.OFF, flags=CLOSED), "first open the global gate", "python -m infra flags set global --on"),
        (
            seen(stage=Stage.OFF, flags=CLOSED, dead_letters=DeadLettersBlock(command="letters", count=3)),
            "dead letters wait for somebody: 3",  # the gate is opened last
            "letters",
        ),
    ],
)
def test_what_stands_in_the_way_comes_first(evidence: Evidence, text: str, command: str) -> None:
    said = verdict(evidence)
    assert not said.may_go_on
    assert said.text.startswith(text)
    assert said.command.startswith(command)


@pytest.mark.parametrize(
    "block", [*(f"shared.{name}" for name in Shared.__dataclass_fields__), "comparisons", "backends", "share"]
)
def test_who_does_not_know_does_not_go_on(block: str) -> None:
    where, _, name = block.rpartition(".")
    kind = Block if name == "readiness" else type(getattr(GOOD.shared if where else GOOD, name))
    said = verdict(seen(**{name: kind(command=f"look at {name}", problem=AWAY)}))
    assert said == Verdict(False, f"nobody can say: {AWAY}", f"look at {name}")


@pytest.mark.parametrize("block", ["backends", "share"])
def test_of_answers_that_are_not_all_added_up_nobody_can_say_anything(block: str) -> None:
    said = verdict(seen(**{block: replace(getattr(GOOD, block), partial=True)}))
    assert (said.may_go_on, said.command) == (False, getattr(GOOD, block).command)
    assert said.text.startswith("nobody can say: answers are not added up yet")


def test_what_people_see_wrong_comes_before_what_nobody_knows() -> None:
    away = DeadLettersBlock(command="letters", problem=AWAY)
    assert verdict(seen(comparisons=DIFFERS, dead_letters=away)).command == BACK
