"""What ``compare`` asks the comparer, with which key, and what it prints of the answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, IgnoreRule, Outcome, Replay, Request
from chalicelib.domain.migration.records.measurements import ComponentTimes, Sample
from chalicelib.domain.people.pseudonyms import Pseudonyms
from infra import __main__ as command_line
from infra.local.identity import Identity
from infra.local.layout import Layout, Ports
from infra.operations.compare import commands
from infra.operations.compare.times import print_times
from infra.targets import target as target_module
from tests.unit.infra.exit_code import exit_code

AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z
TABLE = Component.ENERGY_TABLE
NOWHERE = ("--stage", "nowhere")
REPLAYED = Replay("f1", "olga", AT, {Outcome.EQUAL: 2, Outcome.DIFFERENT: 1}, 1)


class Comparer:
    """Says equal once, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.replayed = REPLAYED

    def of_everybody(self, sample: int | None) -> Iterator[ComparisonResult]:
        self.asked.append(("everybody", sample))
        yield ComparisonResult(Request(TABLE, "alice", {}), Outcome.EQUAL)

    def of_user(self, user: str) -> Iterator[ComparisonResult]:
        self.asked.append(("user", user))
        yield ComparisonResult(Request(TABLE, user, {}), Outcome.LAG)

    def replay(self, fingerprint: str, operator: str, most: int) -> Replay:
        self.asked.append((fingerprint, operator, most))
        return replace(self.replayed, fingerprint=fingerprint)

    def ignore(self, rule: IgnoreRule) -> None:
        self.asked.append(rule)


@pytest.fixture
def comparer(monkeypatch: pytest.MonkeyPatch) -> Comparer:
    """The comparer of whatever database is named, and with which pseudonyms it was made."""
    comparer = Comparer()

    def made(_database: object, _code: object, pseudonyms: Pseudonyms | None) -> Comparer:
        comparer.asked.append(pseudonyms and pseudonyms.of("user", "alice"))
        return comparer

    monkeypatch.setattr(commands, "shell_comparer", made)
    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(commands, "person", lambda: "olga")
    monkeypatch.setenv("PSEUDONYM_KEY", "secret")
    return comparer


def run(*arguments: str, place: tuple[str, ...] = NOWHERE) -> int | str | None:
    return exit_code(command_line.run, "compare", *arguments, *place)


def hidden(key: str) -> str:
    return Pseudonyms(key.encode()).of("user", "alice")


