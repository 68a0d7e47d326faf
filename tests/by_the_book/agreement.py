"""What both implementations say of one meter, in one form: the product's and the one written from the text."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import MeterExchange, Reading
from tests.by_the_book.counter import Meter
from tests.by_the_book.numbers_and_times import iso_utc, to_ms


def series_of(meter: Meter) -> Series:
    """The product's counter of a meter."""
    readings = [Reading(reading.at_ms, exact(reading.amount)) for reading in meter.readings]
    exchanges = [MeterExchange(x.at_ms, exact(x.final_old), exact(x.initial_new)) for x in meter.exchanges]
    return Series.of(readings, exchanges, None if meter.modulus is None else exact(meter.modulus), meter.runs_backwards)


def exact(value: Any) -> Decimal:
    """A fraction that is a decimal, as one."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def months_of(counter: Series, year: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The product's twelve entries as plain values."""
    return [_plain(entry) for entry in monthly_entries(counter, year, zone)]


def _plain(entry: MonthlyEntry) -> dict[str, Any]:
    found = entry.as_document()
    for name in ("meterReading", "consumption"):
        found[name] = _text(found[name])
    found["flags"] = sorted(found["flags"])
    details = found["calculationDetails"]
    details["sourceReadings"] = [
        {"date": iso_utc(to_ms(source["date"])), "amount": _text(source["amount"])}
        for source in details["sourceReadings"]
    ]
    for name in ("interpolationRatio", "spanDays"):
        details[name] = _text(details[name])
    found["calculationDetails"] = {name: value for name, value in details.items() if value is not None}
    return found


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.3f}"
