"""Corrections by file, and taking an import back: what nobody has changed since is as it was before."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import ImportFileError, ImportQuestionError, ImportRowsError, NotFoundError
from chalicelib.domain.events.contracts import EnergyReadingsBulkImported, EnergyReadingsImportUndone
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.export.json_document import json_text
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports import ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.configuration import (
    ConfigurationService,
    ExchangeCorrection,
    ExchangeDraft,
    Register,
)
from chalicelib.services.recording.csv_import import CsvImportService, ImportReport
from chalicelib.services.recording.energy_crud import EnergyCrudService, ReadingCorrection, ReadingDraft
from chalicelib.services.recording.export import ExportService
from chalicelib.services.recording.import_undo import ImportHistoryService, UndoReport
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeImportList, FakeQueries, FakeSettings, FakeStore

POWER, GAS = EnergyType.POWER, EnergyType.GAS
HEADER = "date,type,amount\n"
REPLACE, SKIP = ImportOptions(on_conflict="replace"), ImportOptions(on_conflict="skip")
JSON = ImportOptions(form="json")


@dataclass
class Home:
    """Everything that a household does to its readings, at a clock that goes on by a minute with each."""

    store: FakeStore = field(default_factory=FakeStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    time: int = 1_700_000_000_000

    def clock(self) -> int:
        self.time += 60_000
        return self.time

    @property
    def energy(self) -> EnergyCrudService:
        return EnergyCrudService(self.store, self.publisher, self.clock)

    @property
    def configuration(self) -> ConfigurationService:
        queries = FakeQueries(self.store)
        return ConfigurationService(self.store, FakeSettings(self.store), queries, self.publisher, self.clock)

    @property
    def history(self) -> ImportHistoryService:
        imports = FakeImportList(self.store)
        return ImportHistoryService(self.store, imports, FakeSettings(self.store), self.publisher, self.clock)

    def imported(self, rows: str | bytes, options: ImportOptions = ImportOptions()) -> ImportReport:  # noqa: B008
        content = rows if isinstance(rows, bytes) else (HEADER + rows).encode()
        queries = FakeQueries(self.store)
        service = CsvImportService(self.store, FakeSettings(self.store), queries, self.publisher, self.clock)
        return service.bulk_create("alice", content, options)

    def undone(self, report: ImportReport) -> UndoReport:
        assert report.import_id is not None
        return self.history.undo("alice", report.import_id)

    def exported(self) -> bytes:
        service = ExportService(FakeSettings(self.store), FakeQueries(self.store), self.clock)
        read = lambda user, request: FakeQueries(self.store).page(user, request, Backend.NEW)  # noqa: E731
        return json_text(service.page("alice", read, ReadingFilter(), None)).encode()

    def readings(self) -> dict[tuple[str, str], Decimal]:
        stored = self.store.stored.readings.items()
        return {
            (kind.value, f"{to_datetime(instant + 43_200_000):%m-%d}"): reading.amount
            for (_, kind, instant), reading in stored
        }

    def id_of(self, kind: EnergyType, day: str) -> str:
        [found] = [
            reading.id
            for (_, type_, instant), reading in self.store.stored.readings.items()
            if type_ is kind and f"{to_datetime(instant + 43_200_000):%m-%d}" == day
        ]
        return found


FILE = "2023-01-31,power,100\n2023-02-28,power,110\n2023-01-31,gas,7\n"


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


def household() -> Home:
    home = Home()
    home.store.stored.settings["alice"] = UserSettings(ZoneInfo("America/New_York"))
    home.imported(FILE)
    home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-15T12:00", Decimal(118), Decimal(3)))
    home.configuration.change("alice", UserSettings(ZoneInfo("America/New_York")), {GAS: Register(Decimal(1000))})
    home.imported("2023-03-31,power,9\n")
    return home


def test_an_export_makes_the_same_household_in_an_empty_account() -> None:
    first, second = household(), Home()
    report = second.imported(first.exported(), JSON)
    assert report.success == 4
    assert second.readings() == first.readings()
    assert second.store.stored.settings["alice"].zone.key == "America/New_York"
    for key, meter in first.store.stored.meters.items():
        copied = second.store.stored.meters[key].configuration
        assert (copied.modulus, copied.points, copied.runs_backwards) == (
            meter.configuration.modulus,
            meter.configuration.points,
            meter.configuration.runs_backwards,
        )
    assert all(meter.state.stale for meter in second.store.stored.meters.values())


def test_its_own_export_changes_nothing_in_a_household() -> None:
    home = household()
    report = home.imported(home.exported(), JSON)
    assert (report.success, report.replaced, report.errors, report.warnings) == (0, 0, (), ())
    assert report.import_id is None


def test_another_configuration_is_a_conflict_like_another_amount() -> None:
    home, other = household(), household()
    other.configuration.change("alice", UserSettings(ZoneInfo("America/New_York")), {GAS: Register(Decimal(9999))})
    [exchange] = other.configuration.configuration("alice", POWER).exchanges
    other.configuration.correct_exchange("alice", exchange.id, ExchangeCorrection(initial_new=Decimal(4)))
    with pytest.raises(ImportRowsError) as refused:
        home.imported(other.exported(), JSON)
    assert [error.where for error in refused.value.errors] == ["meters.gas.modulus", "meters.power.exchange"]
    assert home.imported(other.exported(), ImportOptions(form="json", on_conflict="skip")).import_id is None
    report = home.imported(other.exported(), ImportOptions(form="json", on_conflict="replace"))
    assert report.import_id is not None
    assert home.configuration.configuration("alice", GAS).modulus == 9999
    outcome = home.undone(report).outcome
    assert (outcome.removed, outcome.configurations_kept) == (0, ())
    assert home.configuration.configuration("alice", GAS).modulus == 1000
    assert home.configuration.configuration("alice", POWER).points[0].initial_new == 3


def test_a_configuration_that_was_changed_since_stays_and_its_meter_is_named() -> None:
    home = Home()
    report = home.imported(household().exported(), JSON)
    home.configuration.change("alice", UserSettings(ZoneInfo("America/New_York")), {GAS: Register(Decimal(5000))})
    outcome = home.undone(report).outcome
    assert outcome.configurations_kept == (GAS,)
    assert home.configuration.configuration("alice", GAS).modulus == 5000
    assert home.configuration.configuration("alice", POWER).exchanges == ()
    assert home.readings() == {}


def test_a_modulus_that_a_stored_amount_exceeds_is_refused() -> None:
    home = Home()
    home.imported("2020-01-31,gas,1500\n")
    with pytest.raises(ImportRowsError) as refused:
        home.imported(household().exported(), JSON)
    assert refused.value.errors[0].where == "meters.gas"


def test_whoever_has_a_meter_keeps_the_zone() -> None:
    home = Home()
    home.imported("2020-01-31,gas,1\n")
    home.imported(household().exported(), JSON)
    assert FakeSettings(home.store).find("alice").zone.key == "Europe/Berlin"


def document(*readings: tuple[str, str, float], **meter: object) -> bytes:
    """A JSON export of readings, and of the power meter where something is said of it."""
    power = {"type": "power", "modulus": None, "runsBackwards": False, "exchanges": []} | meter
    said = [{"type": kind, "date": date, "amount": amount} for kind, date, amount in readings]
    return json.dumps({"exportVersion": 1, "meters": [power] if meter else [], "readings": said}).encode()


PARTIAL_JSON = ImportOptions(form="json", mode="partial")
REPLACE_JSON = ImportOptions(form="json", on_conflict="replace")


def test_a_configuration_that_is_refused_is_not_stored_in_part_either() -> None:
    home = Home()
    home.imported("2023-01-31,power,150000\n")
    report = home.imported(document(("power", "2023-02-28", 90), modulus=100_000), PARTIAL_JSON)
    assert [error.column for error in report.errors] == ["meters.power"]
    assert "modulus 100000 is not above 150000" in report.errors[0].reason
    assert home.configuration.configuration("alice", POWER).modulus is None


def test_a_modulus_stays_that_the_readings_recorded_since_need() -> None:
    home = Home()
    home.configuration.change("alice", UserSettings(), {POWER: Register(Decimal(10_000))})
    report = home.imported(document(("power", "2023-01-31", 9_000), modulus=100_000), REPLACE_JSON)
    created = home.energy.create("alice", ReadingDraft(POWER, "2023-02-28", Decimal(50_000), confirm=True))
    assert home.undone(report).outcome.configurations_kept == (POWER,)
    assert home.configuration.configuration("alice", POWER).modulus == 100_000
    home.energy.delete("alice", created.reading.id)
    assert home.undone(report).outcome.configurations_kept == ()
    assert home.configuration.configuration("alice", POWER).modulus == 10_000


def test_how_a_csv_file_is_written_cannot_be_said_of_an_export_in_json() -> None:
    options = ImportOptions(form="json", csv=CsvOptions(type=GAS))
    with pytest.raises(ImportFileError, match="leave them out"):
        Home().imported(document(("power", "2023-01-31", 1)), options)


def test_another_direction_is_a_conflict_for_a_meter_that_has_readings() -> None:
    home = Home()
    home.imported("2023-01-31,power,100\n")
    backwards = document(("power", "2023-02-28", 110), runsBackwards=True)
    with pytest.raises(ImportRowsError) as refused:
        home.imported(backwards, JSON)
    assert [error.where for error in refused.value.errors] == ["meters.power.runsBackwards"]
    assert home.imported(backwards, ImportOptions(form="json", on_conflict="skip")).configurations == {}
    home.imported(backwards, REPLACE_JSON)
    assert home.configuration.configuration("alice", POWER).runs_backwards
    with pytest.raises(ImportRowsError):
        home.imported(document(runsBackwards=False), JSON)
    assert Home().imported(backwards, JSON).configurations[POWER].runs_backwards


def test_a_zone_that_somebody_has_chosen_is_never_taken_from_a_file() -> None:
    home = Home()
    home.store.stored.settings["alice"] = UserSettings(ZoneInfo("Asia/Tokyo"))
    assert home.imported(household().exported(), JSON).zone is None
    assert FakeSettings(home.store).find("alice").zone.key == "Asia/Tokyo"


def test_a_preview_shows_the_configuration_and_the_zone_that_a_file_brings() -> None:
    home, export = Home(), household().exported()
    preview = home.imported(export, ImportOptions(form="json", preview=True))
    assert (preview.zone or ZoneInfo("UTC")).key == "America/New_York"
    assert preview.configurations[GAS].modulus == 1000
    assert [point.final_old for point in preview.configurations[POWER].points] == [118]
    assert (home.store.stored.meters, home.store.stored.settings) == ({}, {})
    written = home.imported(export, JSON)
    assert (written.zone, written.configurations.keys()) == (preview.zone, preview.configurations.keys())
    assert home.imported(export, ImportOptions(form="json", preview=True)).configurations == {}


def test_a_preview_in_part_counts_what_an_import_in_part_stores() -> None:
    rows = "2023-01-31,power,100\n2023-02-28,power,90\n2023-03-31,power,120\n"
    preview = Home().imported(rows, ImportOptions(mode="partial", preview=True))
    assert preview.success == Home().imported(rows, ImportOptions(mode="partial")).success == 1


def test_in_part_a_doubtful_reading_does_not_take_the_other_one_of_its_line_with_it() -> None:
    wide = b"Datum;Strom;Gas\n31.01.2023;100;1\n28.02.2023;90;2\n31.03.2023;120;3\n"
    home = Home()
    assert home.imported(wide, ImportOptions(mode="partial")).success == 4
    assert {kind for kind, _ in home.readings()} == {"power", "gas"}


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


def test_a_conflict_of_exchanges_names_the_local_day() -> None:
    home = Home()
    home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2022-01-01", Decimal(5)))
    with pytest.raises(ImportRowsError) as refused:
        home.imported(document(exchanges=[{"date": "2022-01-01", "finalOld": 9, "initialNew": 0}]), JSON)
    assert refused.value.errors[0].reason.startswith(
        "the file says 9 and 0 on 2022-01-01, 5 and 0 on 2022-01-01 is stored"
    )


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
