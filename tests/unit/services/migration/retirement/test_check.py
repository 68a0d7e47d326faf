"""Blockers of the old backend's end: each one by itself, and each look fails alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.retirement.blockers import Part
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, BrownOut
from chalicelib.domain.migration.retirement.callers import V1Call
from chalicelib.domain.migration.sync.reconciliation import SyncStop, Verified
from infra.simulation.memory.migration.usage import FakeUsageLog
from tests.unit.flags.rollout import REQUEST
from tests.unit.services.migration.retirement.ended import Ended
from tests.unit.services.migration.status.system import compared

TABLE = Component.ENERGY_TABLE
OLD = Decision(Backend.OLD, Reason.PERCENTAGE_OUT)
CALL = V1Call("0" * 32, "curl", "GET /v1/energy")


@pytest.fixture
def ended() -> Ended:
    return Ended()


def test_where_everything_has_moved_and_everybody_knows_nothing_stands_in_the_way(ended: Ended) -> None:
    assert ended.blockers() == []


def not_announced(ended: Ended) -> None:
    ended.records.stored = None


def sunset_to_come(ended: Ended) -> None:
    ended.records.stored = replace(ended.calendar, sunset_at=ended.rollout.now() + 1)


def no_brown_out(ended: Ended) -> None:
    ended.records.stored = replace(ended.calendar, brown_outs=())


def withheld_brown_out(ended: Ended) -> None:
    [brown_out] = ended.calendar.brown_outs
    ended.records.stored = replace(ended.calendar, brown_outs=(replace(brown_out, withheld="the page calls"),))


def lowered(ended: Ended) -> None:
    ended.rollout.set(50)


def lately(ended: Ended) -> None:
    ended.rollout.set(50)
    ended.rollout.set(100)


def killed(ended: Ended) -> None:
    ended.rollout.flags.changes.kill(REQUEST)


def blocked(ended: Ended) -> None:
    ended.rollout.set(block=("bob",))


def different(ended: Ended) -> None:
    compared(ended, TABLE, Outcome.DIFFERENT, new=2)


def never_verified(ended: Ended) -> None:
    ended.rollout.control.save_verified(cast(Verified, None))


def found_differences(ended: Ended) -> None:
    ended.rollout.control.save_verified(Verified(ended.rollout.now(), None, 1, 0, 2))


def verified_before_the_mode(ended: Ended) -> None:
    ended.rollout.control.save_verified(Verified(ended.rollout.now(), 17, 1, 0, 0))


def old_only(ended: Ended) -> None:
    ended.rollout.mode(SyncMode.OLD_ONLY)


def catching_up(ended: Ended) -> None:
    ended.rollout.store.stored.sync = replace(ended.rollout.store.sync(), catching_up=Side.OLD)


def stopped(ended: Ended) -> None:
    ended.rollout.control.save_stop(SyncStop(ended.rollout.now(), "energies is empty"))


def called(ended: Ended) -> None:
    ended.records.record(CALL, ended.rollout.now() - 35 * DAY_MS)


def answered_by_old(ended: Ended) -> None:
    usage = BackendUsage(TABLE, "alice", OLD, 1.0, True)
    cast(FakeUsageLog, ended.ports.usage).insert(usage, "pseudonym", ended.rollout.now() - DAY_MS)


@pytest.mark.parametrize(
    ("happen", "part", "said", "command"),
    [
        (not_announced, Part.SUNSET, "not announced", "retire announce"),
        (sunset_to_come, Part.SUNSET, "is not reached", "retire show"),
        (no_brown_out, Part.BROWN_OUTS, "no brown-out was held", "retire brownout add"),
        (withheld_brown_out, Part.BROWN_OUTS, "no brown-out was held", "retire brownout add"),
        (lowered, Part.COMPONENTS, "energy_table: its flag is at 50 %", "status --component energy_table"),
        (lately, Part.DAYS, "energy_table: everybody has the new backend since", "flags history energy_table"),
        (killed, Part.COMPONENTS, "the global gate is off", "status --component dashboard"),
        (blocked, Part.COMPONENTS, "1 person blocked", "status --component energy_table"),
        (different, Part.DIFFERENCES, "nobody has answered", "compare report"),
        (never_verified, Part.VERIFY, "never compared", "verify"),
        (found_differences, Part.VERIFY, "found differences (2)", "repair"),
        (verified_before_the_mode, Part.VERIFY, "since the mode changed", "verify"),
        (old_only, Part.MODE, "the mode is old_only", "mode set dual_write"),
        (catching_up, Part.MODE, "still catches up", "sync"),
        (stopped, Part.MODE, "the sync job is stopped: energies is empty", "repair"),
        (called, Part.CALLERS, "in the last 35 days, by 1 person with curl", "retire callers --days 35"),
        (answered_by_old, Part.OLD_ANSWERS, "energy_table: the old backend has answered it", "status --component"),
    ],
)
def test_each_thing_in_the_way_is_said_with_the_command_that_helps(
    ended: Ended, happen: Callable[[Ended], None], part: Part, said: str, command: str
) -> None:
    happen(ended)
    found = [each for each in ended.blockers() if each.part is part]
    assert found
    assert said in found[0].text
    assert found[0].command.startswith(f"python -m infra {command}")
    forcible = {Part.SUNSET, Part.BROWN_OUTS, Part.DAYS, Part.CALLERS, Part.OLD_ANSWERS}
    assert found[0].may_be_forced is (part in forcible)


def test_a_brown_out_that_is_to_come_is_waited_for(ended: Ended) -> None:
    start = ended.rollout.now() + 1
    ended.records.stored = replace(
        ended.calendar, sunset_at=start + 9, brown_outs=(*ended.calendar.brown_outs, BrownOut(start, start + 9))
    )
    assert [each.part for each in ended.blockers()] == [Part.SUNSET, Part.BROWN_OUTS]


def test_how_long_it_must_have_been_so_is_what_was_asked_for(ended: Ended) -> None:
    lately(ended)
    called(ended)
    assert {each.part for each in ended.blockers()} == {Part.DAYS, Part.CALLERS}
    assert ended.blockers(days=0, quiet_days=34) == []


def test_in_new_only_flags_decide_nothing_and_both_sides_need_not_be_equal(ended: Ended) -> None:
    killed(ended)
    ended.rollout.mode(SyncMode.NEW_ONLY)
    assert ended.blockers() == []


def test_of_a_flag_without_a_record_nobody_knows_since_when(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended.rollout.history, "changes", lambda *_: [])
    found = ended.blockers()
    assert {each.part for each in found} == {Part.DAYS}
    assert "nobody knows since when" in found[0].text


def test_what_cannot_be_looked_at_is_in_the_way_and_the_rest_is_said(ended: Ended) -> None:
    called(ended)
    with ended.rollout.appconfig.outage():
        found = ended.blockers()
    unknown = [each for each in found if each.unknown]
    assert [each.part for each in unknown] == [Part.COMPONENTS]
    assert not unknown[0].may_be_forced
    assert Part.CALLERS in {each.part for each in found}


def test_without_the_database_nothing_is_known(ended: Ended) -> None:
    ended.rollout.store.down = True
    found = ended.blockers()
    assert {each.part for each in found if each.unknown} == set(Part) - {
        Part.BROWN_OUTS,
        Part.COMPONENTS,
        Part.REFERENCES,
    }


def test_a_damaged_calendar_is_nothing_that_anybody_passes_by(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> Calendar:
        raise UnavailableError("control.retirement cannot be read")

    monkeypatch.setattr(ended.records, "calendar", damaged)
    [found] = ended.blockers()
    assert (found.part, found.unknown, found.may_be_forced) == (Part.SUNSET, True, False)
