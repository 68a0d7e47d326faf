"""How commands end, which scripts rely on: whatever is left to do is no success."""

import json
from collections.abc import (
    Callable,
    Iterator,
    Sequence,
)
from contextlib import (
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.lagging import FailingMeter, LaggingMeter
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.migration.gate.evidence import Surrounding
from chalicelib.domain.migration.records.comparison_log import (
    ComparisonReport,
    ComparisonResult,
    DifferenceGroup,
    IgnoreRule,
    Outcome,
    Replay,
    Request,
)
from chalicelib.domain.migration.records.differences import DifferenceKind
from chalicelib.domain.migration.records.feedback import FeedbackReport
from chalicelib.services.refresh.replay import Replayed
from chalicelib.services.refresh.sweeper import SweepReport
from infra import __main__ as command_line
from infra.drills.rollback import Drilled, Run
from infra.operations import (
    drill,
    rebuild,
    replay,
)
from infra.operations.compare import commands as compare
from infra.operations.migrate import commands as migrations_command
from infra.operations.trace import commands as trace
from infra.operations.trace.path import Path, Step, path_document
from infra.targets.deployment import Deployment
from migrations import roundtrip

TABLE = Component.ENERGY_TABLE
FORMS = pytest.mark.parametrize("form", [(), ("--json",)])
PAST, FUTURE = 0, 7_000_000_000_000
RULE = IgnoreRule("f1", "olga", "known", FUTURE)
LOOKED = Replay("f1", "olga", 5, {Outcome.EQUAL: 1}, 0)


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as exited:
        command_line.run([*arguments, "--stage", "nowhere"])
    return exited.value.code


@FORMS
@pytest.mark.parametrize(("left", "code"), [((), 0), (("alice|[power]", "bob|gas"), 1)])
def test_a_replay_fails_where_an_event_did_not_get_onto_the_bus(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left: tuple[str, ...],
    code: int,
    form: tuple[str, ...],
) -> None:
    put_replay(monkeypatch, lambda *_, **__: Replayed(3, left))
    assert run("replay", "--all", *form) == code
    said = capsys.readouterr().out
    if form:
        assert json.loads(said) == {"meters": 3, "sent": 3 - len(left), "unsent": len(left), "left": [*left]}
        return
    first, *others = said.splitlines()
    assert first == ("3 meters, 1 event sent, 2 not" if left else "3 meters, 3 events sent, 0 not")
    named = [
        "not sent for these meters; when the bus answers: python -m infra replay --user U",
        "  alice|[power]",
        "  bob|gas",
    ]
    assert others == (named if left else [])


def put_replay(monkeypatch: pytest.MonkeyPatch, done: Any) -> None:
    bus = SimpleNamespace(describe_event_bus=lambda **_: None)
    monkeypatch.setattr(Deployment, "of", lambda _: SimpleNamespace(client=lambda _: bus, stack="nowhere"))
    monkeypatch.setattr(replay, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(replay, "shell_replay", lambda *_: SimpleNamespace(replay=done))


def test_a_long_replay_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def done(_user: object, _since: object, progress: Any, **_: object) -> Replayed:
        for meters in (999, 1_000, 1_050, 2_000):
            progress(Replayed(meters, ()))
        return Replayed(2_000, ())

    put_replay(monkeypatch, done)
    assert run("replay", "--all") == 0
    assert capsys.readouterr().err.splitlines()[-2:] == ["1000 meters", "2000 meters"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (("--all",), (None, None, False)),
        (("--user", "ann"), ("ann", None, False)),
        (("--since", "2023-11-14T22:13:20", "--whole"), (None, 1_700_000_000_000, True)),
        (("--since", "2023-11-14T23:13:20+01:00"), (None, 1_700_000_000_000, False)),
    ],
)
def test_a_replay_is_of_the_meters_that_are_said_onto_the_stacks_own_bus(
    monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...], asked: tuple[Any, ...]
) -> None:
    seen: list[Any] = []

    def replayed(user: str | None, since: int | None, _progress: object, *, whole: bool) -> Replayed:
        seen.append((user, since, whole))
        return Replayed(0, ())

    def shell_replay(*given: Any) -> Any:
        seen.append(given)
        return SimpleNamespace(replay=replayed)

    bus = SimpleNamespace(describe_event_bus=lambda **named: seen.append(named))
    place = SimpleNamespace(client=lambda name: bus if name == "events" else None, stack="sample")
    monkeypatch.setattr(Deployment, "of", lambda _: place)
    monkeypatch.setattr(replay, "database_of", lambda _: nullcontext("database"))
    monkeypatch.setattr(replay, "shell_replay", shell_replay)
    assert run("replay", *said) == 0
    assert seen == [{"Name": "sample"}, ("database", bus, "sample"), asked]


