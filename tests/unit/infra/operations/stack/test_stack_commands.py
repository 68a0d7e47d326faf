"""``up``, ``down``, ``running`` and ``token``: what reaches the laptop stack, and what is said of it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra import __main__ as command_line
from infra.local import laptop, layout
from infra.local.demo.household import USER, DailyReading, DemoHousehold
from infra.local.layout import Layout
from infra.local.processes.pieces import PieceStatus, Processes
from infra.operations import stack

RUNS, DOWN = PieceStatus("api", 17, 8_000, True, None), PieceStatus("issuer", None, 8_001, False, None)


class Laptop:
    """What the commands ask of the laptop, where nothing is started and nothing ended."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.rows = [RUNS, DOWN]
        self.running = {"sample": {"mongod": 7, "api": 8}}
        self.last: DailyReading | None = None

    def up(self, place: Layout, _console: object, *, demo: bool) -> None:
        self.asked.append((place.name, demo))
        place.remember()

    def down(self, place: Layout) -> list[str]:
        self.asked.append(place.name)
        return [*self.running.get(place.name, {})]

    def token(self, place: Layout, user: str, roles: tuple[str, ...] = (), hours: float = 12.0) -> str:
        self.asked.append((place.name, user, roles, hours))
        return "header.body.signature"


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Laptop:
    """A laptop with the stack ``sample``."""
    own = Laptop()
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setenv("STACK_NAME", "sample")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    for name in ("up", "down", "token"):
        monkeypatch.setattr(laptop, name, getattr(own, name))
    monkeypatch.setattr(Processes, "status", lambda _: own.rows)
    monkeypatch.setattr(Processes, "running", lambda processes: own.running.get(processes._layout.name, {}))
    monkeypatch.setattr(DemoHousehold, "last", lambda _: own.last)
    monkeypatch.setattr(stack, "yesterday", lambda: date(2026, 11, 26))
    Layout.of("sample").remember()
    return own


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(list(arguments))
    return exited.value.code


def test_down_shows_each_stack_with_what_runs_of_it_and_says_what_it_has_ended(
    own: Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    Layout.of("other").remember()
    own.running["other"] = {"issuer": 9}
    assert run("down", "--all") == 1
    asked = (
        "This ends stack other (issuer, process 9); stack sample (mongod, process 7, api, process 8). The data stays"
    )
    assert asked in capsys.readouterr().err
    assert own.asked == []
    assert run("down", "--all", "--yes") == 0
    assert capsys.readouterr().out.splitlines() == ["other: ended issuer", "sample: ended mongod, api"]
    own.running.clear()
    assert run("down", "--name", "other") == 0
    assert capsys.readouterr().out == "other: nothing was running\n"
    assert own.asked == ["other", "sample", "other"]


@pytest.mark.parametrize(("rows", "code"), [([RUNS, DOWN], 1), ([RUNS], 0)])
def test_what_runs_is_listed_and_the_exit_code_says_whether_all_does(
    own: Laptop,
    rows: list[PieceStatus],
    code: int,
    printed: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    own.rows = rows
    assert run("running") == code
    lines = ["piece process port state log", "api 17 8000 runs -", "issuer - 8001 does not answer -"]
    assert printed() == lines[: 1 + len(rows)]
    assert run("running", "--json") == code
    assert json.loads(capsys.readouterr().out) == [asdict(row) for row in rows]


def test_a_token_is_for_a_person_with_roles_for_some_hours(own: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("token", "--user", "alice") == 0
    assert capsys.readouterr().out == "header.body.signature\n"
    assert run("token", "--user", "olga", "--role", "operator", "--role", "viewer", "--hours", "8760") == 0
    assert run("token", "--user", "alice", "--hours", "0.5") == 0
    assert own.asked == [
        ("sample", "alice", (), 12.0),
        ("sample", "olga", ("operator", "viewer"), 8_760.0),
        ("sample", "alice", (), 0.5),
    ]
    assert run("token", "--user", "olga", "--hours", "8761") == 2
    assert "8761 cannot be: it takes a number, more than 0 and at most 8760, such as HOURS=12" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.parametrize(("demo", "imported"), [((), True), (("--demo",), True), (("--no-demo",), False)])
def test_up_says_where_the_stack_is_and_what_to_try(
    own: Laptop, demo: tuple[str, ...], imported: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("up", *demo) == 0
    said = capsys.readouterr()
    place = Layout.of("sample")
    assert said.err.startswith("target: stack sample")
    assert own.asked[0] == ("sample", imported)
    assert {*own.asked[1:]} == {("sample", USER, (), 12.0)}
    here, view = f"http://localhost:{place.ports.api}", f'"{place.base_url}/v2/display?type=power'
    get = 'curl -H "Authorization: Bearer $TOKEN"'
    reading = '{"type": "power", "date": "2026-11-27", "amount": 25}'
    assert [line for line in said.out.splitlines() if line] == [
        f"The page: {here}/ (sign in as 'home' to see a household up to yesterday)",
        f"The operators' page: {here}/ops-console (sign in as 'olga'; 'vera' looks only)",
        f"Base URL: {place.base_url}",
        "Token for the user 'home', valid for 12 hours (another: make token STACK_NAME=sample USER=alice):",
        "TOKEN=header.body.signature",
        f'{get} {view}&year=2026&dataType=monthly"',
        f"""curl -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' """
        f"-d '{reading}' {place.base_url}/v2/energy",
        f'{get} {view}&dataType=summary"',
        '("stale": true says that the handler function is still at it, the first time a second or two: ask again)',
    ]


@pytest.mark.parametrize(
    ("last", "following"),
    [
        (DailyReading(date(2026, 11, 20), Decimal("100.5")), DailyReading(date(2026, 11, 27), Decimal("125.5"))),
        (DailyReading(date(2026, 11, 26), Decimal(100)), DailyReading(date(2026, 11, 27), Decimal(125))),
        (DailyReading(date(2026, 11, 27), Decimal(100)), DailyReading(date(2026, 11, 28), Decimal(125))),
        (None, DailyReading(date(2026, 11, 27), Decimal(25))),
    ],
)
def test_what_to_type_in_next_is_of_today_or_of_the_day_after_the_last_one(
    own: Laptop, last: DailyReading | None, following: DailyReading
) -> None:
    own.last = last
    assert stack._next_reading(Layout.of("sample")) == following
