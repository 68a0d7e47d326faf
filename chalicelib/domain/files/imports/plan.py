"""What an import would write: which rows are new, which replace an amount, which are left out and why.

Pure: the preview plans against a snapshot, the import against what its transaction reads.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from operator import attrgetter
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import FieldError, ImportQuestionError, ImportRowsError, InvalidReadingError, RowWarning
from chalicelib.domain.files.csv.parsed import CsvRow, RowError
from chalicelib.domain.files.imports.configure import configure
from chalicelib.domain.files.imports.files import ReadFile
from chalicelib.domain.files.imports.known import KnownMeter
from chalicelib.domain.files.imports.neighbours import ask_about_rows
from chalicelib.domain.files.imports.options import ImportOptions, OnConflict
from chalicelib.domain.files.imports.other_zone import ask_about_zone, count_shifted
from chalicelib.domain.meters.import_record import Configured
from chalicelib.domain.plausibility.limits import check_register, in_kept_digits
from chalicelib.domain.plausibility.words import local, plain
from chalicelib.domain.readings import EnergyType

_WAY_ON = "look at the warnings, and pass confirm=true if all is right"


@dataclass(frozen=True, slots=True)
class MeterPlan:
    """What the rows of one meter would do.

    ``configured``: what becomes of its configuration, None: nothing. ``replaced``: rows that give a stored reading
    another amount.
    """

    type: EnergyType
    configured: Configured | None = None
    new: list[CsvRow] = field(default_factory=list)
    replaced: list[CsvRow] = field(default_factory=list)
    skipped: list[CsvRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowWarning] = field(default_factory=list)
    shifted: int = 0

    @property
    def written(self) -> list[CsvRow]:
        """The rows that would be written."""
        return [*self.new, *self.replaced]

    @property
    def undoubted(self) -> "MeterPlan":
        """Leave out the rows that are asked about."""
        lines = {warning.line for warning in self.warnings}
        new, replaced = ([row for row in rows if row.line not in lines] for rows in (self.new, self.replaced))
        return replace(self, new=new, replaced=replaced)


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a whole file would do; errors and warnings in the order of the file.

    ``ask``: what is asked back about the rows that a meter's plan would write.
    """

    meters: tuple[MeterPlan, ...]
    errors: tuple[RowError, ...]
    warnings: tuple[RowWarning, ...]
    ask: Callable[[MeterPlan], list[RowWarning]]

    def accepted(self, options: ImportOptions) -> tuple[MeterPlan, ...]:
        """The rows that are written.

        Raises:
            ImportRowsError: a row is invalid and ``mode`` is ``all``.
            ImportQuestionError: something is asked back, and neither ``confirm`` nor ``partial`` answers it.
        """
        if self.errors and options.mode == "all":
            found = tuple(map(field_error, self.errors))
            rows = "1 invalid row" if len(found) == 1 else f"{len(found)} invalid rows"
            raise ImportRowsError(f"{rows}, nothing was imported", found, self.warnings)
        if options.confirm or not self.warnings:
            return self.meters
        if options.mode == "all":
            raise _question(self.warnings, f"{_WAY_ON}, or mode=partial to leave out the rows that are asked about")
        if any(warning.line is None for warning in self.warnings):
            raise _question(self.warnings, _WAY_ON)
        rest = tuple(meter.undoubted for meter in self.meters)
        if more := [warning for meter in rest for warning in self.ask(meter)]:
            raise _question([*self.warnings, *more], f"without the doubtful rows others are doubtful too; {_WAY_ON}")
        return rest


def plan_import(file: ReadFile, known: Sequence[KnownMeter], on_conflict: OnConflict, zone: ZoneInfo) -> ImportPlan:
    """What a file would do.

    Args:
        file: its rows and what is wrong with it by itself.
        known: what is stored of each of its meters.
        on_conflict: what to do about another amount at the same instant.
        zone: whose days.
    """
    stored = {each.type: each for each in known}

    def ask(meter: MeterPlan) -> list[RowWarning]:
        there = stored[meter.type]
        after = there.configuration if meter.configured is None else meter.configured.given
        return ask_about_rows(meter.written, there.readings, meter.type, after, zone)

    planned = (_plan_meter(file, each, on_conflict, zone) for each in known)
    meters = tuple(replace(meter, warnings=ask(meter)) for meter in planned)
    shifted = sum(meter.shifted for meter in meters)
    doubts = chain(file.warnings, ask_about_zone(shifted, file.rows, zone), *(meter.warnings for meter in meters))
    return ImportPlan(
        meters,
        tuple(sorted(chain(file.errors, *(meter.errors for meter in meters)), key=attrgetter("line"))),
        tuple(sorted(doubts, key=_line_of)),
        ask,
    )


