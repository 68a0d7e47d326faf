"""What changes of the calendar leave in its log, what is listed of callers, and what blocks in which words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.records.comparison_log import DifferenceGroup
from chalicelib.domain.migration.records.decision import Decision, Reason
from chalicelib.domain.migration.records.flag_history import FlagChange
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.retirement.blockers import Blocker, Part
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import V1Call
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import moment
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.services.migration.retirement.check import since_when
from chalicelib.services.migration.retirement.commands import RetirementCommands
from chalicelib.services.migration.retirement.watch import RetirementWatch
from infra.simulation.memory.migration.usage import FakeUsageLog
from tests.unit.flags.rollout import REQUEST
from tests.unit.services.migration.retirement.ended import Ended

DAY = 86_400_000
CALLER = "0" * 32
TABLE = Component.ENERGY_TABLE
CALL = V1Call(CALLER, "curl", "GET /v1/energy")


class Office(Ended):
    """Commands, a second and a half behind a full one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.records.stored = None
        self.rollout.appconfig.now = self.rollout.now() // 1_000 + 0.5
        self.now = self.rollout.now() - 500
        self.commands = RetirementCommands(self.records, self.rollout.now)

    def announce(self, end: int, deprecated: int | None = None, *, rehearsal: bool = False) -> Calendar:
        return self.commands.announce(end, deprecated, "olga", " it is time ", earlier=False, rehearsal=rehearsal)

    def brown_out(self, start: int | None, length: int) -> Calendar:
        flags = flags_seen(self.rollout.flags.overview.listing())
        return self.commands.add_brown_out(start, length, flags, "otto", " so that they notice ")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def ended() -> Ended:
    return Ended()


def test_every_change_is_kept_to_the_second_with_who_what_and_why(office: Office) -> None:
    now, end, start = office.now, office.now + 60 * DAY, office.now + 20 * DAY
    office.records.record(CALL, now)
    office.announce(end)
    office.brown_out(start, 3_600_000)
    office.commands.add_opt_out(OptOut(CALLER, start + 1), "ida", " they asked ")
    office.commands.remove_opt_out(CALLER, "ida", " enough ")
    office.commands.remove_brown_out(start, "otto", " not yet ")
    assert office.calendar.log == (
        Entry(now, "olga", f"sunset at {moment(end)}", "it is time"),
        Entry(now, "otto", f"brown-out {moment(start)} to {moment(start + 3_600_000)}", "so that they notice"),
        Entry(now, "ida", f"opt-out until {moment(start + 1)}", "they asked"),
        Entry(now, "ida", "no opt-out", "enough"),
        Entry(now, "otto", f"no brown-out {moment(start)}", "not yet"),
    )


def test_an_announcement_may_say_from_when_on_version_1_is_deprecated(office: Office) -> None:
    now, end = office.now, office.now + 60 * DAY
    found = office.announce(end, now + DAY)
    assert (found.announced_at, found.deprecated_at, found.sunset_at) == (now, now + DAY, end)
    later = office.announce(end + DAY)
    assert (later.deprecated_at, later.sunset_at) == (now + DAY, end + DAY), "what is not said stays"
    assert office.announce(end + DAY, now + 2 * DAY).deprecated_at == now + 2 * DAY


def test_a_rehearsal_that_goes_on_keeps_its_brown_outs(office: Office) -> None:
    office.announce(office.now + 3_600_000, rehearsal=True)
    office.brown_out(office.now + 60_000, 30_000)
    found = office.announce(office.now + 7_200_000, rehearsal=True)
    assert (found.rehearsal, len(found.brown_outs), len(found.log)) == (True, 1, 3)


def test_what_is_announced_is_said_once(office: Office) -> None:
    end = office.now + 60 * DAY
    version = office.announce(end).version
    assert office.announce(end).version == version
    with pytest.raises(RetirementError, match="python -m infra retire announce"):
        Office().commands.calendar()


def test_a_brown_out_waits_for_flags_that_send_everybody(office: Office) -> None:
    office.announce(office.now + 60 * DAY)
    office.rollout.set(50)
    expected = (
        r"the old backend still answers our own page \(energy_table: its flag is at 50 %\); first: "
        r"python -m infra status$"
    )
    with pytest.raises(RetirementError, match=expected):
        office.brown_out(office.now + 20 * DAY, 3_600_000)
    office.rollout.set(100)
    office.records.record(V1Call(CALLER, "page", "GET /v1/energy"), office.now)
    with pytest.raises(RetirementError, match=r"; first: python -m infra retire check$"):
        office.brown_out(office.now + 20 * DAY, 3_600_000)


