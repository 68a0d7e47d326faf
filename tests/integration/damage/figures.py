"""The display documents of a meter by the second implementation, which was written from the text.

Uses nothing else of the project: what both say is probably right. The results are the ``data`` of the display
documents: ``Decimal`` with three decimals, aware datetimes, texts.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.by_the_book.cards import (
    MOST_DAYS,
    end_of_day,
    end_of_the_month_before,
    last_reading,
    same_date_a_year_before,
)
from tests.by_the_book.counter import Meter, Point, corrected_counter
from tests.by_the_book.histogram import histogram
from tests.by_the_book.month_ends import slope_forwards
from tests.by_the_book.months import monthly
from tests.by_the_book.numbers_and_times import from_ms, local_date

FLAGS = ("reset", "rollover", "exchange", "dip", "negative")

Views = dict[tuple[str, int | None], dict[str, Any]]


def views(meter: Meter) -> Views:
    """The data of every document that should be stored."""
    months: Views = {("monthly", year): _months(meter, year) for year in _years(meter)}
    return {**months, ("histogram", None): _histogram(meter), ("summary", None): _summary_inputs(meter)}


def _years(meter: Meter) -> range:
    """From the local year of the first reading to that of the last."""
    local = [local_date(reading.at_ms, meter.zone).year for reading in meter.readings]
    return range(min(local), max(local) + 1) if local else range(0)


def _months(meter: Meter, year: int) -> dict[str, Any]:
    return {"year": year, "months": [_entry(found) for found in monthly(meter, year)]}


def _entry(found: dict[str, Any]) -> dict[str, Any]:
    details = found["calculationDetails"]
    sources = [
        {"date": datetime.fromisoformat(source["date"]), "amount": Decimal(source["amount"])}
        for source in details["sourceReadings"]
    ]
    shares = {name: _decimal(details.get(name)) for name in ("interpolationRatio", "spanDays")}
    return {
        **found,
        "meterReading": _decimal(found["meterReading"]),
        "consumption": _decimal(found["consumption"]),
        "flags": [flag for flag in FLAGS if flag in found["flags"]],
        "calculationDetails": {"method": details["method"], "sourceReadings": sources, **shares},
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _histogram(meter: Meter) -> dict[str, Any]:
    """From the first to the last reading."""
    found = histogram([reading.at_ms for reading in meter.readings])
    buckets = [
        bucket | {edge: from_ms(bucket[edge]) for edge in ("startDate", "endDate")} for bucket in found["buckets"]
    ]
    covered = found["dateRange"] and {edge: from_ms(at_ms) for edge, at_ms in found["dateRange"].items()}
    return found | {"buckets": buckets, "dateRange": covered}


def _summary_inputs(meter: Meter) -> dict[str, Any]:
    """What the cards of any day can need, from the one before the last point to a month behind it."""
    points = corrected_counter(meter)
    last = last_reading(meter, date.min)
    return {
        "zone": meter.zone,
        "lastReading": last and {"date": from_ms(last[0]), "amount": Decimal(last[1])},
        "lastPoint": _last_point(points, meter) if points else None,
        "knownEnds": [_known_end(points, meter, day) for day in _known_days(points, meter)],
    }


def _last_point(points: Sequence[Point], meter: Meter) -> dict[str, Any]:
    last, line = points[-1], slope_forwards(points, meter)
    slope = None if line is None else line[1]
    falls_to_nothing = slope is not None and slope < 0 and meter.modulus is None
    return {
        "date": from_ms(last.at_ms),
        "growthPerMs": None if slope is None else str(slope),
        "leastGrowth": str(-last.amount) if falls_to_nothing else None,
    }


def _known_days(points: Sequence[Point], meter: Meter) -> list[date]:
    if not points:
        return []
    last = local_date(points[-1].at_ms, meter.zone)
    first = last - timedelta(days=1)
    days = {first - timedelta(days=ago) for ago in range(31)}
    days |= {end_of_the_month_before(first, months) for months in range(15)}
    days |= {date(first.year - years, 12, 31) for years in range(3)}
    days |= {same_date_a_year_before(first + timedelta(days=later)) for later in range(MOST_DAYS + 2)}
    return sorted(day for day in days if day < last)


def _known_end(points: Sequence[Point], meter: Meter, day: date) -> dict[str, Any]:
    end = end_of_day(points, meter, day)
    remaining = None if end.counter is None else str(points[-1].counter - end.counter)
    tau = from_ms(end.tau_ms)
    return {"day": day.isoformat(), "tau": tau, "quality": end.quality, "remaining": remaining, "beyond": end.days}
