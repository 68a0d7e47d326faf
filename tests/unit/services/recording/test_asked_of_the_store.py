"""What each write asks of the store, in which order and with which instants; and what its event says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import DuplicateReadingError
from chalicelib.domain.events.contracts import EnergyEvent, EnergyReadingsBulkImported
from chalicelib.domain.ports.values import Change, NewReading, StoredReading, UserSettings
from chalicelib.domain.ports.writing import Expected
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT
from chalicelib.services.recording.configuration import ExchangeCorrection, ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from tests.unit.services.recording.home import GAS, POWER, REPLACE, Home
from tests.unit.services.recording.watched import Watched

HOUR_MS = 3_600_000
BASE_MS = 366 * 24 * HOUR_MS  # from which the usual use is known
FARTHEST_MS = 14 * HOUR_MS  # how far a file can be shifted by a wrong zone
MINUTE_MS = 60_000  # the clock of a home goes on by one with each look at it


def utc(day: str) -> int:
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


JANUARY, MARCH, JUNE, JULY = utc("2023-01-31"), utc("2023-03-31"), utc("2023-06-30"), utc("2023-07-31")


class Lived:
    """A home whose dates are UTC, and what it asks of its store."""

    def __init__(self) -> None:
        self.store = Watched()
        self.home = Home(store=self.store)
        self.store.stored.settings["alice"] = UserSettings(ZoneInfo("UTC"))

    @property
    def now(self) -> int:
        """The latest time that anybody was given."""
        return self.home.time

    def record(self, day: str, amount: int, *, confirm: bool = False) -> StoredReading:
        draft = ReadingDraft(POWER, day, Decimal(amount), confirm)
        return self.home.energy.create("alice", draft).reading

    def exchange(self, day: str, final_old: int) -> str:
        draft = ExchangeDraft(POWER, day, Decimal(final_old), confirm=True)
        return self.home.configuration.add_exchange("alice", draft)[0].id

    def calls(self, *names: str) -> list[tuple[Any, ...]]:
        return self.store.asked(*names)

    def expected(self) -> Expected | None:
        return self.store.expected[-1]

    def said(self) -> tuple[type[EnergyEvent], int, tuple[float, float]]:
        """The last event's kind, the version that it announces, and the instants between which it says it changed."""
        event: Any = self.home.publisher.events[-1]
        [meter] = event.meters
        assert event.user_id == "alice"
        assert event.occurred_at.timestamp() * 1000 == self.now
        return type(event), meter.source_version, (meter.first.timestamp() * 1000, meter.last.timestamp() * 1000)


@pytest.fixture
def lived() -> Lived:
    return Lived()


BERLIN_MS = HOUR_MS  # where most people are, before their zone is read


def test_a_new_reading_is_marked_stored_and_asked_about(lived: Lived) -> None:
    stored = lived.record("2023-01-31", 100)
    new = NewReading(POWER, JANUARY, Decimal(100), "manual")
    assert lived.calls("mark_changed", "add", "neighbours", "between") == [
        ("mark_changed", POWER, JANUARY, JANUARY, lived.now),
        ("add", new, lived.now),
        ("neighbours", POWER, JANUARY, stored.id),
    ]
    assert lived.expected() == Expected(POWER, JANUARY - BERLIN_MS, None, asks=True)
    name, version, instants = lived.said()
    assert (name.__name__, version, instants) == ("EnergyReadingCreated", 1, (JANUARY, JANUARY))


def test_a_reading_that_somebody_stands_by_is_not_asked_about(lived: Lived) -> None:
    lived.record("2023-01-31", 100, confirm=True)
    assert lived.calls("neighbours", "between") == []
    assert lived.expected() == Expected(POWER, JANUARY - BERLIN_MS, None, asks=False)


def test_what_is_usual_is_known_from_the_366_days_before_a_reading_without_itself(lived: Lived) -> None:
    lived.record("2023-01-31", 100)
    lived.calls()
    stored = lived.record("2023-02-01", 160)
    assert lived.calls("between") == [("between", POWER, utc("2023-02-01") - BASE_MS, utc("2023-02-01") - 1, stored.id)]