def _plan_meter(file: ReadFile, known: KnownMeter, on_conflict: OnConflict, zone: ZoneInfo) -> MeterPlan:
    rows = [row for row in file.rows if row.type is known.type]
    given = file.configurations.get(known.type)
    configured, errors = (None, []) if given is None else configure(known, given, on_conflict, zone)
    after = known.configuration if configured is None else configured.given
    plan = MeterPlan(known.type, configured, errors=errors)
    fitting = _that_fit(rows, after.modulus, plan.errors)
    _sort_by_what_is_stored(_one_per_instant(fitting, on_conflict, plan, zone), known, on_conflict, plan, zone)
    return replace(plan, shifted=count_shifted(plan.new, known.readings))


def _question(warnings: Sequence[RowWarning], way_on: str) -> ImportQuestionError:
    doubts = "1 thing is doubtful" if len(warnings) == 1 else f"{len(warnings)} things are doubtful"
    found = tuple(map(warning_as_error, warnings))
    return ImportQuestionError(f"{doubts}, nothing was imported: {way_on}", found, warnings)


def field_error(error: RowError) -> FieldError:
    """A row's error as callers see it; line 0 is no row."""
    if error.line == 0:
        return FieldError(error.column or "file", error.reason)
    return FieldError(f"row {error.line}: {error.column}" if error.column else f"row {error.line}", error.reason)


def warning_as_error(warning: RowWarning) -> FieldError:
    """Convert a warning for callers who only know errors."""
    return FieldError("file" if warning.line is None else f"row {warning.line}", warning.reason)


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


def _one_per_instant(
    rows: Sequence[CsvRow], on_conflict: OnConflict, plan: MeterPlan, zone: ZoneInfo
) -> Iterable[CsvRow]:
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
            plan.errors.append(_conflict(row, first.amount, f"in line {first.line} of the file", zone))
    return chosen.values()


def _sort_by_what_is_stored(
    rows: Iterable[CsvRow], known: KnownMeter, on_conflict: OnConflict, plan: MeterPlan, zone: ZoneInfo
) -> None:
    stored = {instant: place for place, instant in enumerate(known.readings.instants)}
    for row in rows:
        place = stored.get(row.instant)
        if place is None and row.instant not in known.unreadable:
            plan.new.append(row)
        elif place is None:
            _decide_about_damaged(row, on_conflict, plan)
        else:
            _decide(row, known.readings.amount_at(place), on_conflict, plan, zone)


def _decide(row: CsvRow, stored: Decimal, on_conflict: OnConflict, plan: MeterPlan, zone: ZoneInfo) -> None:
    if in_kept_digits(stored) == row.amount or on_conflict == "skip":
        plan.skipped.append(row)
    elif on_conflict == "replace":
        plan.replaced.append(row)
    else:
        plan.errors.append(_conflict(row, stored, "stored", zone))


def _decide_about_damaged(row: CsvRow, on_conflict: OnConflict, plan: MeterPlan) -> None:
    if on_conflict == "skip":
        plan.skipped.append(row)
    else:
        reason = "a damaged reading holds this instant until an operator has corrected it; pass onConflict=skip"
        plan.errors.append(RowError(row.line, "date", reason))


def _conflict(row: CsvRow, other: Decimal, where: str, zone: ZoneInfo) -> RowError:
    return RowError(
        row.line,
        "amount",
        f"this row says {plain(row.amount)} for {row.type} on {local(row.instant, zone)}, {plain(other)} is {where}; "
        "pass onConflict=replace to take this row, or onConflict=skip to leave it out",
    )


def _line_of(warning: RowWarning) -> int:
    """What concerns the whole file comes first."""
    return warning.line or 0
