"""The questions of CALCULATION.md 9, asked about every row of a file among what is stored and the rest of the file."""

from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.series import Series
from chalicelib.domain.errors import RowWarning
from chalicelib.domain.files.csv.parsed import CsvRow
from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.plausibility.questions import Meter, question_about
from chalicelib.domain.plausibility.usual import FLOOR, UsualSoFar, place_of
from chalicelib.domain.plausibility.words import Situation, what_is_odd
from chalicelib.domain.readings import DAY_MS, EnergyType, Reading
from chalicelib.domain.readings.compact import CompactReadings


def ask_about_rows(
    rows: Sequence[CsvRow],
    stored: CompactReadings,
    energy_type: EnergyType,
    configuration: MeterConfiguration,
    zone: ZoneInfo,
) -> list[RowWarning]:
    """Find the questions about the rows of one meter, in the order of time.

    Args:
        rows: what would be written, at most one for each instant.
        stored: the meter's readings around them.
        energy_type: what it counts.
        configuration: what explains its increments.
        zone: whose days.
    """
    if not rows:
        return []
    readings = stored.with_readings(Reading(row.instant, row.amount) for row in rows)
    known = configuration
    series = Series.of(readings, known.points, known.modulus, known.runs_backwards)
    usual = UsualSoFar(readings, configuration, energy_type, zone)
    by_instant = {row.instant: row for row in rows}
    asked = []
    for instant in _doubtful(readings, by_instant, energy_type, configuration):
        meter = Meter(energy_type, configuration, zone, partial(usual.before, instant))
        if question := question_about(series, place_of(series, instant), meter):
            code, place = question
            reason = what_is_odd(code, Situation(series, place, energy_type, zone, usual_is_known=True))
            asked.append(RowWarning(by_instant[instant].line, code, reason))
    return asked


def _doubtful(
    readings: CompactReadings, wanted: Container[int], energy_type: EnergyType, configuration: MeterConfiguration
) -> Iterator[int]:
    """The wanted instants about which a rule may ask: the others grow little from what is before them."""
    around = {place for fall in readings.falls for place in (fall - 1, fall)}
    for exchange in configuration.points:
        behind = bisect_left(readings.instants, exchange.instant)
        around.update((behind - 1, behind, behind + 1))
    limit = FLOOR[energy_type] * 10**readings.decimals
    instants, amounts = readings.instants, readings.amounts
    for place, instant in enumerate(instants):
        if instant in wanted and (place in around or _grows(instants, amounts, place, limit)):
            yield instant


def _grows(instants: Sequence[int], amounts: Sequence[int], place: int, limit: int) -> bool:
    """Whether a count is further from the one before than ``limit`` a day."""
    if place == 0:
        return False
    elapsed = max(DAY_MS, instants[place] - instants[place - 1])
    return abs(amounts[place] - amounts[place - 1]) * DAY_MS > limit * elapsed
