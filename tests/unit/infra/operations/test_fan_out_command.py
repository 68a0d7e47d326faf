"""Looking on while workers do a walk: it ends with the walk, or says why the walk cannot end."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import click
import pytest

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.fan_out import FanOut
from chalicelib.domain.meters.walks import Finding, Verification, Walk
from chalicelib.domain.readings import EnergyType
from chalicelib.services.refresh.fan_out import FanOutProgress, FanOutService
from infra import __main__ as command_line
from infra.errors import OperatorError
from infra.operations.fan_out import commands
from infra.operations.fan_out.watching import refuse_one_user, walked
from infra.targets.target import Target

T = 1_700_000_000_000
BEGUN = FanOut(Walk.REBUILD, "a1", T, 1, SyncMode.NEW_ONLY, "c1", T, (("bob", EnergyType.POWER),))
FINDING = Finding("ann", EnergyType.GAS, "meters", "ann|gas", "is wrong")


def progress(fan_out: FanOut = BEGUN, meters: int = 3, problem: str | None = None) -> FanOutProgress:
    return FanOutProgress(fan_out, 1, 1, Verification(SyncMode.NEW_ONLY, meters, 0, 1, (FINDING,)), problem)


FINISHED = progress(replace(BEGUN, finished=T + 60_000), 9)
PAUSED = progress(replace(BEGUN, paused=True))


class Scripted:
    """A service that is at these points, one look after the other."""

    def __init__(self, *looks: FanOutProgress | None) -> None:
        self.looks = list(looks)
        self.begun: list[tuple[Walk, int, bool]] = []
        self.done: list[str] = []

    def begin(self, walk: Walk, ranges: int, *, restart: bool) -> FanOut:
        self.begun.append((walk, ranges, restart))
        return BEGUN

    def progress(self, walk: Walk) -> FanOutProgress | None:
        return self.looks.pop(0) if self.looks and walk is Walk.REBUILD else None


def look_on(service: Scripted, shown: list[int], *, restart: bool = False) -> tuple[Verification, list[float]]:
    slept: list[float] = []
    seen = walked(
        cast(FanOutService, service),
        Walk.REBUILD,
        8,
        lambda seen: shown.append(seen.meters),
        restart=restart,
        sleep=slept.append,
    )
    return seen, slept


@pytest.mark.parametrize("restart", [False, True])
def test_it_looks_until_the_result_is_kept(restart: bool) -> None:
    service, shown = Scripted(progress(meters=0), progress(), FINISHED), list[int]()
    seen, slept = look_on(service, shown, restart=restart)
    assert (seen, shown, slept) == (FINISHED.seen, [0, 3, 9], [1.0, 1.0])
    assert service.begun == [(Walk.REBUILD, 8, restart)]


OVER = "the rebuild was given up or begun again by somebody else, or what it has found is over: begin it again"


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ((progress(), None), f"^{OVER}$"),
        ((progress(replace(BEGUN, id="b2")),), f"^{OVER}$"),
        ((progress(replace(BEGUN, id="b2", finished=T)),), f"^{OVER}$"),
        (
            (progress(problem="other code began it"),),
            "^the rebuild is over before its end: other code began it; begin it again$",
        ),
        ((PAUSED,), "^somebody has paused the rebuild; it goes on with: python -m infra fan-out resume rebuild$"),
    ],
)
def test_what_cannot_end_by_itself_is_said(looks: Sequence[FanOutProgress | None], said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        look_on(Scripted(*looks), [])


def test_a_walk_is_gone_on_with_unless_it_is_to_begin_again() -> None:
    service = Scripted(FINISHED)
    walked(cast(FanOutService, service), Walk.REBUILD, 8, lambda _: None, sleep=lambda _: None)
    assert service.begun == [(Walk.REBUILD, 8, False)]


def test_what_was_paused_when_its_last_range_was_done_has_ended() -> None:
    late = progress(replace(BEGUN, paused=True, finished=T + 60_000), 9)
    assert look_on(Scripted(late), [])[0] == late.seen


def test_one_user_is_not_divided() -> None:
    with pytest.raises(click.UsageError, match="--user"):
        refuse_one_user(4, "ann")
    refuse_one_user(None, "ann")
    refuse_one_user(4, None)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """What the commands reach, on a target that is none."""
    service = Scripted()

    class Reached:
        fan_out = service

    @contextmanager
    def reached(_: Target) -> Iterator[Any]:
        yield Reached

    monkeypatch.setattr(commands, "with_workers", reached)
    monkeypatch.setattr(Target, "resolved", classmethod(lambda cls, *_, **__: cls(None, "dev", None, "", "", False)))
    return service


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["fan-out", *arguments])
    return exited.value.code


@pytest.mark.parametrize(
    ("look", "code", "said"),
    [
        (progress(), 0, "goes on"),
        (FINISHED, 0, "finished 2023-11-14 22:14"),
        (PAUSED, 1, "paused"),
        (progress(problem="it began more than an hour ago"), 1, "over before its end: it began more than an hour ago"),
    ],
)
def test_the_status_says_how_far_it_is_and_whether_it_goes_on(
    service: Scripted,
    look: FanOutProgress,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    printed: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    service.looks = [replace(look, seen=replace(look.seen, meters=3_000, differences=1_200))]
    assert run("status") == code
    give_up = "the rebuild counts for nothing: begin it again, or: python -m infra fan-out give-up rebuild"
    assert printed() == [
        "walk begun ranges done worked on meters differences state",
        f"rebuild 2023-11-14 22:13 1 of 2 1 3,000 1,200 {said}",
        *([give_up] if look.problem else []),
    ]
    service.looks = [look]
    assert run("status", "rebuild", "--json") == code
    assert json.loads(capsys.readouterr().out) == [
        {
            "walk": "rebuild",
            "startedAt": "2023-11-14T22:13:20Z",
            "finishedAt": "2023-11-14T22:14:20Z" if look is FINISHED else None,
            "paused": look is PAUSED,
            "problem": look.problem,
            "ranges": 2,
            "done": 1,
            "workedOn": 1,
            "meters": look.seen.meters,
            "differences": 1,
        }
    ]


def test_numbers_of_walks_end_below_each_other(service: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    service.looks = [progress()]
    run("status")
    [row] = [line.split("│") for line in capsys.readouterr().out.splitlines() if line.startswith("│ rebuild")]
    assert row[3:7] == ["      1 of 2 ", "         1 ", "      3 ", "           1 "]


def test_without_any_walk_the_status_says_so(service: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    assert capsys.readouterr().out == "no walk was divided among workers\n"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pause", "paused; it goes on with: python -m infra fan-out resume"),
        ("resume", "goes on: python -m infra fan-out status"),
    ],
)
def test_what_is_under_way_is_paused_or_goes_on(
    service: Scripted, what: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FanOutService, what, lambda _, walk: BEGUN if walk is Walk.REBUILD else None)
    assert run(what) == 0
    assert capsys.readouterr().out == f"rebuild: {said}\n"
    begin = (
        "is under way, or it is over before its end, see: python -m infra fan-out status; begin one: python -m infra "
        "rebuild --fan-out 16"
    )
    assert run(what, "verify") == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"no verify {begin}"
    monkeypatch.setattr(FanOutService, what, lambda *_: None)
    assert run(what) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"no walk {begin}"


def test_what_is_under_way_is_given_up_by_its_name(
    service: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = {Walk.REBUILD: BEGUN}
    monkeypatch.setattr(service, "give_up", given_up.get, raising=False)
    assert run("give-up", "rebuild") == 0
    said = "rebuild: given up; workers stop behind the meters that they look at just now\n"
    assert capsys.readouterr().out == said
    assert run("give-up", "verify") == 1
    said = "no verify is under way; list the walks with: python -m infra fan-out status"
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert run("give-up") == 2


@pytest.mark.parametrize("ranges", ["1", "1001", "10000"])
def test_a_number_of_ranges_that_divides_nothing_or_fills_the_queue_is_refused(
    service: Scripted, ranges: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["rebuild", "--fan-out", ranges])
    assert exited.value.code == 2
    assert "2<=x<=1000" in capsys.readouterr().err
    assert service.begun == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--last", "--fan-out", "4"],
        ["sync", "--fan-out", "4"],
        ["sweep", "--list", "--fan-out", "4"],
    ],
)
def test_what_divides_nothing_is_refused_before_anything_begins(
    service: Scripted, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(arguments)
    assert exited.value.code == 2
    assert "--fan-out" in capsys.readouterr().err
    assert service.begun == []


COUNTED = {
    "walk": "rebuild",
    "startedAt": "2023-11-14T22:13:20Z",
    "finishedAt": None,
    "paused": False,
    "problem": None,
    "ranges": 2,
    "done": 1,
    "workedOn": 1,
    "meters": 3,
    "differences": 1,
}


@pytest.mark.parametrize(
    ("look", "state", "document"),
    [
        (progress(), "goes on", {}),
        (PAUSED, "paused", {"paused": True}),
        (FINISHED, "finished 2023-11-14 22:14", {"finishedAt": "2023-11-14T22:14:20Z", "meters": 9}),
        (
            replace(FINISHED, fan_out=replace(FINISHED.fan_out, paused=True)),
            "finished 2023-11-14 22:14",
            {"finishedAt": "2023-11-14T22:14:20Z", "meters": 9, "paused": True},
        ),
        (
            progress(problem="it began long ago"),
            "over before its end: it began long ago",
            {"problem": "it began long ago"},
        ),
    ],
)
def test_a_walk_is_a_line_of_a_table_and_a_document(
    service: Scripted,
    look: FanOutProgress,
    state: str,
    document: dict[str, Any],
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    service.looks = [look]
    code = run("status")
    head, row, *rest = printed()
    assert head == "walk begun ranges done worked on meters differences state"
    assert row == f"rebuild 2023-11-14 22:13 1 of 2 1 {look.seen.meters} 1 {state}"
    over = "the rebuild counts for nothing: begin it again, or: python -m infra fan-out give-up rebuild"
    assert rest == ([over] if look.problem else [])
    service.looks = [look]
    assert run("status", "--json") == code
    assert json.loads(capsys.readouterr().out) == [COUNTED | document]


def test_a_long_problem_of_a_walk_goes_on_in_the_next_line(
    service: Scripted, printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    service.looks = [progress(problem="y" * 300)]
    assert run("status") == 1
    assert "".join(line for line in printed()).count("y") >= 300


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pause", "rebuild: paused; it goes on with: python -m infra fan-out resume"),
        ("resume", "rebuild: goes on: python -m infra fan-out status"),
    ],
)
def test_what_was_done_is_said_with_the_way_on(
    service: Scripted, what: str, said: str, printed: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FanOutService, what, lambda _, walk: BEGUN if walk is Walk.REBUILD else None)
    assert run(what) == 0
    assert printed() == [said]


def test_where_nothing_is_under_way_the_way_to_a_walk_is_said(
    service: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FanOutService, "pause", lambda *_: None)
    for walk in ([], ["verify"]):
        assert run("pause", *walk) == 1
        *_, said = capsys.readouterr().err.splitlines()
        assert said.startswith(f"no {'verify' if walk else 'walk'} is under way, or it is over before its end, see: ")
        assert said.endswith("begin one: python -m infra rebuild --fan-out 16")