@dataclass
class Comparer:
    """Says what a test wants."""

    outcomes: Sequence[Outcome] = ()
    found: ComparisonReport | None = None
    again: Replay | None = None

    def of_everybody(self, sample: int | None) -> Iterator[ComparisonResult]:
        return (ComparisonResult(Request(TABLE, "alice", {}), outcome) for outcome in self.outcomes)

    def of_user(self, user_id: str) -> Iterator[ComparisonResult]:
        return self.of_everybody(None)

    def report(self, since: int) -> ComparisonReport | None:
        return self.found

    def feedback(self, since: int, limit: int) -> FeedbackReport:
        return FeedbackReport({}, [])

    def replay(self, fingerprint: str, operator: str, most: int) -> Replay | None:
        return self.again


Comparing = Callable[[Comparer], None]


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> Comparing:
    """Puts a comparer in the place of the stage's."""

    def put(comparer: Comparer) -> None:
        @contextmanager
        def instead(_: object, *, asking: bool = False) -> Iterator[Any]:
            yield comparer

        monkeypatch.setattr(compare, "_comparing", instead)

    return put


E, D, K, L, F = Outcome.EQUAL, Outcome.DIFFERENT, Outcome.IGNORED, Outcome.LAG, Outcome.FAILED


@FORMS
@pytest.mark.parametrize("whom", [("--all",), ("--user", "alice")])
@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), 1),
        ((E,), 0),
        ((E, E, K), 0),
        ((K,), 0),
        ((E, L), 0),
        ((L,), 1),
        ((E, D), 1),
        ((E, F), 1),
        ((F,), 1),
        ((E, D, F), 1),
    ],
)
def test_a_comparison_fails_where_something_differs_or_failed_or_nothing_was_compared(
    comparing: Comparing, outcomes: Sequence[Outcome], code: int, whom: tuple[str, ...], form: tuple[str, ...]
) -> None:
    comparing(Comparer(outcomes))
    assert run("compare", "run", *whom, *form) == code


def group(rule: IgnoreRule | None = None, gone: Replay | None = None) -> DifferenceGroup:
    return DifferenceGroup("f1", TABLE, DifferenceKind.VALUE, "readings[].amount", 1, 1, 4, 4, (), rule, gone)


@FORMS
@pytest.mark.parametrize(
    ("outcomes", "groups", "code"),
    [
        ({}, [], 1),
        ({F: 3}, [], 1),
        ({E: 3}, [], 0),
        ({E: 3, D: 1}, [group()], 1),
        ({E: 3, K: 1}, [group(RULE)], 0),
        ({E: 3, D: 1}, [group(IgnoreRule("f1", "olga", "known", PAST))], 1),
        ({E: 3, D: 1}, [group(gone=LOOKED)], 0),
        ({E: 3, D: 1}, [group(RULE), group()], 1),
    ],
)
def test_a_report_fails_where_a_difference_is_open_or_nothing_was_compared(
    comparing: Comparing, outcomes: dict[Outcome, int], groups: list[DifferenceGroup], code: int, form: tuple[str, ...]
) -> None:
    comparing(Comparer(found=ComparisonReport({TABLE: outcomes} if outcomes else {}, groups, [])))
    assert run("compare", "report", *form) == code


@FORMS
@pytest.mark.parametrize(
    ("outcomes", "counts", "code"),
    [
        ({E: 2}, (0, 0, 0), 0),
        ({E: 2}, (0, 1, 0), 1),
        ({E: 2}, (0, 0, 1), 1),
        ({E: 1, D: 1}, (1, 0, 0), 1),
        ({E: 1, F: 1}, (0, 0, 0), 1),
        ({E: 1, L: 1}, (0, 0, 0), 1),
        ({}, (0, 0, 0), 1),
        ({K: 1}, (1, 0, 0), 1),
    ],
)
def test_asking_again_fails_unless_the_difference_is_seen_to_be_gone(
    comparing: Comparing,
    capsys: pytest.CaptureFixture[str],
    outcomes: dict[Outcome, int],
    counts: tuple[int, int, int],
    code: int,
    form: tuple[str, ...],
) -> None:
    comparing(Comparer(again=Replay("f1", "olga", 5, outcomes, *counts)))
    assert run("compare", "replay", "f1", *form) == code
    said = capsys.readouterr().out
    assert (f'"showing": {counts[0]}, "lost": {counts[1]}' if form else f"{counts[0]} of them show f1") in said
    assert (('"gone": true' if form else "f1 is gone") in said) is (code == 0)


def seen(meters: int = 0, lagging: int = 0, differences: int = 0) -> Verification:
    return Verification(SyncMode.DUAL_WRITE, meters, lagging, differences)