@pytest.mark.parametrize(("ago", "withheld"), [(DAY - 500, True), (DAY + 500, True), (DAY + 501, False)])
def test_what_of_our_own_has_called_within_a_day_withholds_a_brown_out(
    office: Office, ago: int, withheld: bool
) -> None:
    office.announce(office.now + 60 * DAY)
    office.records.record(V1Call(CALLER, "page", "GET /v1/energy"), office.now + 1_000 - ago)
    assert (office.commands.withheld() is not None) is withheld
    assert (office.commands.document()["withheld"] is not None) is withheld


def test_who_has_an_opt_out_withholds_nothing_from_others(office: Office) -> None:
    office.announce(office.now + 60 * DAY)
    office.records.record(V1Call(CALLER, "page", "GET /v1/energy"), office.now)
    office.commands.add_opt_out(OptOut(CALLER, office.now + 1_000), "ida", "they asked")
    assert office.commands.withheld() is None
    office.rollout.appconfig.pass_time(0.5)
    assert office.commands.withheld() is not None, "it has ended"


def test_the_document_says_what_is_announced_or_that_nothing_is(office: Office) -> None:
    assert office.commands.document() == {"phase": "silent", "command": "python -m infra retire show"}
    office.announce(office.now + 60 * DAY)
    found = office.commands.document()
    assert (found["phase"], found["withheld"], found["sunsetAt"]) == (
        *("deprecated", None),
        moment(office.now + 60 * DAY),
    )


def test_five_hundred_callers_are_listed_and_how_many_more_there_are(office: Office) -> None:
    for number in range(500):
        office.records.record(V1Call(f"{number:032}", "curl", "GET /v1/energy"), office.now - number)
    assert (len(office.commands.callers(7)), office.commands.more_callers(7)) == (500, 0)
    office.records.record(CALL, office.now + 1)
    assert (len(office.commands.callers(7)), office.commands.more_callers(7)) == (500, 0), "the same caller"
    office.records.record(V1Call("another", "curl", "GET /v1/energy"), office.now)
    assert (len(office.commands.callers(7)), office.commands.more_callers(7)) == (500, 1)
    assert office.commands.callers(7)[0].call.caller == CALLER, "the latest first"


def test_who_has_not_called_for_so_many_days_is_no_caller(office: Office) -> None:
    office.records.record(CALL, office.rollout.now() - 7 * DAY)
    assert [each.call for each in office.commands.callers(7)] == [CALL]
    office.rollout.appconfig.pass_time(0.001)
    assert office.commands.callers(7) == []
    assert len(office.commands.callers(8)) == 1


