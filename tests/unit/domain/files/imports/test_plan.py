"""What an import would write: new, replaced, skipped, in conflict, doubtful (CALCULATION.md, 8)."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import ImportQuestionError, ImportRowsError, RowWarning
from chalicelib.domain.files.csv.parsed import CsvRow, RowError
from chalicelib.domain.files.imports.files import ReadFile
from chalicelib.domain.files.imports.known import KnownMeter
from chalicelib.domain.files.imports.options import ImportOptions, OnConflict
from chalicelib.domain.files.imports.plan import ImportPlan, plan_import
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.readings import DAY_MS, EnergyType, Reading, parse_instant
from chalicelib.domain.readings.compact import CompactReadings

BERLIN = ZoneInfo("Europe/Berlin")
POWER = EnergyType.POWER
HOUR = DAY_MS // 24


def at(date: str, amount: float | str) -> Reading:
    return Reading(parse_instant(date, BERLIN), Decimal(str(amount)))


def rows(*points: tuple[str, float | str]) -> list[CsvRow]:
    return [CsvRow(line, POWER, *at(date, amount), "T" in date) for line, (date, amount) in enumerate(points, 2)]


def planned(
    file: list[CsvRow],
    *stored: Reading,
    on_conflict: OnConflict = "error",
    modulus: Decimal | None = None,
    unreadable: frozenset[int] = frozenset(),
) -> ImportPlan:
    known = KnownMeter(POWER, MeterConfiguration(modulus), CompactReadings.of(stored), lambda: Decimal(0), unreadable)
    return plan_import(ReadFile(file), [known], on_conflict, BERLIN)


def lines(plan: ImportPlan) -> tuple[list[int], list[int], list[int]]:
    """Of what is new, replaced and skipped."""
    [meter] = plan.meters
    return [row.line for row in meter.new], [row.line for row in meter.replaced], [row.line for row in meter.skipped]


def test_what_is_stored_with_the_same_amount_is_skipped_however_it_is_written() -> None:
    plan = planned(rows(("2023-01-31", "100.50"), ("2023-02-28", 110)), at("2023-01-31", "100.5"))
    assert lines(plan) == ([3], [], [2])
    assert (plan.errors, plan.warnings) == ((), ())


def test_another_amount_is_a_conflict_with_line_both_amounts_and_the_way_on() -> None:
    plan = planned(rows(("2023-01-31", 101)), at("2023-01-31", "100.5"))
    [error] = plan.errors
    assert (error.line, error.column) == (2, "amount")
    assert "101" in error.reason
    assert "100.5 is stored" in error.reason
    assert "onConflict=replace" in error.reason
    assert lines(plan) == ([], [], [])


@pytest.mark.parametrize(("on_conflict", "expected"), [("skip", ([], [], [2])), ("replace", ([], [2], []))])
def test_a_conflict_is_left_out_or_taken_as_the_sender_says(
    on_conflict: OnConflict, expected: tuple[list[int], list[int], list[int]]
) -> None:
    plan = planned(rows(("2023-01-31", 101)), at("2023-01-31", 100), on_conflict=on_conflict)
    assert lines(plan) == expected
    assert plan.errors == ()


def test_within_the_file_the_same_again_is_skipped_and_another_amount_is_a_conflict() -> None:
    plan = planned(rows(("2023-01-31", 1), ("2023-01-31", "1.0"), ("2023-01-31", 2)))
    assert lines(plan) == ([2], [], [3])
    [error] = plan.errors
    assert error.line == 4
    assert "1 is in line 2 of the file" in error.reason


def test_within_the_file_the_last_one_replaces_and_the_first_one_stays_when_skipping() -> None:
    file = rows(("2023-01-31", 1), ("2023-01-31", 2))
    assert lines(planned(file, on_conflict="replace")) == ([3], [], [2])
    assert lines(planned(file, on_conflict="skip")) == ([2], [], [3])


def test_an_instant_that_a_damaged_document_holds_is_an_error_or_skipped_and_never_written() -> None:
    file = rows(("2023-01-31", 1))
    taken = frozenset({file[0].instant})
    for on_conflict in ("error", "replace"):
        plan = planned(file, unreadable=taken, on_conflict=on_conflict)
        assert lines(plan) == ([], [], [])
        assert "damaged" in plan.errors[0].reason
    assert lines(planned(file, unreadable=taken, on_conflict="skip")) == ([], [], [2])


def test_what_the_register_cannot_show_is_an_error() -> None:
    plan = planned(rows(("2023-01-31", 999), ("2023-02-28", 1000)), modulus=Decimal(1000))
    assert lines(plan)[0] == [2]
    assert "1000" in plan.errors[0].reason


def test_only_what_would_be_written_is_asked_about() -> None:
    """What is stored with the same amount was asked about when it came."""
    stored = (at("2023-01-31", 100), at("2023-02-28", 50))
    plan = planned(rows(("2023-01-31", 100), ("2023-02-28", 50)), *stored)
    assert plan.warnings == ()


def test_a_replaced_amount_is_judged_in_place_of_the_stored_one() -> None:
    stored = (at("2023-01-31", 100), at("2023-02-28", 5_000_000), at("2023-03-31", 120))
    assert planned(rows(("2023-02-28", 110)), *stored, on_conflict="replace").warnings == ()
    [warning] = planned(rows(("2023-02-28", 130)), *stored, on_conflict="replace").warnings
    assert (warning.line, warning.code) == (2, "HIGHER_THAN_NEXT")


SHIFTED = [("2023-01-31", 100), ("2023-02-28", 110), ("2023-03-31", 120)]


def stored_elsewhere(hours: int, count: int = 3) -> list[Reading]:
    return [Reading(at(*point).instant + hours * HOUR, at(*point).amount) for point in SHIFTED[:count]]


@pytest.mark.parametrize("hours", [-14, -1, 1, 14])
def test_a_file_that_was_imported_under_another_zone_is_asked_about(hours: int) -> None:
    plan = planned(rows(*SHIFTED), *stored_elsewhere(hours))
    assert [(each.line, each.code) for each in plan.warnings if each.line is None] == [(None, "ANOTHER_ZONE")]
    assert "Europe/Berlin" in plan.warnings[0].reason


@pytest.mark.parametrize(
    ("file", "stored"),
    [
        (SHIFTED, stored_elsewhere(15)),
        (SHIFTED, stored_elsewhere(0)),
        (SHIFTED, stored_elsewhere(1, 1)),
        ([*SHIFTED, ("2023-04-30", 130), ("2023-05-31", 140)], stored_elsewhere(1, 2)),
        ([(f"{date}T00:00", amount) for date, amount in SHIFTED], stored_elsewhere(1)),
        ([(date, amount + 1) for date, amount in SHIFTED], stored_elsewhere(1)),
    ],
    ids=["too far", "the same file again", "one row", "less than half", "with times", "other amounts"],
)
def test_what_does_not_look_shifted_is_not_asked_about(file: list[tuple[str, float]], stored: list[Reading]) -> None:
    assert "ANOTHER_ZONE" not in [warning.code for warning in planned(rows(*file), *stored).warnings]


def test_half_of_the_rows_are_enough() -> None:
    file = rows(*SHIFTED, ("2023-04-30", 130))
    assert planned(file, *stored_elsewhere(2, 2)).warnings[0].code == "ANOTHER_ZONE"


DOUBTFUL = rows(("2023-01-31", 100), ("2023-02-28", 90), ("2023-03-31", 120))


def test_as_a_whole_a_file_waits_for_an_answer_to_its_questions() -> None:
    plan = planned(DOUBTFUL)
    assert [(each.line, each.code) for each in plan.warnings] == [(2, "HIGHER_THAN_NEXT"), (3, "LOWER_THAN_PREVIOUS")]
    with pytest.raises(ImportQuestionError, match="confirm=true") as refused:
        plan.accepted(ImportOptions())
    assert [error.where for error in refused.value.errors] == ["row 2", "row 3"]
    assert [len(meter.new) for meter in plan.accepted(ImportOptions(confirm=True))] == [3]


def test_in_part_the_rows_that_are_asked_about_are_left_out() -> None:
    [meter] = planned(DOUBTFUL).accepted(ImportOptions(mode="partial"))
    assert [row.line for row in meter.new] == [4]
    [meter] = planned(DOUBTFUL).accepted(ImportOptions(mode="partial", confirm=True))
    assert [row.line for row in meter.new] == [2, 3, 4]


def test_a_question_about_the_whole_file_is_answered_by_nothing_but_confirm() -> None:
    plan = planned(rows(*SHIFTED), *stored_elsewhere(1))
    with pytest.raises(ImportQuestionError):
        plan.accepted(ImportOptions(mode="partial"))
    assert len(plan.accepted(ImportOptions(confirm=True))[0].new) == 3


def test_as_a_whole_a_file_with_an_invalid_row_is_refused_confirmed_or_not() -> None:
    plan = plan_import(ReadFile([], [RowError(3, "date", "no date"), RowError(2, None, "odd")]), [], "error", BERLIN)
    for confirm in (False, True):
        with pytest.raises(ImportRowsError) as refused:
            plan.accepted(ImportOptions(confirm=confirm))
        assert [error.where for error in refused.value.errors] == ["row 2", "row 3: date"]
    assert plan.accepted(ImportOptions(mode="partial")) == ()


def test_what_the_file_says_of_itself_is_asked_first() -> None:
    file = ReadFile(DOUBTFUL, warnings=[RowWarning(None, "AMBIGUOUS_DATE_ORDER", "which?")])
    known = KnownMeter(POWER, MeterConfiguration(), CompactReadings.of([]), lambda: Decimal(0))
    plan = plan_import(file, [known], "error", BERLIN)
    assert [warning.line for warning in plan.warnings] == [None, 2, 3]


days = st.integers(0, 9).map(lambda day: parse_instant(f"2023-01-1{day}", BERLIN))
stored_points = st.dictionaries(days, st.integers(0, 3).map(Decimal))
file_points = st.lists(st.tuples(days, st.integers(0, 3).map(Decimal)), max_size=12)


@given(stored_points, file_points, st.sampled_from(["error", "skip", "replace"]))
def test_every_row_ends_in_one_place_and_afterwards_the_file_is_known(
    stored: dict[int, Decimal], points: list[tuple[int, Decimal]], on_conflict: OnConflict
) -> None:
    """What was written is skipped the next time; nobody's instant is written twice."""
    file = [CsvRow(line, POWER, *point, has_time=False) for line, point in enumerate(points, 2)]
    plan = planned(file, *(Reading(*point) for point in stored.items()), on_conflict=on_conflict)
    new, replaced, skipped = lines(plan)
    assert sorted([*new, *replaced, *skipped, *(error.line for error in plan.errors)]) == [row.line for row in file]
    written = plan.meters[0].written
    assert len({row.instant for row in written}) == len(written)
    after = stored | {row.instant: row.amount for row in written}
    assert {row.instant for row in plan.meters[0].new}.isdisjoint(stored)
    again = planned(file, *(Reading(*point) for point in after.items()), on_conflict="skip")
    assert lines(again)[:2] == ([], [])
