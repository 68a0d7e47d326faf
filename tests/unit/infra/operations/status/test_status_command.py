"""What the command ``status`` prints, and how it ends."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from chalicelib.bootstrap.operations import operations
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import IgnoreRule, Outcome
from chalicelib.domain.migration.records.figures import BackendFigures, Share
from chalicelib.domain.migration.rollouts.plan import Plan
from chalicelib.domain.migration.rollouts.rollout import Rollout, Seen, State
from chalicelib.domain.migration.status.blocks import Status
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.domain.migration.sync.reconciliation import SyncStop, Verified
from infra import __main__ as command_line
from infra.operations import drill
from infra.operations.status import commands, printing
from infra.operations.verify import verify
from infra.targets.deployment import Deployment
from tests.unit.services.migration.status.system import AWAY, System, compared

TABLE = Component.ENERGY_TABLE


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """The system that the command looks at, whatever its target."""
    system = System()

    def seen(_target: object, hours: int = 24) -> Status:
        return system.service().status(hours)

    monkeypatch.setattr(commands, "seen", seen)
    monkeypatch.setattr(drill, "seen", seen)
    monkeypatch.setattr(verify, "connected", lambda _: nullcontext(operations(system.ports, system.rollout.now)))
    monkeypatch.setenv("COLUMNS", "250")
    return system


def run(*arguments: str, command: tuple[str, ...] = ("status",)) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run([*command, *arguments, "--stage", "nowhere"])
    return exited.value.code


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    run(*arguments)
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_it_fails_where_a_component_may_not_go_on(
    system: System, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    assert run(*form) == 0
    system.rollout.set(10)
    system.figures.shares[TABLE] = Share(200, 100)
    assert run(*form) == 1
    assert run(*form, "--component", "energy_table") == 1
    assert run(*form, "--component", "dashboard") == 0


def test_programs_get_what_the_route_gives(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    run("--json", "--hours", "5")
    assert json.loads(capsys.readouterr().out) == system.status(5)
    run("--json", "--component", "energy_table")
    alone = json.loads(capsys.readouterr().out)
    assert [each["component"] for each in alone["components"]] == ["energy_table"]
    assert alone.keys() == system.status().keys()


def test_beside_each_figure_is_its_command(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys)
    status = system.status()
    blocks = [block for block in status.values() if isinstance(block, dict)]
    blocks += [block for block in status["components"][0].values() if isinstance(block, dict)]
    for block in blocks:
        assert block["command"] in said


LAST = {"verify": ("verify", "--last"), "drill": ("drill", "last")}


@pytest.mark.parametrize("part", LAST)
def test_the_command_beside_what_is_recorded_prints_it_and_does_nothing(
    system: System, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    figures(system)
    recorded = system.status()[part]
    assert recorded["command"] == " ".join(("python -m infra", *LAST[part]))
    assert run("--json", command=LAST[part]) in (0, None)
    assert json.loads(capsys.readouterr().out) == recorded
    run(command=LAST[part])
    assert capsys.readouterr().out.strip() in shown(capsys)


def test_what_is_recorded_and_cannot_be_read_is_an_error(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    system.rollout.store.down = True
    assert run(command=LAST["drill"]) == 1
    assert "the store is down" in capsys.readouterr().err


def figures(system: System) -> None:
    now = system.rollout.now()
    system.rollout.set(10)
    system.figures.shares[TABLE] = Share(200, 100)
    answers = BackendFigures(1_000, 25, 5.0, 12.527_829, None)
    system.figures.backends[TABLE] = {Backend.OLD: answers, Backend.NEW: replace(answers, answers=1, failures=0)}
    system.rollout.control.save_stop(SyncStop(now, "energies [is] empty"))
    system.rollout.control.save_verified(Verified(now, None, 12, 1, 2, now - 60_000, now - 120_000, now))
    system.ports.records.add_not_published(3)
    system.ports.records.save_drill(RollbackDrill(now, "energy_forms", "code", 500, 2, 14.25, passed=False))


@pytest.mark.parametrize(
    "sentence",
    [
        "energy_table partial 10 %: stop, because the last verify found differences (2)",
        "dual_write since ever; the old side is right; the sync job is stopped: energies [is] empty",
        "has seen all up to 2027-01-15 07:59: 12 meters, 2 differences, 1 lagging; seen first 2027-01-15 07:58, last",
        "100 of 200 people got the new backend (50 %), 10 % are set; chance does not explain that",
        "1000 answers, 25 failed (2.5 %); 5 / 12.5 / - ms (p50 / p95 / p99)",
        "1 answer, 0 failed (0 %)",
        "3 since 2027-01-15",
        "energy_forms, on this code: 2 of 500 writes lost, last new answer after 14.25 s; not passed",
        "alarms 1 rings: stack-DataDiffer (critical) since 2024-05-01 00:00 python -m infra alarms",
        "nobody has asked since the flags changed last; 0 % are set",
        "the global gate is open",
        "set by olga: as planned",
        "all applied",
        "0 lagging, the oldest 0 s; 0 failing; 0 of older rules",
    ],
)
def test_people_read_sentences(system: System, capsys: pytest.CaptureFixture[str], sentence: str) -> None:
    system.rollout.appconfig.now = 1_800_000_000.0
    figures(system)
    system.cloudwatch.add("stack-DataDiffer", "ALARM", "[critical] Data differ. | look: x | act: y")
    assert sentence in shown(capsys)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "rollout running at 10 %, 2 d left, then 50 %; waits: a meter lags python"),
        ({"since": 0}, "rollout running at 10 %, its time is over, then 50 %; waits: a meter lags python"),
        ({"step": 3}, "rollout running at 100 %, nothing comes after it python"),
        ({"step": -1, "seen": None}, "rollout running at the flag as it was, its time is over, then test users python"),
        ({"state": State.STOPPED}, "rollout stopped at 10 %: it is time python"),
    ],
)
def test_a_rollout_is_said_in_a_sentence(
    system: System, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], sentence: str
) -> None:
    now = system.rollout.now()
    begun = Rollout(
        component=TABLE, plan=Plan(), state=State.RUNNING, by="olga", reason="it is time", since=now, step=1
    )
    system.ports.rollouts.save(replace(begun, **({"seen": Seen(now, "a meter lags")} | changes)))
    assert sentence in shown(capsys, "--component", "energy_table")


def test_a_difference_says_whether_it_is_open_or_who_answers_for_it(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    compared(system, TABLE, Outcome.DIFFERENT, new=2)
    assert "; open python -m infra compare report" in shown(capsys)
    [known] = system.component(TABLE)["comparisons"]["fingerprints"]
    now = system.rollout.now()
    for until, said in ((now + 60_000, "; ignored by olga until"), (now, "; open")):
        system.ports.comparisons.save_rule(IgnoreRule(known["fingerprint"], "olga", "a known one", until))
        assert said in shown(capsys)


def test_a_percentage_that_a_switched_off_flag_keeps_is_not_taken_for_one_in_effect(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.rollout.set(20, enabled=False)
    assert "energy_table off (20 % are kept for when it is on):" in shown(capsys)


@pytest.mark.parametrize(("release", "is_said"), [("older", True), ("here", False), ("", False)])
def test_functions_of_another_release_than_the_command_are_named(
    system: System,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    release: str,
    is_said: bool,
) -> None:
    monkeypatch.setattr(commands, "digest_of_sources", lambda _: "here")
    monkeypatch.setattr(Deployment, "parameters", lambda _: {"Release": release})
    assert ("another release than these commands" in shown(capsys)) is is_said


def test_without_anything_ever_done_the_lines_say_so(system: System, printed: Callable[[], list[str]]) -> None:
    run("--component", "energy_table")
    head, *lines = printed()
    verdict = system.component(TABLE)["verdict"]
    assert head == f"energy_table off: {verdict['text']} {verdict['command']}"
    words = ("share", "old", "new", "compared", "feedback", "last change", "rollout")
    assert len(lines) == len(words)
    assert all(line.startswith(f"{word} ") for word, line in zip(words, lines, strict=True))
    said = dict(zip(words, lines, strict=True))
    assert said["old"].startswith("old no answers")
    nothing = "0 equal, 0 different, 0 ignored, 0 lagging, 0 by other rules, 0 failed; open fingerprints: 0"
    assert said["compared"] == f"compared {nothing} python -m infra compare report --hours 24"
    assert said["feedback"].startswith("feedback 0 open, 0 looked at")
    assert said["last change"].startswith("last change never ")
    assert said["rollout"].startswith("rollout none ")


def test_what_all_components_share_stands_before_them(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    system.rollout.appconfig.now = 1_800_000_000.0
    run("--hours", "5")
    head, *lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert head == "stage nowhere at 2027-01-15 08:00 UTC, figures of the last 5 hours"
    assert [(line[:2], line[2:24].rstrip()) for line in lines if line[0] == " "] == [
        ("  ", name)
        for name in (
            "alarms",
            "mode",
            "verify",
            "flags",
            "display",
            "dead letters",
            "events not published",
            "migrations",
            "drill",
            "erasures",
            "old backend",
        )
    ]


def test_a_difference_is_named_with_where_and_how_often_it_was_seen(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.rollout.appconfig.now = 1_800_000_000.0
    compared(system, TABLE, Outcome.DIFFERENT, new=2)
    [known] = system.component(TABLE)["comparisons"]["fingerprints"]
    said = f"{known['fingerprint']} {known['kind']} at {known['place']}, 1 answer, last 2027-01-15 08:00; open"
    assert said in shown(capsys)


def test_what_may_go_on_is_green_and_what_may_not_is_red(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def colours() -> tuple[bool, bool]:
        written = StringIO()
        monkeypatch.setattr(printing, "console", Console(file=written, force_terminal=True, width=250))
        run("--component", "energy_table")
        return "\x1b[32m" in written.getvalue(), "\x1b[31m" in written.getvalue()

    assert colours() == (True, False)
    system.rollout.set(10)
    system.figures.shares[TABLE] = Share(200, 100)
    assert colours() == (False, True)


def test_what_could_not_be_looked_at_says_why_beside_the_rest(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.letters = AWAY
    said = shown(capsys)
    assert "dead letters not known: it did not answer" in said
    assert "all applied" in said


@pytest.mark.usefixtures("impatient")
def test_a_database_alone_has_no_flags_and_no_queue_and_the_rest_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And this one is not there either."""
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")
    monkeypatch.delenv("STACK_NAME", raising=False)
    with pytest.raises(SystemExit) as exited:
        command_line.run(["status", "--json"])
    status: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert exited.value.code == 1
    assert "a database alone" in status["flags"]["problem"]
    assert "a database alone" in status["deadLetters"]["problem"]
    assert "did not answer" in status["sync"]["problem"]
