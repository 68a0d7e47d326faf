"""What operators change of the calendar: kept with who and why, refused while something of our own would meet it."""

from dataclasses import replace

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.migration.records.decision import Decision
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, HOUR_MS, OptOut
from chalicelib.domain.migration.retirement.callers import V1Call
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.flags.changes.seen import flags_seen
from chalicelib.services.migration.retirement.commands import RetirementCommands
from infra.simulation.memory.migration.usage import FakeUsageLog
from tests.unit.services.migration.retirement.ended import Ended

CALLER = "0" * 32


class Office(Ended):
    """The commands of a system in which everything has moved and nothing is announced."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.records.stored = None
        self.commands = RetirementCommands(self.records, self.rollout.now)
        self.now = self.rollout.now() // 1_000 * 1_000

    def announce(self, days: float = 60, *, deprecated: int | None = None, earlier: bool = False) -> Calendar:
        end = self.now + round(days * DAY_MS)
        return self.commands.announce(end, deprecated, "olga", "it is time", earlier=earlier, rehearsal=False)

    def brown_out(self, days: float | None = 10, length: int = HOUR_MS) -> Calendar:
        flags = flags_seen(self.rollout.flags.overview.listing())
        start = None if days is None else self.now + round(days * DAY_MS)
        return self.commands.add_brown_out(start, length, flags, "olga", "so that they notice")


@pytest.fixture
def office() -> Office:
    return Office()


def test_an_announcement_counts_from_now_and_is_kept_with_who_and_why(office: Office) -> None:
    found = office.announce()
    assert (found.announced_at, found.deprecated_at, found.sunset_at) == (
        office.now,
        office.now,
        office.now + 60 * DAY_MS,
    )
    [entry] = found.log
    assert (entry.by, entry.reason) == ("olga", "it is time")
    assert entry.what.startswith("sunset at 20")


def test_what_is_announced_already_is_announced_once(office: Office) -> None:
    first = office.announce()
    office.rollout.appconfig.pass_time(3_600)
    assert office.announce() == first


def test_without_a_reason_nothing_is_announced(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="say why"):
        office.commands.announce(office.now + 60 * DAY_MS, None, "olga", " ", earlier=False, rehearsal=False)
    assert office.records.stored is None


def test_an_end_moves_later_and_earlier_only_where_it_is_meant(office: Office) -> None:
    office.announce(60)
    assert office.announce(61).sunset_at == office.now + 61 * DAY_MS
    with pytest.raises(RetirementError, match="--yes"):
        office.announce(50)
    assert office.announce(50, earlier=True).sunset_at == office.now + 50 * DAY_MS


def test_what_is_announced_for_people_becomes_no_rehearsal(office: Office) -> None:
    office.announce()
    with pytest.raises(RetirementError, match="a rehearsal has a calendar of its own"):
        office.commands.announce(office.now + 1_000, None, "olga", "why", earlier=True, rehearsal=True)


def test_nothing_is_planned_before_anything_is_announced(office: Office) -> None:
    with pytest.raises(RetirementError, match="nothing is announced yet"):
        office.brown_out()
    with pytest.raises(RetirementError, match="nothing is announced yet"):
        office.commands.add_opt_out(OptOut(CALLER, office.now + 1), "olga", "why")


def test_brown_outs_and_opt_outs_come_and_go_and_no_log_says_whose(office: Office) -> None:
    office.announce()
    office.records.record(V1Call(CALLER, "curl", "GET /v1/energy"), office.now)
    [planned] = office.brown_out().brown_outs
    assert (planned.start, planned.end) == (office.now + 10 * DAY_MS, office.now + 10 * DAY_MS + HOUR_MS)
    assert office.commands.remove_brown_out(planned.start, "otto", "not yet").brown_outs == ()
    assert office.commands.add_opt_out(OptOut(CALLER, office.now + 9_000), "olga", "asked for it").spares(
        CALLER, office.now
    )
    found = office.commands.remove_opt_out(CALLER, "olga", "enough")
    assert found.opt_outs == ()
    assert [entry.by for entry in found.log] == ["olga", "olga", "otto", "olga", "olga"]
    assert not any(CALLER in entry.what for entry in found.log)


def test_nobody_is_spared_whom_the_ledger_does_not_know(office: Office) -> None:
    office.announce()
    with pytest.raises(
        RetirementError, match=r"^0{32} has never called version 1; who has: python -m infra retire callers$"
    ):
        office.commands.add_opt_out(OptOut(CALLER, office.now + 9_000), "olga", "a slip of the pen")
    assert office.calendar.opt_outs == ()


def test_no_brown_out_is_planned_while_a_flag_is_below_100_percent(office: Office) -> None:
    office.announce()
    office.rollout.set(99)
    with pytest.raises(RetirementError, match="energy_table: its flag is at 99 %"):
        office.brown_out()


def test_no_brown_out_is_planned_while_the_old_backend_has_answered_a_component_lately(office: Office) -> None:
    office.announce()
    usage = BackendUsage(Component.DASHBOARD, "alice", Decision(Backend.OLD, "component_off"), 1.0, True)
    log = office.ports.usage
    assert isinstance(log, FakeUsageLog)
    log.insert(usage, "pseudonym", office.now)
    with pytest.raises(RetirementError, match="the old backend answers dashboard"):
        office.brown_out()


def test_no_brown_out_is_planned_while_our_own_page_calls(office: Office) -> None:
    office.announce()
    office.records.record(V1Call(CALLER, "page", "GET /v1/energy"), office.now)
    with pytest.raises(RetirementError, match="the page calls GET /v1/energy"):
        office.brown_out()
    assert office.commands.withheld() is not None


def test_a_brown_out_may_begin_now_in_a_rehearsal(office: Office) -> None:
    office.commands.announce(office.now + HOUR_MS, None, "olga", "why", earlier=False, rehearsal=True)
    office.rollout.appconfig.pass_time(1)
    [found] = office.brown_out(None, 30_000).brown_outs
    assert (found.start, found.end) == (office.now + 1_000, office.now + 31_000)


def test_an_announcement_after_a_rehearsal_ends_it_and_the_notice_begins(office: Office) -> None:
    office.commands.announce(office.now + HOUR_MS, None, "olga", "why", earlier=False, rehearsal=True)
    office.brown_out(None, 30_000)
    office.rollout.appconfig.pass_time(90)
    later = office.rollout.now() // 1_000 * 1_000
    with pytest.raises(RetirementError, match="28 days before it"):
        office.announce(27)
    found = office.announce(60)
    assert (found.rehearsal, found.announced_at, found.deprecated_at) == (False, later, later)
    assert found.brown_outs == (), "nobody has been through what was rehearsed"
    assert found.log[-1].what.endswith("; the rehearsal ends")
    assert len(found.log) == 3


def test_of_two_who_change_the_calendar_one_learns_that_the_other_was_faster(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = office.announce()
    office.brown_out()
    monkeypatch.setattr(office.records, "calendar", lambda: read)
    with pytest.raises(RetirementError, match="somebody else has changed the calendar"):
        office.brown_out(20)


def test_a_mark_of_a_function_is_another_version(office: Office) -> None:
    office.announce()
    read = office.brown_out()
    office.records.mark_withheld(read, read.brown_outs[0].start, "the page calls", office.now)
    assert not office.records.save(replace(read, brown_outs=()))
    assert office.calendar.brown_outs[0].withheld == "the page calls"
