"""What an import would write: which rows are new, which replace an amount, which are left out and why.

Pure: the preview plans against a snapshot, the import against what its transaction reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.csv.rows import CsvRow, RowError, RowWarning
from chalicelib.domain.errors import FieldError, ImportQuestionError, ImportRowsError, InvalidReadingError
from chalicelib.domain.imports.neighbours import ask_about_rows
from chalicelib.domain.imports.options import ImportOptions, OnConflict
from chalicelib.domain.imports.other_zone import ask_about_zone, count_shifted
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.plausibility.limits import check_register
from chalicelib.domain.plausibility.words import plain
from chalicelib.domain.readings import EnergyType, to_datetime

_ASKED = (
    "rows or things about the file are doubtful, nothing was imported: look at the warnings, and pass confirm=true "
    "if all is right"
)


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """What is stored of a meter.

    ``readings``: at least those between the first row and the last, of the year before, and the next one behind.
    ``unreadable``: instants that a damaged document holds. ``configuration``: as it is after the import.
    """

    type: EnergyType
    configuration: MeterConfiguration
    readings: CompactReadings
    unreadable: frozenset[int] = frozenset()


class Replacement(NamedTuple):
    """A row that gives a stored reading another amount."""

    row: CsvRow
    stored: Decimal


@dataclass(frozen=True, slots=True)
class MeterPlan:
    """What the rows of one meter would do."""

    type: EnergyType
    new: list[CsvRow] = field(default_factory=list)
    replaced: list[Replacement] = field(default_factory=list)
    skipped: list[CsvRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowWarning] = field(default_factory=list)
    shifted: int = 0

    @property
    def written(self) -> list[CsvRow]:
        """The rows that would be written."""
        return [*self.new, *(replacement.row for replacement in self.replaced)]

    def without(self, lines: set[int | None]) -> "MeterPlan":
        """The same without the rows of some lines."""
        new = [row for row in self.new if row.line not in lines]
        return replace(self, new=new, replaced=[each for each in self.replaced if each.row.line not in lines])


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a whole file would do; errors and warnings in the order of the file."""

    meters: tuple[MeterPlan, ...]
    errors: tuple[RowError, ...]
    warnings: tuple[RowWarning, ...]

    def accepted(self, options: ImportOptions) -> tuple[MeterPlan, ...]:
        """What is written of it.

        Raises:
            ImportRowsError: a row is invalid and ``mode`` is ``all``.
            ImportQuestionError: something is asked back, and neither ``confirm`` nor ``partial`` answers it.
        """
        if self.errors and options.mode == "all":
            found = tuple(map(field_error, self.errors))
            raise ImportRowsError(f"{len(found)} invalid rows, nothing was imported", found, self.warnings)
        if options.confirm or not self.warnings:
            return self.meters
        lines = {warning.line for warning in self.warnings}
        if options.mode == "all" or None in lines:
            raise ImportQuestionError(f"{len(self.warnings)} {_ASKED}", (), self.warnings)
        return tuple(meter.without(lines) for meter in self.meters)


def plan_import(
    rows: Sequence[CsvRow],
    errors: Iterable[RowError],
    warnings: Iterable[RowWarning],
    known: Iterable[KnownMeter],
    on_conflict: OnConflict,
    zone: ZoneInfo,
) -> ImportPlan:
    """What a file would do.

    Args:
        rows: its valid rows, in the order of the file.
        errors: what is wrong with the others.
        warnings: what is doubtful about the file by itself.
        known: of each meter that has a row, what is stored.
        on_conflict: what to do about another amount at the same instant.
        zone: whose days.
    """
    meters = tuple(
        plan_meter([row for row in rows if row.type is each.type], each, on_conflict, zone) for each in known
    )
    shifted = sum(meter.shifted for meter in meters)
    doubts = chain(warnings, ask_about_zone(shifted, rows, zone), *(meter.warnings for meter in meters))
    return ImportPlan(
        meters,
        tuple(sorted(chain(errors, *(meter.errors for meter in meters)), key=attrgetter("line"))),
        tuple(sorted(doubts, key=_line_of)),
    )