def test_a_correction_is_marked_from_where_it_was_to_where_it_goes(lived: Lived) -> None:
    before = lived.record("2023-03-31", 100)
    lived.calls()
    after = lived.home.energy.update("alice", before.id, ReadingCorrection("2023-01-31", Decimal(101))).reading
    assert lived.calls("mark_changed", "replace", "neighbours") == [
        ("mark_changed", POWER, JANUARY, MARCH, lived.now),
        ("replace", before, after),
        ("neighbours", POWER, JANUARY, before.id),
    ]
    assert lived.expected() == Expected(None, JANUARY - BERLIN_MS, before.id, asks=True)
    name, version, instants = lived.said()
    assert (name.__name__, version, instants) == ("EnergyReadingUpdated", 2, (JANUARY, MARCH))
    assert (after.instant, int(after.amount), after.revision, after.updated_at) == (JANUARY, 101, 2, lived.now)


def test_a_correction_of_the_amount_alone_stays_where_it_is(lived: Lived) -> None:
    before = lived.record("2023-03-31", 100)
    after = lived.home.energy.update("alice", before.id, ReadingCorrection(amount=Decimal(101), confirm=True)).reading
    assert (after.instant, int(after.amount)) == (MARCH, 101)
    assert lived.expected() == Expected(None, None, before.id, asks=False)
    assert lived.said()[2] == (MARCH, MARCH)


def test_a_correction_that_changes_nothing_is_not_asked_about(lived: Lived) -> None:
    before = lived.record("2023-03-31", 100)
    lived.calls()
    after = lived.home.energy.update("alice", before.id, ReadingCorrection()).reading
    assert lived.calls("neighbours") == []
    assert (after.instant, int(after.amount), after.revision) == (MARCH, 100, 2)
    lived.home.energy.update("alice", before.id, ReadingCorrection(amount=Decimal(100)))
    lived.home.energy.update("alice", before.id, ReadingCorrection(date="2023-03-31"))
    assert lived.calls("neighbours") == []
    lived.home.energy.update("alice", before.id, ReadingCorrection(date="2023-04-01"))
    assert lived.calls("neighbours") == [("neighbours", POWER, utc("2023-04-01"), before.id)]


def test_a_correction_at_a_clock_that_is_behind_is_later_than_what_it_corrects(lived: Lived) -> None:
    before = lived.record("2023-03-31", 100)
    lived.home.time = before.updated_at - MINUTE_MS
    same = lived.home.energy.update("alice", before.id, ReadingCorrection(amount=Decimal(101))).reading
    assert same.updated_at == before.updated_at + 1
    lived.home.time = same.updated_at + 1 - MINUTE_MS
    assert lived.home.energy.update("alice", before.id, ReadingCorrection()).reading.updated_at == same.updated_at + 1


def test_a_date_that_cannot_be_read_is_expected_nowhere(lived: Lived) -> None:
    with pytest.raises(Exception, match="date"):
        lived.record("31.01.2023", 100)
    assert lived.expected() == Expected(POWER, None, None, asks=True)


def test_a_removal_is_marked_where_it_was(lived: Lived) -> None:
    before = lived.record("2023-03-31", 100)
    lived.calls()
    assert lived.home.energy.delete("alice", before.id) == 2
    assert lived.calls("mark_changed", "remove") == [
        ("mark_changed", POWER, MARCH, MARCH, lived.now),
        ("remove", before, lived.now),
    ]
    assert lived.expected() == Expected(None, None, before.id, asks=False)
    name, version, instants = lived.said()
    assert (name.__name__, version, instants) == ("EnergyReadingDeleted", 2, (MARCH, MARCH))


def test_an_exchange_is_asked_about_among_what_is_before_at_and_behind_it(lived: Lived) -> None:
    lived.home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-31", Decimal(100)))
    assert lived.calls("mark_changed", "neighbours", "between") == [
        ("mark_changed", POWER, MARCH, MARCH, lived.now),
        ("neighbours", POWER, MARCH),
        ("neighbours", POWER, MARCH + 1),
    ]
    name, version, instants = lived.said()
    assert (name.__name__, version, instants) == ("MeterExchanged", 1, (MARCH, MARCH))
    [exchange] = lived.home.configuration.configuration("alice", POWER).exchanges
    assert (int(exchange.exchange.initial_new), exchange.revision) == (0, 1)
    lived.home.configuration.correct_exchange("alice", exchange.id, ExchangeCorrection(final_old=Decimal(101)))
    assert lived.calls("neighbours") == [("neighbours", POWER, MARCH), ("neighbours", POWER, MARCH + 1)]


