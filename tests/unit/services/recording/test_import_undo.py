"""Corrections by file, and taking an import back: what nobody has changed since is as it was before."""

from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import ImportQuestionError, ImportRowsError, NotFoundError
from chalicelib.domain.events import EnergyReadingsBulkImported, EnergyReadingsImportUndone
from chalicelib.domain.export.json_document import json_text
from chalicelib.domain.imports.options import ImportOptions
from chalicelib.domain.ports import ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.rollout.decision import Backend
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
from tests.fakes.publisher import FakePublisher
from tests.fakes.store import FakeImportList, FakeQueries, FakeSettings, FakeStore

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
        return EnergyCrudService(self.store, FakeSettings(self.store), self.publisher, self.clock)

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
    assert (home.store.stored.readings, home.publisher.events) == (before, events)
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