@pytest.mark.parametrize(
    ("whom", "asked", "counts"),
    [
        (("--all",), ("everybody", None), {"equal": 1}),
        (("--all", "--sample", "20"), ("everybody", 20), {"equal": 1}),
        (("--all", "--sample", "1"), ("everybody", 1), {"equal": 1}),
        (("--user", "alice"), ("user", "alice"), {"lag": 1}),
    ],
)
def test_those_who_are_named_are_compared_under_the_deployments_pseudonyms(
    comparer: Comparer,
    whom: tuple[str, ...],
    asked: tuple[str, Any],
    counts: dict[str, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("run", *whom, "--json") == (0 if "equal" in counts else 1)
    assert json.loads(capsys.readouterr().out) == {outcome.value: 0 for outcome in Outcome} | counts
    assert comparer.asked == [hidden("secret"), asked]
    run("run", *whom)
    words = "1 equal" if "equal" in counts else "1 lagging"
    printed = capsys.readouterr().out
    assert printed.startswith("1 read compared: ")
    assert words in printed


def test_where_nobody_has_anything_that_is_said(
    comparer: Comparer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(comparer, "of_everybody", lambda _: iter(()))
    assert run("run", "--all") == 1
    assert capsys.readouterr().out == "nothing was compared: nobody there has a meter or a reading\n"


def test_without_the_deployments_key_nobody_is_asked(
    comparer: Comparer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PSEUDONYM_KEY")
    assert run("run", "--all") == 1
    said = "set PSEUDONYM_KEY to the pseudonymKey of the deployment's secret, or name a laptop stack"
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert comparer.asked == []


def test_a_laptop_stack_has_its_own_key(comparer: Comparer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PSEUDONYM_KEY")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.setattr(target_module, "known_stack", lambda name: Layout(name, Ports()))
    monkeypatch.setattr(Identity, "of", lambda _: SimpleNamespace(pseudonym_key="the stack's"))
    assert run("run", "--all", place=("--name", "nowhere")) == 0
    assert comparer.asked == [hidden("the stack's"), ("everybody", None)]


def test_a_replay_says_what_came_of_it_and_who_asked_is_kept(
    comparer: Comparer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("replay", "f[x]") == 1
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("3 reads compared: 2 equal, 1 different, 0 ignored, 0 lagging, 0 by other rules, 0 failed")
    assert second == "1 of them show f[x]; recorded, but not asked: 0 that cannot be any more, 0 beyond the limit"
    assert run("replay", "f1", "--limit", "7", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["fingerprint"], found["operator"], found["showing"]) == ("f1", "olga", 1)
    assert comparer.asked == [hidden("secret"), ("f[x]", "olga", 20), hidden("secret"), ("f1", "olga", 7)]


E, D, F, L = Outcome.EQUAL, Outcome.DIFFERENT, Outcome.FAILED, Outcome.LAG


@pytest.mark.parametrize(
    ("replayed", "said"),
    [
        (Replay("f1", "olga", AT, {E: 2}, 0), ["f1 is gone: all that showed it was asked again, and shows it no more"]),
        (
            Replay("f1", "olga", AT, {E: 2, D: 1}, 1),
            [
                "f1 is not seen to be gone:",
                "1 read still shows it: mend it, or roll the component back, then replay again",
            ],
        ),
        (
            Replay("f1", "olga", AT, {E: 2, F: 1, L: 1}, 0),
            [
                "f1 is not seen to be gone:",
                "2 reads gave no answers to compare: later again python -m infra compare replay f1",
            ],
        ),
        (
            Replay("f1", "olga", AT, {E: 2}, 0, lost=3),
            [
                "f1 is not seen to be gone:",
                "3 recorded reads cannot be asked again (expired, erased, or of another key for pseudonyms): look "
                "anew, python -m infra compare run --all; then python -m infra compare ignore f1",
            ],
        ),
        (
            Replay("f1", "olga", AT, {E: 20, D: 1}, 1, lost=1, unasked=9),
            [
                "f1 is not seen to be gone:",
                "1 read still shows it: mend it, or roll the component back, then replay again",
                "1 recorded read cannot be asked again (expired, erased, or of another key for pseudonyms): look "
                "anew, python -m infra compare run --all; then python -m infra compare ignore f1",
                "9 recorded reads beyond the limit: python -m infra compare replay f1 --limit 31",
            ],
        ),
    ],
)
def test_gone_is_said_only_of_what_was_asked_as_a_whole_else_what_is_left_and_what_comes_next(
    comparer: Comparer, capsys: pytest.CaptureFixture[str], replayed: Replay, said: list[str]
) -> None:
    comparer.replayed = replayed
    assert run("replay", "f1") == (0 if replayed.gone else 1)
    assert capsys.readouterr().out.splitlines()[2:] == said


def test_a_difference_is_ignored_until_the_end_of_a_day(comparer: Comparer, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("ignore", "f1", "--owner", "ol[g]a", "--reason", "known", "--until", "2023-11-14")
    assert run(*asked) == 0
    assert capsys.readouterr().out == "ol[g]a answers for f1 until the end of 2023-11-14 (UTC)\n"
    assert run(*asked, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "fingerprint": "f1",
        "owner": "ol[g]a",
        "reason": "known",
        "until": "2023-11-14",
    }
    assert comparer.asked == [None, IgnoreRule("f1", "ol[g]a", "known", 1_700_006_400_000)] * 2


def test_times_are_those_of_the_last_hours(
    monkeypatch: pytest.MonkeyPatch, printed: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    none = Sample([])
    found = [ComponentTimes(TABLE, backend, Sample([(AT, 5.0)]), none, none, none, none) for backend in Backend]

    def report(since: int) -> list[ComponentTimes]:
        asked.append(since)
        return found

    monkeypatch.setattr(commands, "shell_page_times", lambda _: SimpleNamespace(report=report))
    monkeypatch.setattr(commands, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(commands, "now", lambda: AT)
    assert run("times", "--hours", "3") == 0
    assert printed()[1] == "energy_table fetch 5.0 5.0 1 5.0 5.0 1"
    assert run("times", "--json") == 0
    assert json.loads(capsys.readouterr().out)["energy_table"]["old"]["fetch"]["count"] == 1
    assert asked == [AT - 3 * 3_600_000, AT - 24 * 3_600_000]
    found.clear()
    assert run("times", "--hours", "2") == 1
    assert printed() == ["no page has measured anything in the last 2 hours: that proves nothing"]


@pytest.mark.parametrize(
    ("measured", "lines"),
    [
        (Backend.OLD, ["energy_table fetch 5.0 5.0 1 0", "energy_table errors 50.00% 1 0"]),
        (Backend.NEW, ["energy_table fetch 0 5.0 5.0 1", "energy_table errors 0 50.00% 1"]),
    ],
)
def test_what_one_backend_alone_has_measured_is_shown(
    measured: Backend, lines: list[str], printed: Callable[[], list[str]]
) -> None:
    none = Sample([])
    pages, errors = Sample([(AT, 5.0)]), Sample([(AT, 0.0)])
    seen = {True: (pages, none, none, errors, none), False: (none,) * 5}
    print_times([ComponentTimes(TABLE, backend, *seen[backend is measured]) for backend in Backend], 24)
    assert printed()[1:] == lines


def test_a_component_of_one_backend_alone_is_a_defect_and_no_row_that_is_left_out() -> None:
    none = Sample([])
    with pytest.raises(ValueError, match="shorter"):
        print_times([ComponentTimes(TABLE, Backend.OLD, Sample([(AT, 5.0)]), none, none, none, none)], 24)