def plan_meter(rows: Sequence[CsvRow], known: KnownMeter, on_conflict: OnConflict, zone: ZoneInfo) -> MeterPlan:
    """What the rows of one meter would do."""
    plan = MeterPlan(known.type)
    fitting = _that_fit(rows, known.configuration.modulus, plan.errors)
    _sort_by_what_is_stored(_one_per_instant(fitting, on_conflict, plan), known, on_conflict, plan)
    asked = ask_about_rows(plan.written, known.readings, known.type, known.configuration, zone)
    return replace(plan, warnings=asked, shifted=count_shifted(plan.new, known.readings))


def field_error(error: RowError) -> FieldError:
    """A row's error as callers see it."""
    return FieldError(f"row {error.line}: {error.column}" if error.column else f"row {error.line}", error.reason)


def _that_fit(rows: Sequence[CsvRow], modulus: Decimal | None, errors: list[RowError]) -> list[CsvRow]:
    """The rows that the register can show."""
    if modulus is None:
        return list(rows)
    fitting = []
    for row in rows:
        try:
            check_register(modulus, amount=row.amount)
            fitting.append(row)
        except InvalidReadingError as error:
            errors.append(RowError(row.line, "amount", str(error)))
    return fitting


def _one_per_instant(rows: Sequence[CsvRow], on_conflict: OnConflict, plan: MeterPlan) -> Iterable[CsvRow]:
    """Of rows at one instant the first; with ``replace`` the last."""
    chosen: dict[int, CsvRow] = {}
    for row in rows:
        first = chosen.setdefault(row.instant, row)
        if first is row:
            continue
        if first.amount == row.amount or on_conflict == "skip":
            plan.skipped.append(row)
        elif on_conflict == "replace":
            plan.skipped.append(first)
            chosen[row.instant] = row
        else:
            plan.errors.append(_conflict(row, first.amount, f"in line {first.line} of the file"))
    return chosen.values()


def _sort_by_what_is_stored(
    rows: Iterable[CsvRow], known: KnownMeter, on_conflict: OnConflict, plan: MeterPlan
) -> None:
    stored = {instant: place for place, instant in enumerate(known.readings.instants)}
    for row in rows:
        place = stored.get(row.instant)
        if place is None and row.instant not in known.unreadable:
            plan.new.append(row)
        elif place is None:
            _decide_about_damaged(row, on_conflict, plan)
        else:
            _decide(row, known.readings.amount_at(place), on_conflict, plan)


def _decide(row: CsvRow, stored: Decimal, on_conflict: OnConflict, plan: MeterPlan) -> None:
    if stored == row.amount or on_conflict == "skip":
        plan.skipped.append(row)
    elif on_conflict == "replace":
        plan.replaced.append(Replacement(row, stored))
    else:
        plan.errors.append(_conflict(row, stored, "stored"))


def _decide_about_damaged(row: CsvRow, on_conflict: OnConflict, plan: MeterPlan) -> None:
    if on_conflict == "skip":
        plan.skipped.append(row)
    else:
        reason = "a damaged reading holds this instant until an operator has corrected it; pass onConflict=skip"
        plan.errors.append(RowError(row.line, "date", reason))


def _conflict(row: CsvRow, other: Decimal, where: str) -> RowError:
    moment = to_datetime(row.instant).isoformat(timespec="seconds").replace("+00:00", "Z")
    return RowError(
        row.line,
        "amount",
        f"this row says {plain(row.amount)} for {row.type} at {moment}, {plain(other)} is {where}; "
        "pass onConflict=replace to take this row, or onConflict=skip to leave it out",
    )


def _line_of(warning: RowWarning) -> int:
    """What concerns the whole file comes first."""
    return warning.line or 0