def test_what_is_usual_is_known_from_the_366_days_before_an_exchange(lived: Lived) -> None:
    lived.record("2023-03-30", 100)
    lived.calls()
    lived.home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-31", Decimal(160)))
    assert lived.calls("between") == [("between", POWER, MARCH - BASE_MS, MARCH - 1, None)]


def test_an_exchange_that_moves_touches_both_ends_and_one_that_is_removed_its_own(lived: Lived) -> None:
    exchange = lived.exchange("2023-03-31", 100)
    lived.calls()
    service = lived.home.configuration
    corrected, change = service.correct_exchange("alice", exchange, ExchangeCorrection("2023-01-31", confirm=True))
    assert lived.calls("mark_changed", "neighbours") == [("mark_changed", POWER, JANUARY, MARCH, lived.now)]
    assert (corrected.exchange.instant, int(corrected.exchange.final_old), corrected.revision) == (JANUARY, 100, 2)
    assert (change.source_version, lived.said()[1:]) == (2, (2, (JANUARY, MARCH)))
    assert service.remove_exchange("alice", exchange).source_version == 3
    assert lived.calls("mark_changed") == [("mark_changed", POWER, JANUARY, JANUARY, lived.now)]
    assert lived.said()[1:] == (3, (JANUARY, JANUARY))


def test_a_register_touches_its_whole_meter_and_looks_for_what_does_not_fit(lived: Lived) -> None:
    lived.home.configuration.change("alice", UserSettings(ZoneInfo("UTC")), {POWER: Register(Decimal(1000))})
    assert lived.calls("mark_changed", "highest", "save") == [
        ("mark_changed", POWER, FIRST_INSTANT, LAST_INSTANT, lived.now),
        ("highest", POWER),
    ]
    assert lived.said()[2] == (FIRST_INSTANT, LAST_INSTANT)
    events = len(lived.home.publisher.events)
    same = {POWER: Register(Decimal(1000))}
    assert lived.home.configuration.change("alice", UserSettings(ZoneInfo("UTC")), same) == ()
    assert lived.calls("mark_changed", "highest", "save") == []
    assert len(lived.home.publisher.events) == events


def test_a_zone_touches_each_meter_and_is_kept_once(lived: Lived) -> None:
    tokyo = UserSettings(ZoneInfo("Asia/Tokyo"))
    unchanged = Register(keeps_modulus=True)
    changed = lived.home.configuration.change("alice", tokyo, {POWER: unchanged, GAS: unchanged})
    assert [(meter.type, meter.source_version) for meter in changed] == [(POWER, 1), (GAS, 1)]
    assert lived.calls("mark_changed", "highest", "save") == [
        ("mark_changed", POWER, FIRST_INSTANT, LAST_INSTANT, lived.now),
        ("mark_changed", GAS, FIRST_INSTANT, LAST_INSTANT, lived.now),
        ("save", tokyo, lived.now),
    ]


def test_a_file_looks_a_year_back_and_as_far_ahead_as_it_may_be_shifted(lived: Lived) -> None:
    report = lived.home.imported("2023-06-30,power,200\n2023-07-31,power,230\n")
    assert lived.calls("stored_between", "instants_between", "between", "neighbours", "mark_changed", "add_many") == [
        ("stored_between", POWER, JUNE, JULY),
        ("instants_between", POWER, JUNE, JULY),
        ("between", POWER, JUNE - BASE_MS, JUNE - 1),
        ("neighbours", POWER, JUNE),
        ("between", POWER, JULY + 1, JULY + FARTHEST_MS),
        ("neighbours", POWER, JULY),
        ("mark_changed", POWER, JUNE, JULY, lived.now),
        (
            "add_many",
            [
                NewReading(POWER, JUNE, Decimal(200), "csv", report.import_id),
                NewReading(POWER, JULY, Decimal(230), "csv", report.import_id),
            ],
            lived.now,
        ),
    ]


