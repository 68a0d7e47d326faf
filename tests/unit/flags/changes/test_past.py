"""Who answered at an instant in the past: by the records, in fact, and where the records do not reach."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.errors import InvalidInputError, UnavailableError
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.sync.mode_changes import MODE_MS
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.readings import DAY_MS, moment
from chalicelib.flags.changes.past import (
    AROUND_MS,
    LATEST_CHANGES,
    MOST_ANSWERS,
    MOST_CHANGES,
    Past,
)
from chalicelib.flags.changes.publishing import LOST, NOT_SEEN, SILENT
from chalicelib.flags.document.flag_document import read, written
from tests.unit.flags.rollout import IN_HALF, Rollout, back

TABLE_COMPONENT = Component.ENERGY_TABLE
AT = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@pytest.fixture
def course() -> Rollout:
    """The gate opens, the table goes to 50 %, and back a day later; another day passes."""
    rollout = Rollout()
    dual_write(rollout)
    rollout.open()
    rollout.set(50)
    rollout.appconfig.pass_time(86_400)
    back(rollout)
    rollout.appconfig.pass_time(86_400)
    return rollout


def dual_write(rollout: Rollout) -> None:
    """From ``new_only``, where the new side is complete; drained and verified."""
    set_mode(rollout, SyncMode.NEW_ONLY)
    set_mode(rollout, SyncMode.DUAL_WRITE)


def set_mode(rollout: Rollout, mode: SyncMode) -> None:
    rollout.control.change(rollout.store.stored.sync, SyncState(mode), "because", "olga")
    rollout.appconfig.pass_time(120)
    rollout.control.save_verified(Verified(rollout.now(), rollout.store.stored.sync.since, 0, 0, 0))


def changes(rollout: Rollout) -> list[FlagChange]:
    """In the order of time: the gate, 50 %, back."""
    return [*reversed(rollout.history.changes(None, 10))]


def explained(rollout: Rollout, at: int, user: str = IN_HALF) -> Past:
    return rollout.flags.past.explain(user, TABLE_COMPONENT, at)


def in_effect(change: FlagChange) -> int:
    assert change.in_effect_ms is not None
    return change.at + change.in_effect_ms


def answer(rollout: Rollout, at: int, decision: Decision, user: str = IN_HALF) -> None:
    rollout.usage.insert(BackendUsage(TABLE_COMPONENT, user, decision, 3.0, True, trace_id="t"), "pseudonym", at)


def test_the_document_that_was_in_effect_decides(course: Rollout) -> None:
    _, half, rollback = changes(course)
    then = explained(course, in_effect(half))
    assert (then.backend, then.unknown) == (Backend.NEW, [])
    [only] = then.possible
    assert (only.change, only.decision.document_version) == (half, half.to_version)
    assert only.rule.endswith("is below 50000 (50 %)")
    assert explained(course, rollback.at - 1).backend is Backend.NEW
    assert explained(course, in_effect(rollback)).backend is Backend.OLD


def test_what_is_explained_for_now_is_what_is_decided_now(course: Rollout) -> None:
    for user in (IN_HALF, "bob", "carol"):
        now = course.flags.overview.explain(user, TABLE_COMPONENT)
        [then] = explained(course, course.now(), user).possible
        assert (then.decision, then.rule) == (now.decision, now.rule)


def test_while_a_change_came_into_effect_both_documents_are_possible(course: Rollout) -> None:
    _, half, rollback = changes(course)
    then = explained(course, rollback.at)
    assert then.backend is None
    assert [each.change for each in then.possible] == [rollback, half]
    assert {each.decision.backend for each in then.possible} == {Backend.OLD, Backend.NEW}
    assert explained(course, in_effect(rollback) - 1).backend is None


def test_both_documents_may_say_the_same(course: Rollout) -> None:
    then = explained(course, changes(course)[2].at, user="nobody in it")
    assert len(then.possible) == 2
    assert then.backend is Backend.OLD


def test_before_the_record_begins_nobody_can_say(course: Rollout) -> None:
    first = changes(course)[0]
    then = explained(course, first.at - 1)
    assert (then.backend, then.possible) == (None, [])
    [unknown] = then.unknown
    assert unknown == (
        f"the record does not have the document {first.from_version}, from before the change of {moment(first.at)}"
    )


def test_while_the_first_recorded_change_came_into_effect_the_document_before_it_is_missing(course: Rollout) -> None:
    first = changes(course)[0]
    then = explained(course, first.at + 5_000)
    assert [each.change for each in then.possible] == [first]
    assert then.backend is None
    assert then.unknown == [
        f"the record does not have the document {first.from_version}, from before the change of {moment(first.at)}"
    ]


def test_no_more_changes_are_looked_for_than_there_are(course: Rollout) -> None:
    real, limits = course.history.begun_until, list[int]()

    def begun_until(at: int, limit: int) -> Any:
        limits.append(limit)
        return real(at, limit)

    course.history.begun_until = begun_until  # type: ignore[method-assign]
    explained(course, changes(course)[0].at - 1)
    explained(course, course.now())
    assert limits == [10, 10]


def test_where_nothing_was_ever_recorded_nobody_can_say() -> None:
    rollout = Rollout()
    dual_write(rollout)
    assert explained(rollout, rollout.now()).unknown == ["no change of the flags is recorded"]


def test_a_document_that_was_deployed_without_a_record_is_said_to_be_missing(course: Rollout) -> None:
    _, half, rollback = changes(course)
    course.history.save(replace(rollback, from_version="another"), b"")
    then = explained(course, in_effect(half))
    assert then.backend is None
    assert then.unknown == [
        f"between the change of {moment(half.at)} and the recorded change of {moment(rollback.at)} somebody deployed "
        "the document another without a record: when, nobody knows"
    ]
    assert [each.decision.backend for each in then.possible] == [Backend.NEW]


def test_a_document_that_is_deployed_without_a_record_is_noticed_too(course: Rollout) -> None:
    deployed = course.home.deployed()
    course.appconfig.deployed(written(read(deployed.content)) + b"\n")
    then = explained(course, course.now())
    assert then.backend is None
    assert "and now somebody deployed the document" in then.unknown[0]


def test_without_appconfig_the_record_alone_speaks(course: Rollout) -> None:
    with course.appconfig.outage():
        then = explained(course, course.now())
    assert then.backend is Backend.OLD
    assert "AppConfig does not say" in " ".join(then.notes)


@pytest.mark.parametrize(
    ("state", "is_deployed", "backends"),
    [
        (ChangeState.FAILED, False, [Backend.OLD]),
        (ChangeState.STARTED, False, [Backend.NEW, Backend.OLD]),
        (ChangeState.FAILED, True, [Backend.NEW, Backend.OLD]),
    ],
)
def test_a_change_that_did_not_come_to_its_end_is_possible_where_it_may_have_been_deployed(
    course: Rollout, state: ChangeState, is_deployed: bool, backends: list[Backend]
) -> None:
    half = changes(course)[1]
    [content] = [each.content for each in course.history.begun_until(half.at, 1)]
    at = course.now()
    late = replace(half, id="late", at=at, state=state, deployment=7 if is_deployed else None, in_effect_ms=None)
    course.history.save(late, content or b"")
    course.appconfig.pass_time(3_600)
    with course.appconfig.outage():
        then = explained(course, at + 1_000)
    assert [each.decision.backend for each in then.possible] == backends
    assert then.unknown == []  # from a change of which nobody knows whether it was deployed nothing follows


def test_the_next_change_tells_whether_an_unfinished_one_was_deployed(course: Rollout) -> None:
    gate, half, rollback = changes(course)
    [content] = [each.content for each in course.history.begun_until(half.at, 1)]
    course.history.save(replace(half, state=ChangeState.STARTED, in_effect_ms=None), content or b"")
    then = explained(course, rollback.at - 1)
    assert [each.change and each.change.id for each in then.possible] == [half.id, gate.id]
    course.history.save(replace(rollback, from_version=gate.to_version), b"")
    then = explained(course, rollback.at - 1)
    assert [each.change and each.change.id for each in then.possible] == [gate.id]


@pytest.mark.parametrize("others", [LATEST_CHANGES, MOST_CHANGES - 1, MOST_CHANGES], ids=str)
def test_how_far_back_it_looks_is_said_where_that_is_not_enough(course: Rollout, others: int) -> None:
    half = changes(course)[1]
    for number in range(others):
        failed = replace(half, id=f"failed {number}", at=half.at + 20_000 + number, state=ChangeState.FAILED)
        course.history.save(replace(failed, to_version="never", deployment=None), b"")
    then = explained(course, half.at + 30_000)
    if others < MOST_CHANGES:
        assert (then.backend, then.unknown) == (Backend.NEW, [])
    else:
        assert then.unknown == [
            "none of the 200 changes before then was in effect everywhere, and older ones are not looked at"
        ]


def test_a_change_for_which_nobody_waited_counts_after_a_minute(course: Rollout) -> None:
    _, half, _ = changes(course)
    [content] = [each.content for each in course.history.begun_until(half.at, 1)]
    course.history.save(replace(half, in_effect_ms=None, problem=NOT_SEEN), content or b"")
    assert explained(course, half.at + 59_999).backend is None
    then = explained(course, half.at + 60_000)
    assert then.backend is Backend.NEW
    assert f"the change of {moment(half.at)} was {NOT_SEEN}" in then.notes


@pytest.mark.parametrize("problem", [SILENT, LOST.format(latest=1, ours=2)], ids=["silent", "lost"])
def test_a_change_of_which_nobody_knows_whether_it_came_into_effect_does_not_count_by_itself(
    course: Rollout, problem: str
) -> None:
    gate, half, rollback = changes(course)
    [content] = [each.content for each in course.history.begun_until(half.at, 1)]
    course.history.save(replace(half, in_effect_ms=None, problem=problem), content or b"")
    then = explained(course, rollback.at - 1)
    assert then.backend is None
    assert [each.change and each.change.id for each in then.possible] == [half.id, gate.id]
    assert f"the change of {moment(half.at)} was {problem}" in then.notes


def test_what_was_deployed_without_a_record_between_two_changes_is_missed(course: Rollout) -> None:
    """The table goes back while the database is away, and to 60 % a day later: until then it was at 0."""
    course.set(50)
    course.appconfig.pass_time(86_400)
    course.store.down = True
    back(course)
    course.store.down = False
    course.appconfig.pass_time(86_400)
    course.set(60)
    [before, last] = changes(course)[-2:]
    course.appconfig.pass_time(86_400)
    for at in (last.at, in_effect(last) - 1):
        then = explained(course, at)
        assert then.backend is None
        assert then.unknown == [
            f"between the change of {moment(before.at)} and the recorded change of {moment(last.at)} somebody deployed "
            f"the document {last.from_version} without a record: when, nobody knows"
        ]
    assert explained(course, in_effect(last)).backend is Backend.NEW


def test_for_a_second_after_a_change_of_mode_some_still_go_by_the_one_before(course: Rollout) -> None:
    set_mode(course, SyncMode.NEW_ONLY)
    course.appconfig.pass_time(3_600)
    set_mode(course, SyncMode.DUAL_WRITE)
    since = course.store.stored.sync.since
    assert since is not None
    course.appconfig.pass_time(600)
    then = explained(course, since + MODE_MS - 1)
    assert (then.backend, then.mode.mode) == (None, SyncMode.DUAL_WRITE)
    assert {each.decision.backend for each in then.possible} == {Backend.OLD, Backend.NEW}
    assert f"the mode had changed at {moment(since)}: for a second some still go by the one before" in then.notes
    assert explained(course, since + MODE_MS).backend is Backend.OLD
    assert explained(course, since - 1).backend is Backend.NEW


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "the content of the document"), (b"not JSON", "cannot be read: the flag document is not JSON")],
)
def test_a_document_without_a_readable_content_decides_nothing(
    course: Rollout, content: bytes | None, said: str
) -> None:
    _, half, _ = changes(course)
    course.history.save(half, content)  # type: ignore[arg-type]
    then = explained(course, in_effect(half))
    assert (then.backend, then.possible) == (None, [])
    assert said in then.unknown[0]
    assert half.to_version in then.unknown[0]


def test_a_record_from_which_an_account_was_taken_out_still_says_what_it_decided(course: Rollout) -> None:
    _, half, _ = changes(course)
    [content] = [each.content for each in course.history.begun_until(half.at, 1)]
    course.history.save(half, (content or b"") + b"\n")
    then = explained(course, in_effect(half))
    assert then.backend is Backend.NEW
    assert then.possible[0].decision.document_version == half.to_version
    assert f"the record of the document {half.to_version} was changed since: an account ended" in then.notes


@pytest.mark.parametrize(
    ("mode", "backend"), [(SyncMode.OLD_ONLY, Backend.OLD), (SyncMode.NEW_ONLY, Backend.NEW)], ids=str
)
def test_a_mode_that_decides_alone_needs_no_document(course: Rollout, mode: SyncMode, backend: Backend) -> None:
    set_mode(course, mode)
    then = explained(course, course.now())
    assert (then.backend, then.unknown, then.mode.mode) == (backend, [], mode)
    assert [each.change for each in then.possible] == [None]


def test_before_the_new_side_had_caught_up_both_is_possible(course: Rollout) -> None:
    set_mode(course, SyncMode.OLD_ONLY)
    set_mode(course, SyncMode.DUAL_WRITE)
    before = course.now()
    course.appconfig.pass_time(1)
    course.set(50)
    then = explained(course, before, user="nobody in it")
    assert [each.decision.reason for each in then.possible] == [Reason.CATCHING_UP, Reason.COMPONENT_OFF]
    assert "when it had is not recorded" in then.notes[0]
    then = explained(course, course.now())  # the change has noted that nothing had to catch up any more
    assert [each.decision.reason for each in then.possible] == [Reason.PERCENTAGE_IN]
    assert then.backend is Backend.NEW
    assert then.notes == ["no answer is recorded within 30 s"]


def test_a_mode_that_nobody_recorded_is_unknown() -> None:
    rollout = Rollout()
    rollout.mode(SyncMode.DUAL_WRITE, rollout.now())
    then = explained(rollout, rollout.now() - 1)
    assert (then.mode.mode, then.backend) == (None, None)
    assert "no mode is recorded" in then.unknown[0]


def test_the_answers_around_then_are_shown_and_nobody_elses(course: Rollout) -> None:
    half = changes(course)[1]
    at = in_effect(half) + AROUND_MS
    said = Decision(Backend.NEW, Reason.PERCENTAGE_IN, 3, half.to_version)
    for shift in (-AROUND_MS - 1, -AROUND_MS, 0, AROUND_MS, AROUND_MS + 1):
        answer(course, at + shift, said)
    answer(course, at, said, user="bob")
    then = explained(course, at)
    assert [each.at - at for each in then.answers] == [-AROUND_MS, 0, AROUND_MS]
    assert {(each.backend, each.document_version, each.trace_id) for each in then.answers} == {
        (Backend.NEW, half.to_version, "t")
    }
    assert then.notes == []


def test_an_answer_that_the_records_do_not_explain_is_pointed_out(course: Rollout) -> None:
    at = in_effect(changes(course)[1])
    answer(course, at, Decision(Backend.OLD, Reason.FORCED_OLD))
    then = explained(course, at)
    assert then.backend is Backend.NEW
    assert then.notes == ["some answers were decided otherwise than by these records: their reasons say how"]


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (1_000, "no answer is recorded within 30 s"),
        (30 * DAY_MS, "no answer is recorded within 30 s"),
        (30 * DAY_MS + 1, "answers are kept for 30 days, so nobody knows what was answered then"),
    ],
)
def test_that_there_is_no_answer_says_why(course: Rollout, age: int, said: str) -> None:
    course.appconfig.pass_time(32 * 86_400)
    assert any(said in note for note in explained(course, course.now() - age).notes)


def test_more_answers_than_are_shown_are_said_to_be_there(course: Rollout) -> None:
    half = changes(course)[1]
    at = in_effect(half)
    for number in range(MOST_ANSWERS + 1):
        answer(course, at + number, Decision(Backend.NEW, Reason.PERCENTAGE_IN, 3, half.to_version))
    then = explained(course, at)
    assert len(then.answers) == MOST_ANSWERS
    assert then.notes == [f"there were more answers than these {MOST_ANSWERS}"]


def test_nobody_knows_what_lies_ahead(course: Rollout) -> None:
    with pytest.raises(InvalidInputError, match="lies ahead: it is"):
        explained(course, course.now() + 1)


def test_without_the_database_it_is_unavailable(course: Rollout) -> None:
    course.store.down = True
    with pytest.raises(UnavailableError):
        explained(course, course.now())
