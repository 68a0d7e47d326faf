"""The retirement's commands: input is checked before anything is reached; what they print and how they end."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest

from chalicelib.bootstrap.operations import operations
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, MINUTE_MS, BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import LISTED, V1Call, V1Caller
from chalicelib.domain.readings import moment
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from infra.operations.flags import stale
from infra.operations.retire import calendar, ending, of_target, printing
from infra.operations.sync import comparing
from infra.removal.references import Reference
from infra.targets import target as target_module
from infra.targets.flags import Flags
from infra.targets.target import Target
from tests.unit.infra.exit_code import exit_code
from tests.unit.services.migration.retirement.ended import Ended

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
BECAUSE = ("--reason", "a test")
CALLER = "0123456789abcdef" * 2
PLACE = ("--uri", "mongodb://127.0.0.1:1/", "--database", "nothing")


def run(*arguments: str, place: tuple[str, ...] = PLACE) -> int | str | None:
    return exit_code(command_line.run, "retire", *arguments, *place)


@contextmanager
def nothing(_target: Target) -> Iterator[Any]:
    try:
        yield None
    except EnergyMonitorError as error:
        raise OperatorError(str(error)) from error


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    """A system in which everything has moved, in the place of the target."""
    ended = Ended()
    replaced = {
        "database_of": nothing,
        "shell_ports": lambda _: ended.ports,
        "shell_operations": lambda *_: operations(ended.ports, ended.rollout.now),
        "overview_of": lambda *_: lambda: ended.rollout.flags.overview,
        "references_of": lambda _: [],
        "now": ended.rollout.now,
        "person": lambda: "olga",
    }
    for module, name in product((calendar, of_target, ending, printing), replaced):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, replaced[name])
    monkeypatch.setenv("COLUMNS", "250")
    return ended


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def in_days(ended: Ended, days: int) -> str:
    return moment(ended.rollout.now() + days * DAY_MS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("announce", "--sunset", "soon", *BECAUSE), "neither a date (2024-11-01) nor a date-time"),
        (("announce", "--sunset", "2100-02-30", *BECAUSE), "does not exist"),
        (("announce", "--sunset", "2100-01-01", "--deprecated", "x", *BECAUSE), "neither a date"),
        (("brownout", "add", "--from", "now", "--for", "long", *BECAUSE), "such as 15m or 2h"),
        (("brownout", "add", "--from", "then", "--for", "1h", *BECAUSE), "neither a date"),
        (("brownout", "remove", "then", *BECAUSE), "neither a date"),
        (("optout", "add", "alice", "--until", "2100-01-01", *BECAUSE), "'alice' is no caller"),
        (("optout", "remove", "alice", *BECAUSE), "'alice' is no caller"),
    ],
)
def test_input_is_checked_before_anything_is_reached(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    printed = capsys.readouterr()
    assert (printed.out, said in printed.err) == ("", True)


@pytest.mark.parametrize("place", [("--stage", "dev"), PLACE])
def test_a_rehearsal_is_no_way_to_do_without_notice_but_on_a_laptop_stack(
    place: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("announce", "--sunset", "2100-01-01", "--rehearsal", *BECAUSE, place=place) == 1
    assert "--rehearsal gives no notice" in capsys.readouterr().err


def test_a_laptop_stack_is_rehearsed_on(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended.records.stored = None
    monkeypatch.setattr(target_module, "known_stack", lambda name: Layout(name, Ports()))
    monkeypatch.delenv("MONGODB_URI", raising=False)
    sunset = moment(ended.rollout.now() + 60_000)
    asked = ("announce", "--sunset", sunset, "--rehearsal", *BECAUSE, "--json")
    assert run(*asked, place=("--name", "nowhere")) == 0
    assert json.loads(capsys.readouterr().out)["rehearsal"] is True


def test_the_end_is_announced_shown_and_moved(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    ended.records.stored = None
    assert run("show") == 1
    assert "first: python -m infra retire announce" in capsys.readouterr().err
    assert run("show", "--json") == 1
    assert json.loads(capsys.readouterr().out)["phase"] == "silent"
    assert run("announce", "--sunset", in_days(ended, 27), *BECAUSE) == 1
    assert "28 days before it" in capsys.readouterr().err
    assert run("announce", "--sunset", in_days(ended, 60), *BECAUSE) == 0
    assert "olga: a test" in shown(capsys)
    assert run("announce", "--sunset", in_days(ended, 50), *BECAUSE) == 1
    assert "say --yes" in capsys.readouterr().err
    assert run("announce", "--sunset", in_days(ended, 50), "--yes", *BECAUSE, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["phase"], found["sunsetAt"]) == ("deprecated", in_days(ended, 50))
    assert run("show") == 0
    printed = shown(capsys)
    assert f"announced {in_days(ended, 0)[:-1].replace('T', ' ')} deprecated" in printed
    assert run("show", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {**found, "withheld": None}
    sunset = f"{in_days(ended, 70)[:10]}T12:00"
    assert run("announce", "--sunset", sunset, *BECAUSE) == 0
    assert f"sunset {sunset.replace('T', ' ')} " in shown(capsys), "no seconds where there are none"


def test_brown_outs_are_planned_listed_and_taken_back(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    ended.records.stored = None
    run("announce", "--sunset", in_days(ended, 60), *BECAUSE)
    start = in_days(ended, 9)
    assert run("brownout", "add", "--from", start, "--for", "2h", *BECAUSE) == 0
    assert f"│ {start} │" in shown(capsys)
    assert run("brownout", "list") == 0
    assert f"{start}" in shown(capsys)
    assert run("brownout", "list", "--json") == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["from"], found["withheld"]) == (start, None)
    ended.rollout.set(50)
    assert run("brownout", "add", "--from", in_days(ended, 20), "--for", "2h", *BECAUSE) == 1
    assert "the old backend still answers our own page" in capsys.readouterr().err
    assert (run("brownout", "remove", start, *BECAUSE), "no brown-out is planned" in shown(capsys)) == (0, True)
    assert run("brownout", "remove", start, *BECAUSE) == 1


def test_a_withheld_brown_out_says_since_when_and_why(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    calendar = ended.calendar
    start = calendar.brown_outs[0].start
    ended.records.mark_withheld(calendar, start, "the page calls", start + 50 * MINUTE_MS + 7_000)
    assert run("brownout", "list") == 0
    assert f"withheld from {moment(start + 50 * MINUTE_MS + 7_000)} on: the page calls" in shown(capsys)
    ended.records.record(V1Call(CALLER, "page", "GET /v1/energy"), ended.rollout.now())
    assert run("show") == 0
    assert (
        "no brown-out would begin now: our own page or components still call: the page calls GET /v1/energy"
        in shown(capsys)
    )


def test_a_list_of_callers_that_is_cut_says_so(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(LISTED + 1):
        ended.records.record(V1Call(f"{number:032x}", "curl", "GET /v1/energy"), ended.rollout.now())
    assert run("callers") == 1
    assert "and 1 more, called before these" in shown(capsys)
    assert run("callers", "--json") == 1
    assert json.loads(capsys.readouterr().out)["more"] == 1
    run("check")
    assert f"by at least {LISTED} people with curl" in shown(capsys)


def test_a_caller_is_listed_and_spared_for_a_while(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    ended.records.stored = None
    assert run("callers") == 0
    assert shown(capsys) == "nobody has called version 1 in the last 35 days"
    ended.records.record(V1Call(CALLER, "[bold]", "PUT /v1/energy/{reading_id}"), ended.rollout.now())
    assert run("callers") == 1
    printed = shown(capsys)
    assert CALLER in printed
    assert "[bold]" in printed
    assert run("callers", "--json") == 1
    assert json.loads(capsys.readouterr().out)["callers"][0]["calls"] == 1
    run("announce", "--sunset", in_days(ended, 60), *BECAUSE)
    assert run("optout", "add", CALLER, "--until", in_days(ended, 9), *BECAUSE) == 0
    assert f"{CALLER} until" in shown(capsys)
    assert run("optout", "remove", CALLER, *BECAUSE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["optOuts"] == []


def test_what_is_in_the_way_is_listed_with_its_command(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    assert shown(capsys) == "nothing blocks it: python -m infra retire apply --reason WHY"
    assert run("check", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    ended.rollout.set(50)
    assert run("check") == 1
    blocks = "components blocks: energy_table: its flag is at 50 % python -m infra status --component energy_table"
    assert shown(capsys) == blocks
    assert run("check", "--json") == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "part": "components",
            "text": "energy_table: its flag is at 50 %",
            "command": "python -m infra status --component energy_table",
            "unknown": False,
            "mayBeForced": False,
        }
    ]


def test_references_that_the_removal_leaves_are_in_the_way(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended.blockers() == []
    monkeypatch.setattr(ending, "references_of", lambda _: [Reference("app.py", 7)])
    assert run("check") == 1
    assert "1 line that the removal leaves name a flag: app.py:7" in shown(capsys)
    assert run("apply", "--force", *BECAUSE) == 0


def test_a_removal_that_cannot_be_planned_is_in_the_way(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unfit(_: Path) -> list[Reference]:
        raise OperatorError("manifest.toml does not fit the project; correct it:\nnowhere: it is not there")

    assert ended.blockers() == []
    monkeypatch.setattr(ending, "references_of", unfit)
    assert run("check") == 1
    said = "nobody can say which references to flags the removal takes away: manifest.toml does not fit the project"
    assert said in shown(capsys)
    assert run("apply", "--force", *BECAUSE) == 1


def test_the_mode_is_taken_to_new_only_once_nothing_is_in_the_way(
    ended: Ended, capsys: pytest.CaptureFixture[str]
) -> None:
    ended.rollout.set(50)
    assert run("apply", *BECAUSE) == 1
    printed = capsys.readouterr().err
    assert "its flag is at 50 %; first: python -m infra status --component energy_table" in printed
    assert "nothing was changed" in printed
    assert run("apply", "--force", *BECAUSE) == 1, "people are on the old backend"
    assert ended.rollout.store.sync().mode is SyncMode.DUAL_WRITE
    ended.rollout.set(100)
    ended.rollout.appconfig.pass_time(14 * 86_400)
    assert run("apply", *BECAUSE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "new_only"
    assert ended.ports.sync_control.changes()[-1].reason == "a test"
    assert run("apply", *BECAUSE) == 0, "it is so already"


def test_workers_compare_everything_before_the_end(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int | None] = []

    def differences(_: Target, ranges: int) -> int:
        asked.append(ranges)
        return 3

    monkeypatch.setattr(comparing, "_differences", differences)
    assert run("apply", "--fan-out", "16", *BECAUSE) == 1
    assert "verify finds differences (3)" in capsys.readouterr().err
    assert ended.rollout.store.sync().mode is SyncMode.DUAL_WRITE
    assert asked == [16]


def test_callers_and_dates_are_passed_by_with_force_alone(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    ended.records.stored = None
    ended.records.record(V1Call(CALLER, "curl", "GET /v1/energy"), ended.rollout.now())
    assert run("apply", *BECAUSE) == 1
    assert "nothing was changed; or say --force, and why" in capsys.readouterr().err
    assert (run("apply", "--force", *BECAUSE), "mode new_only: reads" in shown(capsys)) == (0, True)
    assert ended.rollout.store.sync().mode is SyncMode.NEW_ONLY


@pytest.mark.parametrize("less", [("--days", "13"), ("--quiet-days", "34"), ("--days", "0", "--quiet-days", "0")])
def test_less_time_than_callers_are_due_is_asked_for_by_force_or_in_a_rehearsal_and_noted(
    ended: Ended, less: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("apply", *less, *BECAUSE) == 1
    printed = capsys.readouterr().err
    assert "14 days at 100 % and 35 days without calls are due to callers" in printed
    assert "say --force, and why" in printed
    assert ended.rollout.store.sync().mode is SyncMode.DUAL_WRITE
    assert run("apply", *less, "--force", *BECAUSE) == 0
    assert re.fullmatch(
        r"a test \(asked for [0-9]+ days at 100 % and [0-9]+ days without calls\)",
        ended.ports.sync_control.changes()[-1].reason,
    )
    ended.rollout.mode(SyncMode.DUAL_WRITE)
    ended.records.stored = replace(ended.calendar, rehearsal=True)
    assert run("apply", *less, *BECAUSE) == 0


def test_flags_that_are_at_100_percent_for_long_are_stale(
    ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def flags_of(_: Target) -> Iterator[Flags]:
        yield Flags(ended.rollout.flags, "olga", None)

    def asked(*arguments: str) -> int | str | None:
        with pytest.raises(SystemExit) as exited:
            command_line.run(["flags", "stale", *arguments, "--stage", "nowhere"])
        return exited.value.code

    monkeypatch.setattr(stale, "flags_of", flags_of)
    monkeypatch.setattr(stale, "now", ended.rollout.now)
    ended.rollout.set(50)
    ended.rollout.set(100)
    assert asked() == 1
    printed = shown(capsys)
    assert "dashboard" in printed
    assert "energy_table" not in printed
    assert asked("--json", "--days", "0") == 1
    found = {each["flag"]: each["days"] for each in json.loads(capsys.readouterr().out)}
    assert (len(found), found["energy_table"], found["dashboard"]) == (6, 0, 60)
    assert asked("--days", "61") == 0
    assert "no flag has been at 100 % for 61 days" in shown(capsys)
    ended.rollout.set(block=("bob",))
    asked("--json", "--days", "0")
    assert "energy_table" not in {each["flag"] for each in cast(list[Any], json.loads(capsys.readouterr().out))}


def test_the_calendar_of_the_end(printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "now", lambda: AT)
    calendar = Calendar(
        announced_at=AT - DAY_MS,
        deprecated_at=AT - 20_000,
        sunset_at=AT + 60 * DAY_MS,
        brown_outs=(
            BrownOut(AT - 2 * DAY_MS, AT - 2 * DAY_MS + MINUTE_MS, "the page [calls]", AT - 2 * DAY_MS),
            BrownOut(AT - DAY_MS, AT),
            BrownOut(AT, AT + MINUTE_MS),
            BrownOut(AT + MINUTE_MS, AT + 2 * MINUTE_MS),
        ),
        opt_outs=(OptOut(CALLER, AT + DAY_MS),),
        log=(Entry(AT - DAY_MS, "olga", "announce", "as planned"), Entry(AT, "otto", "opt out", "asked [for]")),
        rehearsal=True,
    )
    printing.print_calendar(calendar, "the page calls", as_json=False)
    assert printed() == [
        "version 1 brown out",
        "announced 2023-11-13 22:13:20, as a rehearsal",
        "deprecated 2023-11-14 22:13",
        "sunset 2024-01-13 22:13:20",
        f"opt-out {CALLER} until 2023-11-15 22:13:20",
        "withheld no brown-out would begin now: the page calls",
        "brown-out from until",
        "2023-11-12T22:13:20Z 2023-11-12T22:14:20Z withheld from 2023-11-12T22:13:20Z on: the page [calls]",
        "2023-11-13T22:13:20Z 2023-11-14T22:13:20Z held",
        "2023-11-14T22:13:20Z 2023-11-14T22:14:20Z now",
        "2023-11-14T22:14:20Z 2023-11-14T22:15:20Z planned",
        "when (UTC) what who and why",
        "2023-11-14 22:13 opt out otto: asked [for]",
        "2023-11-13 22:13 announce olga: as planned",
    ]


def test_a_calendar_without_anything(printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "now", lambda: AT)
    printing.print_calendar(Calendar(announced_at=AT, deprecated_at=AT, sunset_at=AT + DAY_MS), None, as_json=False)
    assert printed() == [
        "version 1 deprecated",
        *(f"{what} 2023-11-1{day} 22:13:20" for what, day in (("announced", 4), ("deprecated", 4), ("sunset", 5))),
        "no brown-out is planned",
        "when (UTC) what who and why",
    ]


def test_callers_are_listed_with_their_first_and_last_call(printed: Callable[[], list[str]]) -> None:
    called = V1Caller(V1Call(CALLER, "cu[r]l", "GET /v1/energy"), AT - DAY_MS, AT, {"2023-11-13": 2, "2023-11-14": 3})
    printing.print_callers([called], 35, 1_000)
    assert printed() == [
        "caller client route first (UTC) last (UTC) calls",
        f"{CALLER} cu[r]l GET /v1/energy 2023-11-13 22:13 2023-11-14 22:13 5",
        "and 1,000 more, called before these",
    ]
    printing.print_callers([called], 35, 0)
    assert len(printed()) == 2
