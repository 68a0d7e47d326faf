"""A rehearsal ends what it has started, whatever happens, and its exit code says whether every step held."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest
from click.testing import CliRunner

from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from infra.operations import rehearsal
from infra.rehearsal.plan import GUARDS, Guard
from infra.rehearsal.rehearse import Rehearsed, rehearse
from infra.rehearsal.scene import Scene
from infra.rehearsal.timeline import Entry, Say, Step, Timeline, markdown

DRAIN = next(guard for guard in GUARDS if guard.name == "drain")


class Place:
    """A stack that only knows whether it was ended."""

    def __init__(self) -> None:
        self.events: list[str] = []

    @contextmanager
    def __call__(self) -> Iterator[Layout]:
        try:
            yield Layout("rehearsal-test", Ports())
        finally:
            self.events.append("stack ended")

    def planned(self, *steps: Step) -> "Planned":
        return Planned(self, steps)


class Planned:
    """Steps that are given; what ends with the scene is written down."""

    def __init__(self, place: Place, steps: tuple[Step, ...]) -> None:
        self._place, self._steps = place, steps

    def __call__(self, scene: Scene, _without: Guard | None) -> list[Step]:
        scene.ends_with(lambda: self._place.events.append("first"))
        scene.ends_with(lambda: self._place.events.append("latest"))
        return [*self._steps]


def fails(error: BaseException) -> NoReturn:
    raise error


def silent(_line: str) -> None:
    """Nobody listens."""


ENDED = ["latest", "first", "stack ended"]


def test_everything_ends_after_a_rehearsal_that_went_well() -> None:
    place = Place()
    made = rehearse(None, silent, place, place.planned(Step("one", lambda: "fine")))
    assert (made.passed, made.noticed, place.events) == (True, None, ENDED)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()], ids=repr)
def test_everything_ends_where_it_is_broken_off(error: BaseException) -> None:
    place = Place()
    with pytest.raises(type(error)):
        rehearse(None, silent, place, place.planned(Step("one", lambda: fails(error))))
    assert place.events == ENDED


def test_everything_ends_when_the_program_is_told_to_end() -> None:
    place = Place()

    def told() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return ""

    with pytest.raises(SystemExit) as left:
        rehearse(None, silent, place, place.planned(Step("one", told)))
    assert (left.value.code, place.events) == (128 + signal.SIGTERM, ENDED)


@pytest.mark.parametrize(("step", "noticed"), [("verify", True), ("backfill", False)])
def test_a_missing_guard_is_noticed_by_its_own_step_alone(step: str, *, noticed: bool) -> None:
    place = Place()
    made = rehearse(DRAIN, silent, place, place.planned(Step(step, lambda: fails(OperatorError("differs")))))
    assert (made.passed, made.noticed) == (False, noticed)
    assert made.as_document()["without"] == "drain"


def made_of(holds: bool, without: Guard | None = None) -> Rehearsed:
    return Rehearsed(Timeline((Entry("verify", 61.0, 2.0, "no [difference]", holds),)), without)


@pytest.mark.parametrize(
    ("made", "code", "says"),
    [
        (made_of(holds=True), 0, "no [difference]"),
        (made_of(holds=False), 1, "01:01"),
        (made_of(holds=False, without=DRAIN), 1, "without drain: 'verify' has noticed it"),
        (made_of(holds=True, without=DRAIN), 0, "nobody has noticed it"),
    ],
)
def test_the_command_prints_the_timeline_and_fails_with_it(
    monkeypatch: pytest.MonkeyPatch, made: Rehearsed, code: int, says: str
) -> None:
    asked: list[Guard | None] = []

    def instead(without: Guard | None, _say: Say) -> Rehearsed:
        asked.append(without)
        return made

    monkeypatch.setattr(rehearsal, "rehearse", instead)
    chosen = [] if made.without is None else ["--without", made.without.name]
    done = CliRunner().invoke(rehearsal.rehearsal, chosen)
    assert (done.exit_code, asked) == (code, [made.without])
    assert says in done.stdout
    as_json = CliRunner().invoke(rehearsal.rehearsal, [*chosen, "--json"])
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (code, made.as_document())


def test_the_timeline_is_a_table_and_what_was_not_come_to_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    entries = (Entry("backfill", 0.4, 59.6, "12 [readings]", True), Entry("verify", 665.0, 5.2, "it [differs]", False))
    rehearsal.print_rehearsed(Rehearsed(Timeline(entries, ("mode", "flags")), DRAIN))
    drawn = str.maketrans(dict.fromkeys("┏━┳┓┃┡╇┩│└─┴┘", " "))
    lines = [" ".join(line.translate(drawn).split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line] == [
        "at took step what was seen",
        "00:00 60 s backfill 12 [readings]",
        "11:05 5 s verify it [differs]",
        "11:10 in all",
        "not come to: mode, flags",
        "without drain: 'verify' has noticed it",
    ]


def test_what_does_not_hold_is_red(coloured: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    entries = (Entry("backfill", 0.4, 59.6, "fine", True), Entry("verify", 665.0, 5.2, "it [differs]", False))
    rehearsal.print_rehearsed(Rehearsed(Timeline(entries), None))
    said = "\n".join(coloured())
    assert ("fine" in said, "<red>fine" in said, "<red>it [differs]</>" in said) == (True, False, True)


def test_the_help_names_each_guard_in_a_paragraph_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "rehearse", lambda *_: made_of(holds=True))
    for guard in GUARDS:
        assert CliRunner().invoke(rehearsal.rehearsal, ["--without", guard.name]).exit_code == 0
    paragraphs = (rehearsal.rehearsal.help or "").split("\n\n")
    first = paragraphs.index("    Guards:") + 1
    assert [each.strip() for each in paragraphs[first:]] == [f"{guard.name}: {guard.says}." for guard in GUARDS]


def test_a_guard_that_another_step_notices_is_not_proven(capsys: pytest.CaptureFixture[str]) -> None:
    failed = Timeline((Entry("backfill", 0.0, 1.0, "", False),))
    rehearsal.print_rehearsed(Rehearsed(failed, DRAIN))
    assert capsys.readouterr().out.splitlines()[-1] == (
        "without drain: the rehearsal failed before or beside 'verify', which must notice it"
    )


def test_a_timeline_goes_on_in_the_next_line_and_is_printed_for_markdown_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Rehearsed(Timeline((Entry("verify", 61.0, 2.0, "x" * 300, True),)), None)

    def instead(_without: Guard | None, say: Say) -> Rehearsed:
        say("step [x]")
        return made

    monkeypatch.setattr(rehearsal, "rehearse", instead)
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(rehearsal.rehearsal, [])
    assert (done.stdout.count("x"), done.stderr) == (300, "step [x]\n")
    assert CliRunner().invoke(rehearsal.rehearsal, ["--markdown"]).stdout == f"{markdown(made.timeline)}\n"