def test_what_cannot_be_looked_at_is_said_with_the_command_that_shows_more(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("it did not answer")

    for target, name, part in (
        (ended.records, "callers", Part.CALLERS),
        (ended.records, "old_answers", Part.OLD_ANSWERS),
        (ended.rollout.control, "stop", Part.MODE),
        (ended.rollout.control, "verified", Part.VERIFY),
        (ended.ports.comparisons, "groups", Part.DIFFERENCES),
        (ended.rollout.history, "changes", Part.DAYS),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, away)
            assert ended.blockers() == [
                Blocker(part, "nobody can say: it did not answer", "python -m infra status", unknown=True)
            ]


def test_blockers_come_in_the_order_in_which_they_are_to_be_cleared(ended: Ended) -> None:
    ended.records.stored = None
    ended.rollout.set(50)
    ended.rollout.control.save_verified(Verified(ended.rollout.now(), None, 1, 0, 2))
    ended.records.record(CALL, ended.rollout.now())
    usage = BackendUsage(TABLE, "alice", Decision(Backend.OLD, Reason.PERCENTAGE_OUT), 1.0, True)
    cast(FakeUsageLog, ended.ports.usage).insert(usage, "pseudonym", ended.rollout.now())
    assert [each.part for each in ended.blockers()] == [
        *(Part.SUNSET, Part.COMPONENTS, Part.VERIFY, Part.CALLERS, Part.OLD_ANSWERS)
    ]


@pytest.mark.parametrize(("ago", "blocks"), [(DAY, True), (DAY + 1, False)])
def test_an_answer_of_the_old_backend_within_a_day_blocks(ended: Ended, ago: int, blocks: bool) -> None:
    usage = BackendUsage(TABLE, "alice", Decision(Backend.OLD, Reason.PERCENTAGE_OUT), 1.0, True)
    cast(FakeUsageLog, ended.ports.usage).insert(usage, "pseudonym", ended.rollout.now() - ago)
    assert [each.part for each in ended.blockers()] == [Part.OLD_ANSWERS] * blocks


@pytest.mark.parametrize(("ago", "blocks"), [(30_000, True), (30_001, False)])
def test_in_a_rehearsal_half_a_minute_is_enough(ended: Ended, ago: int, blocks: bool) -> None:
    brown_out = BrownOut(ended.rollout.now() - 90_000, ended.rollout.now() - 60_000)
    ended.records.stored = replace(ended.calendar, rehearsal=True, brown_outs=(brown_out,))
    usage = BackendUsage(TABLE, "alice", Decision(Backend.OLD, Reason.PERCENTAGE_OUT), 1.0, True)
    cast(FakeUsageLog, ended.ports.usage).insert(usage, "pseudonym", ended.rollout.now() - ago)
    assert [each.part for each in ended.blockers()] == [Part.OLD_ANSWERS] * blocks


def test_a_component_came_to_everybody_with_the_later_of_its_flag_and_the_global_one(ended: Ended) -> None:
    begun = since_when(ended.rollout.history)
    assert begun[TABLE] is not None
    ended.rollout.appconfig.pass_time(60)
    ended.rollout.flags.changes.set("new_backend_enabled", FlagPatch(enabled=False), REQUEST)
    assert set(since_when(ended.rollout.history).values()) == {None}
    ended.rollout.open()
    reopened = since_when(ended.rollout.history)
    assert {*reopened.values()} == {reopened[TABLE]}
    assert (reopened[TABLE] or 0) > (begun[TABLE] or 0)
    ended.rollout.appconfig.pass_time(60)
    ended.rollout.set(50)
    ended.rollout.set(100)
    later = since_when(ended.rollout.history)
    assert (later[TABLE] or 0) > (later[Component.DASHBOARD] or 0) == reopened[TABLE]


def test_of_each_flag_the_latest_two_hundred_changes_are_read(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, int]] = []

    def changes(flag: str | None, limit: int) -> Sequence[FlagChange]:
        asked.append((flag, limit))
        return []

    monkeypatch.setattr(ended.rollout.history, "changes", changes)
    assert set(since_when(ended.rollout.history).values()) == {None}
    assert asked == [("new_backend_enabled", 200), *((f"{each}_new_backend", 200) for each in Component)]


def test_a_difference_counts_however_long_ago_it_was_seen(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def groups(since: int) -> list[DifferenceGroup]:
        asked.append(since)
        return []

    monkeypatch.setattr(ended.ports.comparisons, "groups", groups)
    assert ended.blockers() == []
    ended.status()
    assert asked == [0, 0], "the status asks the same"


class Watched(Ended):
    """Version 1 with a brown-out just now."""

    def __post_init__(self) -> None:
        super().__post_init__()
        now = self.rollout.now()
        self.brown_out = BrownOut(now, now + 3_600_000)
        self.records.stored = replace(self.calendar, sunset_at=now + DAY, brown_outs=(self.brown_out,))
        self.watch = RetirementWatch(self.records, Pseudonyms(b"key"), self.rollout.now)


def test_why_a_brown_out_is_withheld_is_marked_once_with_the_time() -> None:
    watched = Watched()
    now = watched.rollout.now()
    watched.watch.admit("alice", "page", "GET /v1/energy")
    [marked] = watched.calendar.brown_outs
    assert (marked.withheld, marked.withheld_at) == ("the page calls GET /v1/energy", now)
    version = watched.calendar.version
    watched.rollout.appconfig.pass_time(10)
    watched.watch.admit("alice", "page", "GET /v1/summary")
    assert watched.calendar.version == version


def test_where_nobody_can_say_what_is_our_own_version_1_answers_whatever_was_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("it did not answer")

    watched = Watched()
    monkeypatch.setattr(watched.records, "page_calls", away)
    watched.watch.admit("alice", "curl", "GET /v1/energy")
    assert watched.calendar.brown_outs[0].withheld == "nobody can say whether something of our own still calls"
