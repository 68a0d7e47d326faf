"""What ``drill`` begins, keeps and prints: word for word, and as a document."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.migration.gate.evidence import Surrounding
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.flags.document.flag_document import FlagDocument
from infra import __main__ as command_line
from infra.drills.history.checker import Kind, Violation
from infra.drills.history.drive import Exercise as HistoryExercise
from infra.drills.history.drive import History
from infra.drills.rollback import Drilled, Exercise, Run
from infra.errors import OperatorError
from infra.operations import drill
from infra.operations.drill import print_drilled, print_history

AT = 1_700_000_000_000
CONTROL, LOSES_NONE = Run(40, 20, 19, 3, 7), Run(100, 51, 49, 4, 0)
DRILLED = Drilled(CONTROL, LOSES_NONE, 14.46, 15.0)
ON = Surrounding("c1", "dual_write", "s1")
DOCUMENT = FlagDocument({}, version="v1")


class Place:
    """What a drill is made on, and where it is kept."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.kept: list[RollbackDrill] = []
        self.flags: FlagDocument | OperatorError = DOCUMENT
        self.database: OperatorError | None = None
        self.drilled = DRILLED

    @contextmanager
    def flags_of(self, _target: object) -> Iterator[Any]:
        if isinstance(self.flags, OperatorError):
            raise self.flags
        listing = SimpleNamespace(document=self.flags)
        yield SimpleNamespace(operations=SimpleNamespace(overview=SimpleNamespace(listing=lambda: listing)))

    @contextmanager
    def database_of(self, _target: object) -> Iterator[None]:
        if self.database:
            raise self.database
        yield

    @contextmanager
    def ground(self, _layout: object, component: str) -> Iterator[Any]:
        yield SimpleNamespace(
            take_shape=lambda shape: self.seen.append((component, shape.version)), surrounding=self.on
        )

    def on(self, code: str) -> Surrounding:
        self.seen.append(code)
        return ON

    def make(self, _ground: object, exercise: Exercise, say: Callable[[str], None]) -> Drilled:
        self.seen.append(exercise)
        say("we begin")
        return self.drilled


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place()
    replaced = {
        "stack": lambda: nullcontext("layout"),
        "laptop_ground": place.ground,
        "flags_of": place.flags_of,
        "database_of": place.database_of,
        "make": place.make,
        "MongoStatusRecords": lambda _: SimpleNamespace(save_drill=place.kept.append),
        "digest_of_sources": lambda _: "digest",
        "now": lambda: AT,
    }
    for name, instead in replaced.items():
        monkeypatch.setattr(drill, name, instead)
    return place


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "rollback", "--stage", "nowhere", *arguments])
    return exited.value.code


TABLE = [
    "run acknowledged writes by old by new flips lost writes",
    "control: dual write off 40 20 19 3 7",
    "drill 100 51 49 4 0",
]
LAST = "last answer from the new backend 14.5 s after the rollback began"


def test_a_drill_is_made_as_it_is_asked_for_and_kept(
    place: Place, printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    assert printed() == [*TABLE, LAST, "lost writes: 0", "recorded in: stage nowhere"]
    assert place.seen == [("energy_forms", "v1"), Exercise("energy_forms", 500, moves=3), "digest"]
    kept = RollbackDrill(AT, "energy_forms", "c1", 100, 0, 14.46, passed=True, mode="dual_write", shape="s1")
    assert place.kept == [kept]
    assert run("--component", "csv_import", "--writes", "20", "--moves", "2", "--json") == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert place.seen[3:5] == [("csv_import", "v1"), Exercise("csv_import", 20, moves=2)]
    names = ("component", "code", "mode", "shape", "notRecorded", "passed")
    assert [document[name] for name in names] == ["csv_import", "c1", "dual_write", "s1", None, True]
    assert said.err.splitlines() == ["bringing up a stack for the drill", "we begin"]


def test_a_drill_that_loses_a_write_fails_and_is_kept_too(place: Place) -> None:
    place.drilled = Drilled(CONTROL, Run(100, 51, 49, 4, 2), 14.46, 15.0)
    assert run() == 1
    assert (place.kept[0].passed, place.kept[0].lost_writes) == (False, 2)


def test_a_drill_that_cannot_be_kept_says_why(
    place: Place, printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    place.database = OperatorError("the store [primary] is away")
    assert run() == 0
    assert printed()[-1] == "not recorded: the store [primary] is away"
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["notRecorded"] == "the store [primary] is away"


def test_where_the_flags_cannot_be_seen_that_is_said_and_they_have_no_shape(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.flags = OperatorError("nobody [there] answers")
    assert run() == 0
    assert place.seen[0] == ("energy_forms", "")
    said = "the target's flags cannot be seen, the drill is made on flags without shape: nobody [there] answers"
    assert said in capsys.readouterr().err.splitlines()


def test_a_drill_that_would_not_have_noticed_a_loss_proves_nothing(printed: Callable[[], list[str]]) -> None:
    print_drilled(Drilled(LOSES_NONE, CONTROL, 0.0, 0.0))
    assert printed()[3:] == [
        "this drill would not have noticed a loss: it proves nothing",
        "last answer from the new backend 0.0 s after the rollback began",
        "lost writes: 7",
    ]


def test_a_history_says_what_it_had_and_what_was_missing(printed: Callable[[], list[str]]) -> None:
    violation = Violation(Kind.LOST, "it shows [nothing]", ())
    history = History(HistoryExercise(9), (), [], 2, [violation] * 22, 12.6)
    print_history(history)
    lines = printed()
    assert lines[:5] == [
        "operations acknowledged writes flips flips refused violations seconds",
        "0 0 0 2 22 13",
        "outcomes:",
        "backends:",
        "flips:",
    ]
    missing = "answers of both backends, acknowledged writes, flips"
    assert lines[5] == f"it proves nothing without {missing}: let more happen, and more flip"
    assert lines[6:] == [f"{Kind.LOST}: it shows [nothing]"] * 20 + ["and 2 more: --json has them all"]
    for number, more in ((21, ["and 1 more: --json has them all"]), (20, [])):
        print_history(History(HistoryExercise(9), (), [], 2, [violation] * number, 12.6))
        assert printed()[26:] == more


def test_a_history_is_made_on_the_ground_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Any] = []

    def drive(ground: object, exercise: HistoryExercise, say: Callable[[str], None]) -> History:
        seen.append((ground, exercise))
        say("we begin")
        return History(exercise, (), [], 0, [], 1.0)

    monkeypatch.setattr(drill, "drive", drive)
    monkeypatch.setattr(drill, "own_deployed_ground", lambda: nullcontext("deployed"))
    monkeypatch.setattr(drill, "in_process_ground", lambda seed: nullcontext(f"in process {seed}"))
    monkeypatch.setattr(drill, "randbelow", lambda most: most - 1)
    for arguments in ([], ["--in-process", "--seed", "0", "--operations", "5"]):
        with pytest.raises(SystemExit):
            command_line.run(["drill", "history", *arguments])
    assert seen == [
        ("deployed", HistoryExercise(999_999, 20, 200, 0, None)),
        ("in process 0", HistoryExercise(0, 20, 200, 5, None)),
    ]
    assert capsys.readouterr().err.splitlines() == [
        "seed 999999: --seed 999999 repeats the operations and flips",
        "we begin",
        "seed 0: --seed 0 repeats the operations and flips",
        "we begin",
    ]
