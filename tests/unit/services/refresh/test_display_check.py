"""What a comparison of one meter finds, and how it says so; of a large meter piece by piece."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.json.text import json_text
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.meters.invariants import Violation
from chalicelib.domain.meters.walks import Finding
from chalicelib.domain.ports.values import MeterState, WholeMeter
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, MeterKey, Reading
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.services.refresh.display_check import DisplayCheck
from infra.simulation.memory.display import FakeDisplay
from infra.simulation.memory.store import FakeQueries, FakeStore
from infra.simulation.memory.walks import FakeMetersOfAll

METER: MeterKey = ("alice", EnergyType.POWER)
POWER = EnergyType.POWER
READINGS = CompactReadings.of([Reading(instant, Decimal(instant)) for instant in (10, 20, 30, 40)])
SHOWN = MeterState(4, 4, calculation_version=3)


def view(data: dict[str, Any], kind: DataType = "summary", year: int | None = None, **more: Any) -> DisplayDocument:
    return DisplayDocument(kind, year, data, 4, 3, 0, **more)


class Checked(FakeQueries, FakeMetersOfAll, FakeDisplay):  # type: ignore[misc]
    """A meter of alice, whose fresh figures a test says: by default what is shown is right."""

    def __init__(self) -> None:
        self.store = FakeStore(lambda: 0)
        FakeDisplay.__init__(self, self.store)
        snapshot = replace(super().snapshot(*METER, Backend.NEW), state=SHOWN, readings=READINGS)
        self.meter: WholeMeter | None = WholeMeter(snapshot, (), [view({"cards": 1})])
        self.fresh = [view({"cards": 1})]
        self.stored = READINGS
        self.asked: list[object] = []
        self.error: Exception | None = None
        self.damaged: list[Finding] = []
        self.shown = SHOWN
        self.bytes = b"others"

    def whole(self, *asked: object) -> WholeMeter | None:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return self.meter

    def piece(self, user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        self.asked.append((user_id, energy_type, first, readings))
        behind = [reading for reading in self.stored if reading.instant >= first]
        return CompactReadings.of(behind[:readings])

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        return self.shown

    def damages(self, meter: MeterKey) -> list[Finding]:
        return self.damaged

    def encoded(self, _: object) -> Any:
        return self.bytes

    def change(self, state: MeterState = SHOWN, readings: CompactReadings = READINGS, **changes: Any) -> None:
        assert self.meter is not None
        snapshot = replace(self.meter.snapshot, state=state, readings=readings)
        self.meter = replace(self.meter, snapshot=snapshot, **changes)

    def findings(self, at_once: int = 2) -> list[Finding] | None:
        check = DisplayCheck(self, self, self, lambda: 0, 3, lambda *_: self.fresh, at_once)
        return check.findings(METER)


@pytest.fixture
def checked() -> Checked:
    return Checked()


def found(document: str, problem: str, collection: str = "display_energy_data") -> list[Finding]:
    return [Finding("alice", POWER, collection, document, problem)]


SUMMARY = "alice|power|summary|-|c3"


def test_a_meter_that_shows_what_its_readings_say_has_no_finding(checked: Checked) -> None:
    assert checked.findings() == []
    assert checked.asked == [("alice", POWER, 3, 2)]


def test_where_nothing_is_shown_from_the_display_nothing_is_found(checked: Checked) -> None:
    checked.meter = None
    assert checked.findings() == []


@pytest.mark.parametrize(
    ("state", "compared"),
    [
        (MeterState(4, 4, calculation_version=3), True),
        (MeterState(4, 4, calculation_version=0), True),
        (MeterState(4, 4, calculation_version=1), False),
        (MeterState(4, 4, calculation_version=2), False),
        (MeterState(4, 4, calculation_version=4), False),
        (MeterState(5, 4, calculation_version=3), False),
    ],
)
def test_what_lags_or_another_calculation_shows_is_not_compared(
    checked: Checked, state: MeterState, compared: bool
) -> None:
    checked.change(state)
    checked.fresh = [view({"cards": 2})]
    assert (checked.findings() is not None) is compared


def test_broken_invariants_are_found_before_anything_is_compared(checked: Checked) -> None:
    checked.change(violations=[Violation("meters", "alice|power", "is missing")])
    checked.fresh = [view({"cards": 2})]
    assert checked.findings() == found("alice|power", "is missing", "meters")


def test_each_document_says_what_is_wrong_with_it(checked: Checked) -> None:
    checked.fresh = [view({"cards": 2}), view({}, "histogram")]
    checked.change(displayed=[view({"cards": 1}), view({}, "monthly", 2023)])
    problems = {finding.document: finding.problem for finding in checked.findings() or ()}
    assert sorted(problems.values()) == [
        "is missing",
        "should not be there",
        "shows something else than a fresh calculation",
    ]
    assert {finding.collection for finding in checked.findings() or ()} == {"display_energy_data"}


def test_a_meter_without_readings_needs_no_documents(checked: Checked) -> None:
    checked.change(readings=CompactReadings.of([]), displayed=[])
    assert checked.findings() == []
    one = CompactReadings.of([Reading(10, Decimal(1))])
    checked.change(readings=one, displayed=[])
    assert [finding.problem for finding in checked.findings() or ()] == ["is missing"]


def test_a_text_is_compared_where_one_is_stored(checked: Checked) -> None:
    checked.change(displayed=[view({"cards": 1}, text=json_text({"cards": 1}))])
    assert checked.findings() == []
    checked.change(displayed=[view({"cards": 1}, text=json_text({"cards": 2}))])
    assert [finding.problem for finding in checked.findings() or ()] == ["has a text that is not of its data"]


@pytest.mark.parametrize(("encoded", "is_right"), [(None, False), (b"these", False), (b"others", True)])
def test_equal_bytes_are_not_looked_into(checked: Checked, encoded: bytes | None, is_right: bool) -> None:
    checked.change(displayed=[view({"cards": 2}, encoded=encoded)])
    assert (checked.findings() == []) is is_right


@pytest.mark.parametrize(("kept", "is_right"), [(None, True), (READINGS, True), (READINGS.between(10, 30), False)])
def test_the_series_holds_the_readings_where_one_is_kept(
    checked: Checked, kept: CompactReadings | None, is_right: bool
) -> None:
    checked.change(kept=kept)
    wrong = found("alice|power", "holds something else than the readings", "meter_series")
    assert checked.findings() == ([] if is_right else wrong)


def test_the_series_and_a_document_are_found_together(checked: Checked) -> None:
    checked.fresh = [view({"cards": 2})]
    checked.change(kept=READINGS.between(10, 30))
    assert [finding.collection for finding in checked.findings() or ()] == ["display_energy_data", "meter_series"]


def pieces(checked: Checked) -> Sequence[object]:
    return [asked[2:] for asked in checked.asked if isinstance(asked, tuple)][1:]


@pytest.mark.parametrize(
    ("at_once", "asked"),
    [(2, [FIRST_INSTANT, 21, 41]), (3, [FIRST_INSTANT, 31]), (4, [FIRST_INSTANT, 41]), (5, [FIRST_INSTANT])],
)
def test_a_large_meter_is_read_piece_by_piece_to_its_end(checked: Checked, at_once: int, asked: list[int]) -> None:
    checked.change(is_large=True)
    assert checked.findings(at_once) == []
    assert pieces(checked) == [(first, at_once) for first in asked]


@pytest.mark.parametrize("left_out", [10, 20, 30, 40])
@pytest.mark.parametrize("at_once", [2, 3, 5])
def test_a_reading_that_only_the_series_of_a_large_meter_holds_is_found(
    checked: Checked, left_out: int, at_once: int
) -> None:
    checked.change(is_large=True)
    checked.stored = CompactReadings.of([reading for reading in READINGS if reading.instant != left_out])
    assert checked.findings(at_once) == found("alice|power", "holds something else than the readings", "meter_series")


def test_the_last_instant_of_all_is_compared_too(checked: Checked) -> None:
    nearly = CompactReadings.of([*READINGS.between(10, 30), Reading(LAST_INSTANT - 1, Decimal(40))])
    checked.change(readings=nearly, is_large=True)
    checked.stored = CompactReadings.of([*nearly, Reading(LAST_INSTANT, Decimal(41))])
    assert checked.findings(4) == found("alice|power", "holds something else than the readings", "meter_series")


@pytest.mark.parametrize("stored", [READINGS, READINGS.between(20, 40)])
def test_a_large_meter_that_has_changed_meanwhile_is_not_compared(checked: Checked, stored: CompactReadings) -> None:
    checked.change(is_large=True)
    checked.stored, checked.shown = stored, replace(SHOWN, source_version=5)
    assert checked.findings() is None


def test_a_meter_that_is_out_of_time_is_found_while_the_database_answers(checked: Checked) -> None:
    checked.error = UnavailableError("out of time")
    assert checked.findings() == found("alice|power", "was out of time, though the database answers", "meters")
    checked.store.down = True
    with pytest.raises(UnavailableError):
        checked.findings()


def test_what_cannot_be_calculated_is_found_by_its_fields_or_by_the_kind_of_error_and_no_text(
    checked: Checked,
) -> None:
    checked.error = ZeroDivisionError("12345.678")
    problem = "cannot be calculated (ZeroDivisionError), though no field of its documents holds a value of a wrong kind"
    assert checked.findings() == found("alice|power", problem, "meters")
    checked.damaged = found("a document", "amount: is no number", "meters")
    assert checked.findings() == checked.damaged


def test_nothing_is_found_of_an_account_that_is_being_erased(checked: Checked) -> None:
    checked.fresh = [view({"cards": 2})]
    checked.store.closed["bob"] = 1
    assert checked.findings() == found(SUMMARY, "shows something else than a fresh calculation")
    checked.store.closed["alice"] = 1
    assert checked.findings() == []