def put_operations(monkeypatch: pytest.MonkeyPatch, **operations: Any) -> None:
    monkeypatch.setattr(rebuild, "connected", lambda _: nullcontext(SimpleNamespace(**operations)))


@FORMS
@pytest.mark.parametrize("check", [(), ("--check",)])
@pytest.mark.parametrize(
    ("found", "code"),
    [(seen(), 0), (seen(3), 0), (seen(3, 1), 0), (seen(3, 3), 1), (seen(3, 0, 1), 1), (seen(3, 2, 1), 1)],
)
def test_a_rebuild_fails_where_something_differs_or_nothing_was_compared(
    monkeypatch: pytest.MonkeyPatch, found: Verification, code: int, check: tuple[str, ...], form: tuple[str, ...]
) -> None:
    service = SimpleNamespace(check=lambda *_, **__: found, rebuild=lambda *_, **__: found)
    put_operations(monkeypatch, rebuild=service, sweeper=SimpleNamespace(outdated=lambda: 7))
    assert run("rebuild", *check, *form) == code


@pytest.mark.parametrize(("steps", "code"), [([], 1), ([Step(5, "logs", "something")], 0)])
def test_a_trace_fails_where_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], steps: list[Step], code: int
) -> None:
    monkeypatch.setattr(trace, "_rows", lambda *_: steps)
    monkeypatch.setattr(trace, "_of_aws", lambda *_: [])
    assert run("trace", "1" * 32, "--json") == code
    shown = json.loads(capsys.readouterr().out)
    path = Path("1" * 32)
    path.look("database", iter(steps))
    path.look("logs", iter([]))
    path.look("dead letters", iter([]))
    assert shown == path_document(path)


FAILING = FailingMeter(LaggingMeter("alice|power", 2, "ValueError"), 5, 6)


@FORMS
@pytest.mark.parametrize(
    ("report", "failing", "arguments", "code"),
    [
        (SweepReport("swept", 1, refreshed=1), [], (), 0),
        (SweepReport("swept", 1, failed=1), [], (), 1),
        (SweepReport("swept", 1, failed=1, failing=1), [FAILING], (), 1),
        (SweepReport("resting"), [], (), 0),
        (None, [], ("--list",), 0),
        (None, [FAILING], ("--list",), 1),
    ],
)
def test_a_sweep_fails_where_a_meter_cannot_be_refreshed(
    monkeypatch: pytest.MonkeyPatch,
    report: SweepReport | None,
    failing: list[FailingMeter],
    arguments: tuple[str, ...],
    code: int,
    form: tuple[str, ...],
) -> None:
    sweeper = SimpleNamespace(run_at_once=lambda _: report, failing=lambda: (len(failing), failing), outdated=lambda: 7)
    put_operations(monkeypatch, sweeper=sweeper)
    assert run("sweep", *arguments, *form) == code


@FORMS
@pytest.mark.parametrize(("differences", "code"), [((), 0), (("meters: alice|[power]",), 1)])
def test_a_round_trip_fails_where_something_is_not_as_before(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    differences: tuple[str, ...],
    code: int,
    form: tuple[str, ...],
) -> None:
    monkeypatch.setattr(migrations_command, "database_of", lambda _: nullcontext())
    monkeypatch.setattr(roundtrip, "verify", lambda *_: roundtrip.RoundTrip(9, differences))
    with pytest.raises(SystemExit) as exited:
        migrations_command.run(["verify-roundtrip", "--stage", "nowhere", *form])
    assert exited.value.code == code
    said = capsys.readouterr().out
    if form:
        assert json.loads(said) == {"documents": 9, "differences": [*differences]}
        return
    verdict = "not equal" if differences else "equal documents and indexes"
    assert said.splitlines() == [
        *(f"differs: {difference}" for difference in differences),
        f"up, down, up on a copy, 9 documents compared: {verdict}",
    ]


@FORMS
@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_a_drill_fails_where_a_write_is_lost(
    monkeypatch: pytest.MonkeyPatch, passed: bool, code: int, form: tuple[str, ...]
) -> None:
    lost, none = (Run(20, 10, 10, 3, lost) for lost in (2, 0))
    monkeypatch.setattr(drill, "stack", nullcontext)
    on = Surrounding("code", "dual_write", "shape")
    ground = SimpleNamespace(take_shape=lambda _: None, surrounding=lambda _: on)
    monkeypatch.setattr(drill, "laptop_ground", lambda *_: nullcontext(ground))
    monkeypatch.setattr(drill, "not_recorded", lambda *_: None)
    monkeypatch.setattr(drill, "make", lambda *_: Drilled(lost, none if passed else lost, 1.0, 1.0))
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "rollback", *form])
    assert exited.value.code == code
