"""The ``data`` of each view, calculated from a snapshot of its meter: what the old backend answers, the new stores."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS, histogram
from chalicelib.domain.calculation.monthly import ALL_MONTHS, MonthlyEntry, monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary import SummaryInputs, finish_summary, summary, summary_inputs
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import LAST_YEAR, local_date


def series_of(snapshot: MeterSnapshot) -> Series:
    """The corrected counter of a meter at the snapshot."""
    meter = snapshot.configuration
    return Series.of(snapshot.readings, meter.points, meter.modulus, meter.runs_backwards)


def monthly_data(snapshot: MeterSnapshot, series: Series, year: int) -> dict[str, Any]:
    """``{"year": 2024, "months": [twelve entries]}``, amounts as Decimal; those that a snapshot knows are its own."""
    known = snapshot.months
    if not series.instants and not known:
        return empty_year_data(year)
    missing = [month for month in ALL_MONTHS if month not in known]
    entries = {
        entry.month: entry.as_document() for entry in monthly_entries(series, year, snapshot.settings.zone, missing)
    }
    return {"year": year, "months": [known[month] if month in known else entries[month] for month in ALL_MONTHS]}


def empty_year_data(year: int) -> dict[str, Any]:
    """The months of a year that no point reaches: they are the same for every meter, zone and year."""
    return {"year": year, "months": [entry.as_document() for entry in _empty_months()]}


@cache
def _empty_months() -> Sequence[MonthlyEntry]:
    return monthly_entries(Series.of(()), LAST_YEAR, ZoneInfo("UTC"))


def histogram_data(
    snapshot: MeterSnapshot, first: int | None = None, last: int | None = None, buckets: int = DEFAULT_BUCKETS
) -> dict[str, Any]:
    """Counts of readings in equal buckets. Raises HistogramError."""
    return histogram(snapshot.readings.instants, first, last, buckets).as_document()


def summary_inputs_data(snapshot: MeterSnapshot, series: Series) -> dict[str, Any]:
    """What of the summary does not depend on today: the stored part."""
    return summary_inputs(series, snapshot.settings.zone).as_document()


def finished_summary_data(inputs: dict[str, Any], now: int) -> tuple[dict[str, Any], date]:
    """The cards from stored inputs for the user's local day, and that day."""
    stored = SummaryInputs.model_validate(inputs)
    today = local_date(now, ZoneInfo(stored.zone))
    return finish_summary(stored, today).as_document(), today


def summary_data(snapshot: MeterSnapshot, series: Series, now: int) -> tuple[dict[str, Any], date]:
    """The cards straight from the readings for the user's local day, and that day."""
    today = local_date(now, snapshot.settings.zone)
    return summary(series, snapshot.settings.zone, today).as_document(), today
