"""Corrections by file, and taking an import back: what nobody has changed since is as it was before."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import ImportQuestionError, ImportRowsError, NotFoundError
from chalicelib.domain.events.contracts import EnergyReadingsBulkImported, EnergyReadingsImportUndone
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import to_datetime
from chalicelib.services.recording.configuration import (
    ExchangeDraft,
    Register,
)
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from tests.unit.services.recording.home import (
    FILE,
    GAS,
    JSON,
    POWER,
    REPLACE,
    SKIP,
    Home,
    document,
)


def test_what_was_undone_is_said_and_has_its_event_though_the_database_is_away_since() -> None:
    home = Home()
    report = home.imported(FILE)
    home.store.commits = lambda _: setattr(home.store, "down", True)
    assert home.undone(report).outcome.removed == 3
    assert isinstance(home.publisher.events[-1], EnergyReadingsImportUndone)


def test_a_preview_says_what_an_import_would_do_and_writes_nothing() -> None:
    home = Home()
    home.imported("2023-01-31,power,99\n2023-02-28,power,110\n")
    before, events = dict(home.store.stored.readings), list(home.publisher.events)
    rows = "2023-01-31,power,100\n2023-02-28,power,110\n2023-03-31,power,90\n2023-02-31,power,5\n"
    report = home.imported(rows, ImportOptions(preview=True, on_conflict="replace"))
    assert (report.success, report.replaced, report.skipped) == (1, 1, 1)
    assert [error.line for error in report.errors] == [5]
    assert [warning.line for warning in report.warnings] == [4]
    assert [row.line for row in report.rows] == [2, 3, 4]
    assert report.format is not None
    assert report.import_id is None
    assert (dict(home.store.stored.readings), home.publisher.events) == (before, events)
    assert len(home.history.page("alice", 9)) == 1


def test_a_corrected_file_is_refused_until_somebody_says_what_counts() -> None:
    home = Home()
    home.imported(FILE)
    with pytest.raises(ImportRowsError) as refused:
        home.imported(FILE.replace("110", "111"))
    assert "110 is stored" in refused.value.errors[0].reason
    assert home.imported(FILE.replace("110", "111"), SKIP).import_id is None
    assert home.readings()["power", "02-28"] == 110
    report = home.imported(FILE.replace("110", "111"), REPLACE)
    assert (report.success, report.replaced, report.skipped) == (0, 1, 2)
    assert home.readings()["power", "02-28"] == 111
    [replaced] = [each for each in home.store.stored.readings.values() if each.amount == 111]
    assert replaced.revision == 2
    event = home.publisher.events[-1]
    assert isinstance(event, EnergyReadingsBulkImported)
    assert [(meter.type, meter.source_version) for meter in event.meters] == [(POWER, 2)]


def test_an_import_is_listed_with_what_it_did_and_its_file() -> None:
    home = Home()
    report = home.imported(FILE, ImportOptions(file_name="meter.csv"))
    [record] = home.history.page("alice", 9)
    assert (record.id, record.file_name, record.success) == (report.import_id, "meter.csv", 3)
    assert [(meter.type, meter.last >= meter.first) for meter in record.meters] == [(GAS, True), (POWER, True)]
    assert record.state == "imported"


def test_undone_an_import_leaves_what_was_there_before_and_one_event() -> None:
    home = Home()
    home.imported("2023-02-28,power,105\n2022-12-31,power,90\n")
    before = home.readings()
    report = home.imported(FILE, REPLACE)
    events = len(home.publisher.events)
    undone = home.undone(report)
    assert home.readings() == before
    assert (undone.outcome.removed, undone.outcome.restored, undone.outcome.kept_count) == (2, 1, 0)
    [event] = home.publisher.events[events:]
    assert isinstance(event, EnergyReadingsImportUndone)
    assert {meter.type: meter.source_version for meter in event.meters} == {
        kind: meter.state.source_version for (_, kind), meter in home.store.stored.meters.items()
    }
    assert home.history.page("alice", 1)[0].state == "undone"


def test_undone_twice_it_says_the_same_and_touches_nothing() -> None:
    home = Home()
    report = home.imported(FILE)
    first, events = home.undone(report), len(home.publisher.events)
    home.imported(FILE)
    readings = home.readings()
    again = home.undone(report)
    assert again.outcome == first.outcome
    assert again.meters == ()
    assert home.readings() == readings
    assert len(home.publisher.events) == events + 1


def test_after_undoing_the_same_file_can_be_imported_again() -> None:
    home = Home()
    home.undone(home.imported(FILE))
    assert home.readings() == {}
    assert home.imported(FILE).success == 3


def test_what_was_changed_since_stays_and_is_named() -> None:
    home = Home()
    home.imported("2022-12-31,power,90\n2022-11-30,power,80\n")
    corrected = FILE + "2022-12-31,power,91\n2022-11-30,power,81\n2023-03-31,power,120\n"
    report = home.imported(corrected, REPLACE)
    changed = {day: home.id_of(POWER, day) for day in ("02-28", "12-31")}
    home.energy.update("alice", changed["02-28"], ReadingCorrection(amount=Decimal(112)))
    home.energy.update("alice", changed["12-31"], ReadingCorrection(amount=Decimal(92)))
    home.energy.delete("alice", home.id_of(POWER, "03-31"))
    outcome = home.undone(report).outcome
    assert home.readings() == {("power", "02-28"): 112, ("power", "12-31"): 92, ("power", "11-30"): 80}
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (2, 1, 2)
    assert {(kept.id, int(kept.amount)) for kept in outcome.kept} == {(changed["02-28"], 112), (changed["12-31"], 92)}


def test_a_reading_that_was_changed_and_changed_back_stays() -> None:
    """Somebody has looked at it: it is theirs by now."""
    home = Home()
    report = home.imported(FILE)
    for amount in (112, 110):
        home.energy.update("alice", home.id_of(POWER, "02-28"), ReadingCorrection(amount=Decimal(amount)))
    assert home.undone(report).outcome.kept_count == 1


def test_a_former_amount_that_the_register_cannot_show_any_more_does_not_come_back() -> None:
    home = Home()
    confirmed = ImportOptions(on_conflict="replace", confirm=True)
    home.imported("2023-01-31,power,1500\n2023-02-28,power,900\n", confirmed)
    report = home.imported("2023-01-31,power,150\n2023-02-28,power,160\n", confirmed)
    berlin = UserSettings(ZoneInfo("Europe/Berlin"))
    home.configuration.change("alice", berlin, {POWER: Register(Decimal(1000)), GAS: Register()})
    outcome = home.undone(report).outcome
    assert home.readings() == {("power", "01-31"): 150, ("power", "02-28"): 900}
    assert (outcome.restored, [int(kept.amount) for kept in outcome.kept]) == (1, [150])


def test_a_reading_that_was_moved_since_stays_where_it_is_now() -> None:
    home = Home()
    report = home.imported(FILE)
    home.energy.update("alice", home.id_of(POWER, "02-28"), ReadingCorrection(date="2023-02-20"))
    outcome = home.undone(report).outcome
    assert home.readings() == {("power", "02-20"): 110}
    assert outcome.kept_count == 1


def test_a_reading_in_the_place_of_a_deleted_one_is_not_taken_for_it() -> None:
    home = Home()
    report = home.imported(FILE)
    home.energy.delete("alice", home.id_of(POWER, "02-28"))
    home.energy.create("alice", ReadingDraft(POWER, "2023-02-28", Decimal(110)))
    outcome = home.undone(report).outcome
    assert home.readings() == {("power", "02-28"): 110}
    assert (outcome.removed, outcome.kept_count) == (2, 0)


def test_somebody_elses_import_cannot_be_undone() -> None:
    home = Home()
    report = home.imported(FILE)
    with pytest.raises(NotFoundError):
        home.history.undo("bob", report.import_id or "")
    assert len(home.readings()) == 3


def test_doubtful_rows_wait_for_an_answer_and_nothing_is_written() -> None:
    home = Home()
    with pytest.raises(ImportQuestionError):
        home.imported("2023-01-31,power,100\n2023-02-28,power,90\n")
    assert (home.readings(), home.publisher.events, home.history.page("alice", 9)) == ({}, [], [])
    rows = "2023-01-31,power,100\n2023-02-28,power,90\n2023-03-31,gas,1\n"
    report = home.imported(rows, ImportOptions(mode="partial"))
    assert (report.success, len(report.warnings)) == (1, 2)
    assert home.imported(rows, ImportOptions(confirm=True)).success == 2


def test_a_preview_in_part_counts_what_an_import_in_part_stores() -> None:
    rows = "2023-01-31,power,100\n2023-02-28,power,90\n2023-03-31,power,120\n"
    preview = Home().imported(rows, ImportOptions(mode="partial", preview=True))
    assert preview.success == Home().imported(rows, ImportOptions(mode="partial")).success == 1


def test_what_remains_without_the_doubtful_rows_is_asked_about_too() -> None:
    """A file of another meter: its first row alone falls below what is stored."""
    home = Home()
    home.imported("2023-01-31,power,1000\n")
    rows = "2023-02-28,power,10\n2023-03-31,power,20\n2023-04-30,power,30\n"
    with pytest.raises(ImportQuestionError, match="others are doubtful too"):
        home.imported(rows, ImportOptions(mode="partial"))
    assert len(home.readings()) == 1


def test_what_an_undo_left_can_be_taken_once_it_is_again_as_it_was_written() -> None:
    home = Home()
    first = home.imported("2023-01-31,power,100\n")
    second = home.imported("2023-01-31,power,101\n", REPLACE)
    assert home.undone(first).outcome.kept_count == 1
    assert home.undone(second).outcome.restored == 1
    outcome = home.undone(first).outcome
    assert (outcome.removed, outcome.kept_count) == (1, 0)
    assert home.readings() == {}


def test_undone_once_more_it_counts_what_it_gave_back_the_first_time_once() -> None:
    home = Home()
    home.imported("2023-01-31,power,100\n2023-02-28,power,110\n")
    before = home.readings()
    first = home.imported("2023-01-31,power,101\n2023-02-28,power,111\n2023-03-31,power,120\n", REPLACE)
    second = home.imported("2023-02-28,power,112\n", REPLACE)
    outcome = home.undone(first).outcome
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (1, 1, 1)
    home.undone(second)
    outcome = home.undone(first).outcome
    assert (outcome.removed, outcome.restored, outcome.kept_count) == (1, 2, 0)
    assert home.readings() == before


def test_a_conflict_names_the_local_day() -> None:
    home = Home()
    home.imported("2023-02-01,power,100\n")
    with pytest.raises(ImportRowsError) as refused:
        home.imported("2023-02-01,power,101\n")
    assert "for power on 2023-02-01," in refused.value.errors[0].reason


def test_an_import_is_dated_by_what_it_changes_not_by_what_was_there() -> None:
    home = Home()
    home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2010-01-01", Decimal(5)))
    added = {"date": "2022-01-01", "finalOld": 9, "initialNew": 0}
    home.imported(document(exchanges=[added]), JSON)
    [meter] = home.history.page("alice", 1)[0].meters
    assert to_datetime(meter.first).year == 2021  # of UTC: the local day is the 1st
    assert meter.first == meter.last


days = st.integers(1, 6).map(lambda day: f"2023-01-0{day}")
files = st.dictionaries(days, st.integers(100, 103), max_size=5)


@given(files, st.lists(files, min_size=1, max_size=4))
def test_imports_that_are_undone_in_turn_leave_what_was_there_before(
    stored: dict[str, int], later: list[dict[str, int]]
) -> None:
    confirmed = ImportOptions(on_conflict="replace", confirm=True)
    home = Home()
    home.imported("".join(f"{day},power,{amount}\n" for day, amount in stored.items()), confirmed)
    before = home.readings()
    reports = [
        home.imported("".join(f"{day},power,{amount}\n" for day, amount in file.items()), confirmed) for file in later
    ]
    for report in reversed([report for report in reports if report.import_id]):
        home.undone(report)
    assert home.readings() == before