def test_where_a_year_and_some_hours_hold_readings_no_neighbour_is_looked_for(lived: Lived) -> None:
    lived.record("2022-07-31", 100)
    lived.record("2023-07-31T14:00", 240)
    lived.calls()
    lived.home.imported("2023-07-31,power,230\n")
    assert lived.calls("neighbours") == []


def test_what_lies_farther_away_is_looked_at_alone() -> None:
    """A fall against either is asked about."""
    for day in ("2022-03-31", "2023-07-31"):
        away = Lived()
        away.record(day, 500)
        with pytest.raises(Exception, match="1 thing is doubtful"):
            away.home.imported("2023-04-30,power,600\n" if day > "2023" else "2023-04-30,power,400\n")


def test_a_file_replaces_what_is_stored_and_its_event_counts_both(lived: Lived) -> None:
    lived.record("2023-06-30", 200)
    [before] = lived.store.stored.readings.values()
    lived.calls()
    lived.home.imported("2023-06-30,power,201\n2023-07-31,power,230\n", REPLACE)
    [after] = [each for each in lived.store.stored.readings.values() if each.instant == JUNE]
    assert lived.calls("at", "replace_many") == [
        ("at", POWER, [JUNE]),
        ("replace_many", [Change(before, after)], lived.now),
    ]
    assert (int(after.amount), after.revision, after.updated_at) == (201, 2, lived.now)
    event = lived.home.publisher.events[-1]
    assert isinstance(event, EnergyReadingsBulkImported)
    assert event.count == 2
    assert lived.said()[1:] == (2, (JUNE, JULY))


def test_who_has_lost_a_race_takes_all_meters_from_end_to_end_before_any_is_read(lived: Lived) -> None:
    class Racing(Watched):
        raced = False

        def run(self, user_id: str, work: Any, expected: Expected | None = None) -> Any:
            def in_vain(transaction: Any) -> None:
                work(transaction)
                raise DuplicateReadingError("stored meanwhile")

            if not self.raced:
                self.raced = True
                super().run(user_id, in_vain)
            return super().run(user_id, work, expected)

    lived.store = lived.home.store = Racing()
    rows = "2023-06-30,power,200\n2023-07-31,power,230\n2023-01-31,gas,1\n2023-03-31,gas,2\n"
    lived.store.stored.settings["alice"] = UserSettings(ZoneInfo("UTC"))
    lived.home.imported(rows)
    marks = [("mark_changed", GAS, JANUARY, MARCH, lived.now), ("mark_changed", POWER, JUNE, JULY, lived.now)]
    calls = lived.calls("mark_changed", "stored_between")
    reads = [("stored_between", GAS, JANUARY, MARCH), ("stored_between", POWER, JUNE, JULY)]
    assert calls == [*reads, *marks, *marks, *reads, *marks]
    meters: Any = lived.home.publisher.events[-1]
    assert {meter.type: meter.source_version for meter in meters.meters} == {GAS: 2, POWER: 2}


def test_a_replacement_at_a_clock_that_is_behind_is_later_than_what_it_replaces(lived: Lived) -> None:
    before = lived.record("2023-06-30", 200)
    lived.home.time = before.updated_at - MINUTE_MS
    lived.home.imported("2023-06-30,power,201\n", REPLACE)
    [after] = lived.store.stored.readings.values()
    assert after.updated_at == before.updated_at + 1


def test_an_undone_import_is_marked_from_end_to_end_of_what_it_wrote(lived: Lived) -> None:
    lived.record("2023-06-30", 200)
    report = lived.home.imported("2023-06-30,power,201\n2023-07-31,power,230\n", REPLACE)
    created, replaced = sorted(lived.store.stored.readings.values(), key=lambda each: -each.instant)
    lived.calls()
    lived.home.undone(report)
    [restored] = lived.store.stored.readings.values()
    assert lived.calls("mark_changed", "remove_many", "replace_many", "by_ids") == [
        ("by_ids", [replaced.id]),
        ("mark_changed", POWER, JUNE, JULY, lived.now),
        ("remove_many", [created], lived.now),
        ("replace_many", [Change(replaced, restored)], lived.now),
    ]
    assert (int(restored.amount), restored.revision) == (200, 3)
    name, version, instants = lived.said()
    assert (name.__name__, version, instants) == ("EnergyReadingsImportUndone", 3, (JUNE, JULY))
