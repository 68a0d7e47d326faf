"""The status on the fakes: what each part says, and that each fails alone."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.records.comparison_log import ComparisonReport, Outcome
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures, Share
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout as RolloutRecord
from chalicelib.domain.migration.rollouts.rollout import Seen, State
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import SyncStop, Verified
from chalicelib.domain.ports.values import MeterState
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.status.parts import HOUR_MS, comparisons_block
from infra.simulation.memory.state import Meter
from tests.unit.flags.rollout import REQUEST
from tests.unit.services.migration.status.system import AWAY, FORMS, TABLE, System, compared


def test_a_system_at_rest_is_shown_whole(system: System) -> None:
    status = system.status()
    assert (status["hours"], status["verify"]["differences"], status["verify"]["firstSeen"]) == (24, 0, None)
    assert status["sync"] == {
        "command": "python -m infra mode show",
        "mode": "dual_write",
        "since": None,
        "authoritative": "old",
        "catchingUp": None,
        "drainSeconds": 0.0,
        "stopped": None,
    }
    assert status["flags"] == {
        "command": "python -m infra flags list",
        "version": system.rollout.flags.overview.listing().document.version,
        "inUse": status["flags"]["version"],
        "globalEnabled": True,
        "overruled": None,
    }
    assert [each["component"] for each in status["components"]] == [*Component]
    assert {each["verdict"]["text"] for each in status["components"]} == {"may go on"}
    assert (status["display"]["lagging"], status["display"]["failing"], status["deadLetters"]["count"]) == (0, 0, 0)
    assert (status["migrations"]["open"], status["erasures"]["waiting"]) == ([], 0)
    assert status["drill"]["isThisCode"] is True
    assert status["eventsNotPublished"]["since"] is None


def test_every_part_says_the_command_that_prints_its_detail(system: System) -> None:
    def blocks(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            yield value
            for item in value.values():
                yield from blocks(item)
        elif isinstance(value, list):
            for item in value:
                yield from blocks(item)

    commands = [block["command"] for block in blocks(system.status(hours=5)) if "command" in block]
    assert len(commands) == 11 + 6 * 7
    assert all(command.startswith(("python -m infra ", "python -m migrations ")) for command in commands)
    assert any(command.endswith("--hours 5") for command in commands)


@pytest.mark.parametrize(
    ("patch", "stage", "percent"),
    [
        ({}, "off", "0"),
        ({"enabled": True}, "off", "0"),
        ({"enabled": True, "test_users": ("tim",)}, "test", "0"),
        ({"percent": 12.5}, "partial", "12.5"),
        ({"percent": 100}, "everybody", "100"),
        ({"percent": 20, "enabled": False}, "off", "20"),
        ({"retire": True}, "retired", "0"),
    ],
)
def test_the_stage_of_a_component_is_what_people_get(
    system: System, patch: dict[str, Any], stage: str, percent: str
) -> None:
    if patch:
        system.rollout.set(**patch)
    shown = system.component()
    assert (shown["stage"], shown["percent"]) == (stage, percent)
    assert shown["lastChange"]["reason"] == ("as planned" if patch else None)
    assert system.component(FORMS)["lastChange"]["at"] is None


def test_behind_a_closed_gate_every_component_is_off(system: System) -> None:
    system.rollout.set(50)
    system.rollout.flags.changes.kill(REQUEST)
    assert {each["stage"] for each in system.status()["components"]} == {"off"}
    assert system.component()["verdict"]["command"] == "python -m infra flags set global --on --reason WHY"


def test_who_really_got_the_new_backend_is_held_against_what_is_set(system: System) -> None:
    system.rollout.set(10)
    system.figures.shares[TABLE] = Share(people=200, new=22)
    share = system.component()["share"]
    assert (share["people"], share["new"], share["percent"], share["set"]) == (200, 22, 11.0, 10.0)
    assert share["mismatch"] is None
    system.figures.shares[TABLE] = Share(people=200, new=60)
    shown = system.component()
    assert shown["share"]["mismatch"].startswith("60 of 200 people got the new backend (30.0 %), though 10 % are set")
    assert shown["verdict"] == {
        "mayGoOn": False,
        "text": shown["share"]["mismatch"],
        "command": "python -m infra status --component energy_table",
    }


ROLLOUT = RolloutRecord(
    component=TABLE, plan=Plan(), state=State.RUNNING, by="olga", reason="it is time", since=0, step=1
)


def test_a_rollout_says_where_it_is_and_what_comes_next(system: System) -> None:
    assert system.component()["rollout"]["state"] is None
    seen = Seen(system.rollout.now(), "a meter lags")
    system.ports.rollouts.save(replace(ROLLOUT, since=system.rollout.now(), seen=seen))
    assert system.component()["rollout"] == {
        **{"state": "running", "by": "olga", "reason": "it is time", "step": "10 %", "next": "50 %"},
        **{"secondsLeft": 2 * 86_400, "waits": "a meter lags"},
        "command": "python -m infra rollout status energy_table",
    }
    assert system.component(FORMS)["rollout"]["state"] is None


@pytest.mark.parametrize(("state", "following"), [(State.PAUSED, "50 %"), (State.STOPPED, None), (State.ABORTED, None)])
def test_nothing_follows_by_itself_where_a_rollout_does_not_run(
    system: System, state: State, following: str | None
) -> None:
    system.ports.rollouts.save(replace(ROLLOUT, state=state, seen=Seen(0, "old news")))
    shown = system.component()["rollout"]
    assert (shown["state"], shown["next"], shown["secondsLeft"], shown["waits"]) == (state, following, None, None)


def test_a_record_of_rollouts_that_does_not_answer_is_said(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.ports.rollouts, "all", lambda: (_ for _ in ()).throw(AWAY))
    shown = system.component()
    assert shown["rollout"]["problem"] == str(AWAY)
    assert shown["verdict"]["mayGoOn"] is False


def test_figures_without_the_older_answers_say_so(system: System) -> None:
    system.figures.shares[TABLE] = Share(people=200, new=0, partial=True)
    shown = system.component()
    assert (shown["share"]["partial"], shown["backends"]["partial"]) == (True, False)
    assert shown["verdict"]["text"].startswith("nobody can say: answers are not added up yet")
    assert system.component(FORMS)["verdict"]["mayGoOn"] is True


def test_a_list_of_people_is_no_sample(system: System) -> None:
    system.rollout.known("alice", "bob")
    system.rollout.set(50, exact=True)
    system.figures.shares[TABLE] = Share(people=200, new=1)
    assert system.component()["share"]["mismatch"] is None


def test_both_backends_are_shown_beside_each_other(system: System) -> None:
    old, new = BackendFigures(1_000, 1, 5.0, 10.0, 20.0), BackendFigures(500, 50, 5.0, 10.04321, 2_000.0)
    system.figures.backends[TABLE] = {Backend.OLD: old, Backend.NEW: new}
    shown = system.component()
    assert shown["backends"]["new"] == {
        "answers": 500,
        "failures": 50,
        "failurePercent": 10.0,
        "p50": 5.0,
        "p95": 10.0,
        "p99": 2_000.0,
    }
    assert shown["verdict"]["text"].startswith("the new backend fails more often: 50 of 500")
    nothing = system.component(FORMS)["backends"]["old"]
    assert nothing == {
        "answers": 0,
        "failures": 0,
        "failurePercent": None,
        **dict.fromkeys(("p50", "p95", "p99")),
    }


def test_differences_that_people_see_stop_a_component_and_no_other(system: System) -> None:
    system.rollout.set(10)
    compared(system, TABLE, Outcome.EQUAL)
    compared(system, TABLE, Outcome.DIFFERENT, new=2)
    compared(system, FORMS, Outcome.LAG)
    shown = system.component()
    comparisons = shown["comparisons"]
    assert (comparisons["equal"], comparisons["different"], comparisons["open"]) == (1, 1, 1)
    [fingerprint] = comparisons["fingerprints"]
    assert (fingerprint["place"], fingerprint["answers"], fingerprint["users"]) == ("amount", 1, 1)
    assert fingerprint["first"] == fingerprint["last"] == system.status()["at"]
    assert fingerprint["ignoredBy"] is fingerprint["gone"] is None
    assert shown["verdict"]["text"].startswith("stop, because")
    assert shown["verdict"]["command"] == "python -m infra flags rollback energy_table --reason WHY"
    others = system.component(FORMS)
    assert (others["comparisons"]["lagging"], others["verdict"]["mayGoOn"]) == (1, True)


@pytest.mark.parametrize("hours", [1, 24, 720])
def test_an_open_difference_is_not_forgotten_because_it_is_old(system: System, hours: int) -> None:
    """Two days old; only the hours that are shown change with ``hours``."""
    compared(system, TABLE, Outcome.DIFFERENT, new=2)
    system.rollout.appconfig.now += 2 * 24 * 3600
    system.all_is_well()
    shown = next(each for each in system.status(hours)["components"] if each["component"] == TABLE)
    assert (shown["comparisons"]["open"], len(shown["comparisons"]["fingerprints"])) == (1, 1)
    assert shown["verdict"]["mayGoOn"] is False
    assert shown["verdict"]["command"] == f"python -m infra compare report --hours {max(hours, 48)}"
    assert system.component(FORMS)["verdict"]["mayGoOn"] is True


@pytest.mark.parametrize("hours", [1, 24, 720])
def test_the_failures_that_decide_are_those_of_a_day_whatever_is_shown(system: System, hours: int) -> None:
    failing_now = {
        Backend.OLD: BackendFigures(1_000, 1, 5.0, 10.0, 20.0),
        Backend.NEW: BackendFigures(500, 50, 5, 9, 9),
    }
    asked: list[int] = []

    def figures(component: Component, since: int) -> ComponentFigures:
        age = (system.rollout.now() - since) // HOUR_MS
        asked.append(age)
        return ComponentFigures(component, since, failing_now if age == 24 else {}, 0, 0)

    system.figures.figures = figures  # type: ignore[method-assign]
    shown = next(each for each in system.status(hours)["components"] if each["component"] == TABLE)
    assert shown["verdict"]["text"].startswith("the new backend fails more often: 50 of 500")
    assert shown["verdict"]["command"].endswith("--component energy_table --hours 24")
    assert shown["backends"]["new"]["answers"] == (500 if hours == 24 else 0)
    assert {*asked} == {24, hours}


def test_feedback_is_counted_by_whether_somebody_has_looked(system: System) -> None:
    given = Feedback(TABLE, {}, Backend.OLD, Reason.COMPONENT_OFF, {})
    parameters: list[dict[str, Any] | None] = [{}, {}, None]
    for asked in parameters:
        system.ports.feedback.add("alice", replace(given, parameters=asked), "p", system.rollout.now())
    feedback = system.component()["feedback"]
    assert (feedback["open"], feedback["looked"]) == (2, 1)


def test_what_all_components_wait_for_is_shown(system: System) -> None:
    control, records = system.rollout.control, system.ports.records
    now = system.rollout.now()
    control.save_stop(SyncStop(now, "energies is empty"))
    control.save_verified(Verified(now, None, 12, 1, 2, now - 5_000, now - 9_000, now))
    records.add_not_published(3)
    records.save_drill(RollbackDrill(now, "energy_forms", "code", 500, 0, 14.257, True))
    system.letters = 4
    status = system.status()
    assert status["sync"]["stopped"] == "energies is empty"
    verify = status["verify"]
    assert (verify["meters"], verify["lagging"], verify["differences"]) == (12, 1, 2)
    assert verify["firstSeen"] < verify["upTo"] < verify["lastSeen"] == verify["at"] == status["at"]
    assert status["eventsNotPublished"]["count"] == 3
    assert status["deadLetters"]["count"] == 4
    assert (status["drill"]["lastNewAnswerSeconds"], status["drill"]["isThisCode"]) == (14.26, True)
    assert {each["verdict"]["mayGoOn"] for each in status["components"]} == {False}


@pytest.mark.parametrize(("release", "same"), [("code", True), ("other", False), ("", None)])
def test_a_drill_says_whether_it_was_made_on_this_code(system: System, release: str, same: bool | None) -> None:
    system.release = release
    system.ports.records.save_drill(RollbackDrill(5, "energy_forms", "code", 500, 0, 14.0, True))
    assert system.status()["drill"]["isThisCode"] is same


def test_a_meter_that_lags_longer_than_a_refresh_takes_is_shown_with_its_age(system: System) -> None:
    now, meters = system.rollout.now(), system.rollout.store.stored.meters
    meters["alice", EnergyType.POWER] = Meter(MeterState(2, 1, now - 29_000))
    assert system.status()["display"]["lagging"] == 0
    assert system.component()["verdict"]["mayGoOn"]
    meters["bob", EnergyType.POWER] = Meter(MeterState(2, 1, now - 75_000))
    display = system.status()["display"]
    assert (display["lagging"], display["oldestSeconds"]) == (1, 75.0)
    assert system.component()["verdict"]["command"] == "python -m infra sweep --list"
    system.rollout.mode(SyncMode.OLD_ONLY)
    display = system.status()["display"]
    assert (display["lagging"], display["oldestSeconds"]) == (0, 0.0), "nothing is shown from the new side"


def test_where_nothing_was_compared_everything_is_0() -> None:
    block = comparisons_block(ComparisonReport({}, [], []), [], Component.ENERGY_TABLE, 0, 24)
    counts = (block.equal, block.different, block.lagging, block.ignored, block.failed, block.other_calculation)
    assert (counts, block.open, block.fingerprints) == ((0, 0, 0, 0, 0, 0), 0, [])


def test_each_outcome_is_counted_by_itself() -> None:
    outcomes = {outcome: number for number, outcome in enumerate(Outcome, start=1)}
    report = ComparisonReport({Component.ENERGY_TABLE: outcomes}, [], [])
    block = comparisons_block(report, [], Component.ENERGY_TABLE, 0, 24)
    counts = (block.equal, block.different, block.lagging, block.ignored, block.failed, block.other_calculation)
    order = ["EQUAL", "DIFFERENT", "LAG", "IGNORED", "FAILED", "OTHER_CALCULATION"]
    assert counts == tuple(outcomes[Outcome[name]] for name in order)
