"""The drill's own judgement: what is lost is counted, what is not is not, and a drill that sees nothing fails."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from chalicelib.domain.migration.gate.evidence import Surrounding
from chalicelib.domain.migration.status.records import RollbackDrill
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.shape import shape_of
from infra import __main__ as command_line
from infra.drills.api import ATTEMPTS, Api, Reply, Sent
from infra.drills.rollback import Drilled, Exercise, Run, drill
from infra.drills.writing import CHANGE_EVERY, PEOPLE, REMOVE_EVERY, WRITES, Person, fill_form
from infra.errors import OperatorError
from infra.local import layout
from infra.operations import drill as command
from infra.operations.drill import document_of, not_recorded, print_drilled
from infra.targets.target import Target
from tests.unit.infra.drills.drilled_system import NEW, OLD, FakeSystem

SHORT = Exercise("energy_forms", writes=100, control_writes=40, moves=2, quiet_seconds=0.01)
Answer = Callable[[], Reply]
FAILED = Reply(503, OLD, b"{}")


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def person() -> Person:
    return Person("alice")


def write(system: FakeSystem, person: Person, *numbers: int) -> None:
    for number in numbers:
        fill_form(system.api, person, number)


def missed(system: FakeSystem, person: Person) -> int:
    return person.missed(system.api.old_table(person.name))


def after(times: int, fault: Callable[[Answer], Reply | None]) -> Callable[[Sent, Answer], Reply | None]:
    """A fault of one request; the others before and behind it go well."""
    seen = iter(range(1_000))
    return lambda _sent, answer: fault(answer) if next(seen) == times else answer()


def lost_connection(answer: Answer) -> None:
    answer()


def broken_commit(answer: Answer) -> Reply:
    answer()
    return FAILED


@pytest.mark.long
@pytest.mark.parametrize("component", sorted(WRITES))
def test_where_dual_write_holds_nothing_is_lost_and_the_control_shows_that_it_would_be_seen(
    system: FakeSystem, component: str
) -> None:
    said: list[str] = []
    drilled = drill(system, replace(SHORT, component=component), said.append)
    assert drilled.passed
    assert drilled.control.lost > 0
    assert (drilled.drill.lost, drilled.drill.flips, drilled.control.flips) == (0, 4, 4)
    assert drilled.drill.writes == drilled.drill.by_old + drilled.drill.by_new >= SHORT.writes
    assert min(drilled.drill.by_old, drilled.drill.by_new) > 0
    assert (drilled.in_effect_seconds, system.active) == (0.25, OLD)
    assert [line.partition(",")[0] for line in said[2:]] == [
        *(f"{component}: everybody on the {side} backend" for side in (NEW, OLD, NEW)),
        f"{component}: rolled back",
    ]


def test_a_control_that_loses_nothing_fails_the_drill(system: FakeSystem, capsys: pytest.CaptureFixture[str]) -> None:
    system.control_loses = False
    drilled = drill(system, SHORT, lambda _: None)
    assert (drilled.control.lost, drilled.drill.lost, drilled.passed) == (0, 0, False)
    print_drilled(drilled)
    said = capsys.readouterr().out
    assert "would not have noticed a loss" in said
    assert "lost writes: 0" in said


def test_a_write_that_the_old_side_never_got_is_lost(system: FakeSystem) -> None:
    def forget(sent: Sent, answer: Answer) -> Reply:
        reply = answer()
        if sent.method == "POST" and system.active == NEW and system.dual:
            system.rows(OLD, sent.user).popitem()
        return reply

    system.fault = forget
    drilled = drill(system, SHORT, lambda _: None)
    assert drilled.drill.lost > 0
    assert not drilled.passed


@pytest.mark.parametrize(
    ("run", "passed"),
    [
        (Run(10, 5, 5, 4, 0), True),
        (Run(10, 5, 5, 4, 1), False),
        (Run(10, 10, 0, 4, 0), False),
        (Run(10, 0, 10, 4, 0), False),
    ],
)
def test_a_drill_passes_when_both_backends_wrote_and_nothing_is_lost(run: Run, passed: bool) -> None:
    drilled = Drilled(Run(9, 4, 5, 4, 3), run, 1.234, 15.0)
    assert drilled.passed is passed
    document = drilled.as_document()
    assert (document["passed"], document["drill"]["lost"]) == (passed, run.lost)
    assert document["lastNewAnswerSeconds"] == 1.23


def test_a_date_that_shows_nothing_something_else_or_something_removed_is_a_lost_write(
    system: FakeSystem, person: Person
) -> None:
    write(system, person, *range(1, REMOVE_EVERY))
    assert missed(system, person) == 0
    rows = system.rows(OLD, "alice")
    gone, changed, kept = [rows[key] for key in list(rows)[:3]]
    rows.popitem()
    assert missed(system, person) == 1
    system.rows(OLD, "alice")[next(iter(rows))] = changed | {"amount": 0.25, "date": gone["date"]}
    assert missed(system, person) == 2
    rows["back"] = {**kept, "date": "2022-12-31T00:00:00+00:00"}
    assert missed(system, person) == 3


def test_changes_and_removals_are_remembered_too(system: FakeSystem, person: Person) -> None:
    write(system, person, *range(1, 4 * REMOVE_EVERY))
    assert system.requests["PUT"] > 2
    assert system.requests["DELETE"] > 2
    assert missed(system, person) == 0
    assert len(person.content) == len(system.rows(OLD, "alice"))


@pytest.mark.parametrize("fault", [lost_connection, broken_commit, lambda _: FAILED, lambda _: None])
@pytest.mark.parametrize("number", range(REMOVE_EVERY))
def test_a_write_of_unknown_outcome_is_sent_again_and_counts_once(
    system: FakeSystem, person: Person, fault: Callable[[Answer], Reply | None], number: int
) -> None:
    system.fault = after(number, fault)
    write(system, person, *range(1, REMOVE_EVERY + 1))
    assert sum(system.requests.values()) == REMOVE_EVERY + 1
    assert missed(system, person) == 0


@pytest.mark.parametrize(("number", "method"), [(CHANGE_EVERY, "PUT"), (REMOVE_EVERY, "DELETE")])
def test_what_is_gone_before_anybody_changes_or_removes_it_is_lost(
    system: FakeSystem, person: Person, number: int, method: str
) -> None:
    write(system, person, *range(1, number))
    for side in (OLD, NEW):
        system.rows(side, "alice").popitem()
    write(system, person, number)
    assert system.requests[method] == 1
    assert missed(system, person) == 1


def answers(*replies: Reply | None) -> Api:
    """An API that gives these answers, the last one for ever."""
    left: Iterator[Reply | None] = iter(replies)
    latest: list[Reply | None] = []

    def transport(_: Sent) -> Reply | None:
        latest[:] = [next(left, latest[0] if latest else None)]
        return latest[0]

    return Api(transport, pause=lambda _: None)


def test_a_refusal_that_nobody_expects_ends_the_drill_with_what_was_said() -> None:
    with pytest.raises(OperatorError, match=r"POST /x: 422 .*no such thing"):
        answers(Reply(422, OLD, b'{"detail": "no such thing"}')).send(Sent("POST", "/x", "alice"), {201})


def test_who_never_gets_an_answer_says_so() -> None:
    with pytest.raises(OperatorError, match=f"POST /x: no usable answer in {ATTEMPTS} attempts"):
        answers(None, FAILED).send(Sent("POST", "/x", "alice"), {201})


def test_an_answer_that_is_not_the_applications_is_none() -> None:
    with pytest.raises(OperatorError, match="without X-Backend"):
        answers(Reply(201, None, b"{}")).send(Sent("POST", "/x", "alice"), {201})


def test_only_the_first_attempt_is_surely_the_first() -> None:
    created = Reply(201, NEW, b'{"amount": 1.10}')
    sent = Sent("POST", "/x", "alice")
    assert answers(created).send(sent, {201}).surely_first
    assert not answers(None, created).send(sent, {201}).surely_first
    assert str(answers(created).send(sent, {201}).body["amount"]) == "1.10"


def test_the_table_is_read_whole_and_from_the_old_backend_alone() -> None:
    pages = [
        (NEW, '{"readings": [], "nextCursor": null}'),
        (OLD, '{"readings": [{"date": "2023-01-01T00:00:00Z", "amount": 1.5}], "nextCursor": "c"}'),
        (OLD, '{"readings": [{"date": "2023-01-02T00:00:00Z", "amount": 2}], "nextCursor": null}'),
    ]
    api = answers(*(Reply(200, backend, body.encode()) for backend, body in pages))
    assert sorted(map(float, api.old_table("alice").values())) == [1.5, 2.0]
    with pytest.raises(OperatorError, match="the old backend does not answer"):
        answers(Reply(200, NEW, pages[0][1].encode())).old_table("alice")


def test_what_ends_one_persons_writing_ends_the_drill(system: FakeSystem) -> None:
    system.fault = lambda _, answer: Reply(401, None, b"expired") if system.requests["POST"] > PEOPLE else answer()
    with pytest.raises(OperatorError, match="401 expired"):
        drill(system, SHORT, lambda _: None)


ON = Surrounding("code", "dual_write", "shape")
RECORD = RollbackDrill(5, "energy_forms", "code", 100, 0, 14.5, passed=True, mode="dual_write", shape="shape")


def test_what_a_drill_has_shown_is_what_is_recorded() -> None:
    control, drilled = Run(40, 20, 20, 3, 7), Run(100, 50, 50, 4, 0)
    assert Drilled(control, drilled, 14.5, 15.0).record(5, "energy_forms", ON) == RECORD


@pytest.mark.usefixtures("impatient")
def test_a_drill_without_a_target_that_can_be_reached_says_so() -> None:
    away = Target(None, None, None, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "x", must_agree=False)
    assert "127.0.0.1:1 did not answer" in (not_recorded(away, RECORD) or "")
    assert not_recorded(OperatorError("there is none yet"), RECORD) == "there is none yet"


@pytest.fixture
def _nothing_is_brought_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without any stack, and a drill that loses nothing."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    for name in ("STACK_NAME", "MONGODB_URI", "MONGODB_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "stack", nullcontext)
    ground = SimpleNamespace(take_shape=lambda _: None, surrounding=lambda _: ON)
    monkeypatch.setattr(command, "laptop_ground", lambda *_: nullcontext(ground))
    shown = Drilled(Run(40, 20, 20, 3, 7), Run(100, 50, 50, 4, 0), 14.5, 15.0)
    monkeypatch.setattr(command, "make", lambda *_: shown)


@pytest.mark.usefixtures("_nothing_is_brought_up")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_where_no_stack_was_ever_brought_up_a_drill_passes_and_says_that_it_is_not_recorded(
    capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "rollback", *form])
    said = capsys.readouterr().out
    assert exited.value.code == 0
    assert "The stack 'local' has never come up" in said
    assert ("notRecorded" if form else "not recorded:") in said


@pytest.mark.usefixtures("_nothing_is_brought_up")
def test_a_target_that_a_person_has_named_must_be_there_before_a_drill_begins(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "rollback", "--name", "other"])
    said = capsys.readouterr()
    assert exited.value.code == 1
    assert "The stack 'other' has never come up" in said.err
    assert "bringing up" not in said.err


@pytest.mark.parametrize("wrong", [["--component", "dashboard"], ["--writes", "5"], ["--moves", "0"]])
def test_what_cannot_be_drilled_is_refused_before_anything_is_brought_up(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        command_line.run(["drill", "rollback", *wrong])
    assert exited.value.code == 2


def test_a_target_whose_flags_cannot_be_seen_is_drilled_on_flags_without_shape() -> None:
    database_alone = Target(
        None, None, None, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "x", must_agree=False
    )
    for target in (OperatorError("there is none yet"), database_alone):
        assert shape_of(document_of(target)) == shape_of(FlagDocument({}))
