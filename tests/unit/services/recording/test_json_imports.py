"""Importing what the JSON export wrote: readings, configuration and zone."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import ConflictError, ImportFileError, ImportRowsError, RevisionError
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.plausibility import limits
from chalicelib.domain.ports.values import UserSettings
from chalicelib.services.recording.configuration import (
    ExchangeCorrection,
    ExchangeDraft,
    Register,
)
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.store import FakeSettings
from tests.unit.services.recording.home import (
    GAS,
    JSON,
    PARTIAL_JSON,
    POWER,
    REPLACE_JSON,
    Home,
    document,
    household,
)


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


def test_in_part_a_doubtful_reading_does_not_take_the_other_one_of_its_line_with_it() -> None:
    wide = b"Datum;Strom;Gas\n31.01.2023;100;1\n28.02.2023;90;2\n31.03.2023;120;3\n"
    home = Home()
    assert home.imported(wide, ImportOptions(mode="partial")).success == 4
    assert {kind for kind, _ in home.readings()} == {"power", "gas"}


def test_a_meter_has_as_many_exchanges_as_its_documents_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an import brings and what somebody adds; one that is there can be corrected and taken back all the same."""
    monkeypatch.setattr(limits, "MAX_EXCHANGES", 2)
    home = Home()
    days = [{"date": f"2022-01-0{day}", "finalOld": 5, "initialNew": 5} for day in (1, 2, 3)]
    with pytest.raises(ImportRowsError) as refused:
        home.imported(document(exchanges=days), JSON)
    [error] = refused.value.errors
    assert (error.where, error.reason[:40]) == ("meters.power", "3 exchanges of one meter: up to 2 are ta")
    home.imported(document(exchanges=days[:2]), JSON)
    draft = ExchangeDraft(POWER, "2022-01-03", Decimal(5), Decimal(5))
    with pytest.raises(ConflictError, match="up to 2"):
        home.configuration.add_exchange("alice", draft)
    first, _ = home.configuration.configuration("alice", POWER).exchanges
    home.configuration.correct_exchange("alice", first.id, ExchangeCorrection(date="2022-01-04"))
    home.configuration.remove_exchange("alice", first.id)
    home.configuration.add_exchange("alice", draft)


def exchanged(final_old: int) -> bytes:
    """A file that says of the exchange of 2022 what the old meter showed last."""
    return document(exchanges=[{"date": "2022-01-01", "finalOld": final_old, "initialNew": 0}])


def test_an_exchange_that_gets_its_counts_back_has_a_revision_that_nobody_has_seen() -> None:
    """Else who has read what the file said could overwrite, unknowing, what somebody has corrected since."""
    home = Home()
    added, _ = home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2022-01-01", Decimal(5)))
    report = home.imported(exchanged(6), REPLACE_JSON)
    seen = home.configuration.exchange("alice", added.id).revision
    home.undone(report)
    home.configuration.correct_exchange("alice", added.id, ExchangeCorrection(final_old=Decimal(7)))
    with pytest.raises(RevisionError):
        home.configuration.correct_exchange("alice", added.id, ExchangeCorrection(final_old=Decimal(8), revision=seen))
    assert home.configuration.exchange("alice", added.id).exchange.final_old == 7


def test_imports_that_gave_an_exchange_other_counts_can_be_undone_one_after_another() -> None:
    home = Home()
    added, _ = home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2022-01-01", Decimal(5)))
    reports = [home.imported(exchanged(final), REPLACE_JSON) for final in (6, 7)]
    for report, final in zip(reversed(reports), (6, 5), strict=True):
        assert home.undone(report).outcome.configurations_kept == ()
        assert home.configuration.exchange("alice", added.id).exchange.final_old == final
    assert home.configuration.exchange("alice", added.id).revision == 5


def test_an_exchange_that_says_again_what_the_file_said_is_as_the_file_left_it() -> None:
    home = Home()
    report = home.imported(exchanged(6), JSON)
    [added] = home.configuration.configuration("alice", POWER).exchanges
    for final in (Decimal(7), Decimal(6)):
        home.configuration.correct_exchange("alice", added.id, ExchangeCorrection(final_old=final))
    assert home.undone(report).outcome.configurations_kept == ()
    assert home.configuration.configuration("alice", POWER).exchanges == ()


def test_a_conflict_of_exchanges_names_the_local_day() -> None:
    home = Home()
    home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2022-01-01", Decimal(5)))
    with pytest.raises(ImportRowsError) as refused:
        home.imported(document(exchanges=[{"date": "2022-01-01", "finalOld": 9, "initialNew": 0}]), JSON)
    assert refused.value.errors[0].reason.startswith(
        "the file says 9 and 0 on 2022-01-01, 5 and 0 on 2022-01-01 is stored"
    )
