"""The product's figures of a meter, in the form of the second implementation, which was written from the text.

Nothing else in here imports the product.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.histogram import Histogram
from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.calculation.summary_cards import Figure, LastReading, SummaryCards
from chalicelib.domain.readings import MeterExchange, Reading, to_ms
from tests.by_the_book.cards import Card
from tests.by_the_book.counter import Exchange, Meter
from tests.by_the_book.counter import Reading as BookReading
from tests.by_the_book.numbers_and_times import iso_utc


def series_of(meter: Meter) -> Series:
    """The product's counter of a meter."""
    return Series.of(readings_of(meter), exchanges_of(meter), modulus_of(meter), meter.runs_backwards)


def readings_of(meter: Meter) -> list[Reading]:
    """A meter's readings in the product's words."""
    return [Reading(reading.at_ms, exact(reading.amount)) for reading in meter.readings]


def exchanges_of(meter: Meter) -> list[MeterExchange]:
    """A meter's exchanges in the product's words."""
    return [MeterExchange(x.at_ms, exact(x.final_old), exact(x.initial_new)) for x in meter.exchanges]


def modulus_of(meter: Meter) -> Decimal | None:
    """A meter's modulus in the product's words."""
    return None if meter.modulus is None else exact(meter.modulus)


def exact(value: Fraction) -> Decimal:
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


def histogram_of(found: Histogram) -> dict[str, Any]:
    """A histogram of the product with instants as milliseconds."""
    said = found.as_document()
    buckets = [bucket | {name: to_ms(bucket[name]) for name in ("startDate", "endDate")} for bucket in said["buckets"]]
    covered = said["dateRange"] and {name: to_ms(moment) for name, moment in said["dateRange"].items()}
    return said | {"buckets": buckets, "dateRange": covered}


def cards_of(found: SummaryCards) -> dict[str, Card]:
    """The product's cards, without the day and the last reading."""
    figures = {name: getattr(found, name) for name in SummaryCards.model_fields}
    return {
        SummaryCards.model_fields[name].alias or name: _card(figure)
        for name, figure in figures.items()
        if isinstance(figure, Figure)
    }


def _card(figure: Figure) -> Card:
    if figure.value is None or figure.quality is None:
        assert figure == Figure(), "a value and its quality are there together"
        return None
    return f"{figure.value:.3f}", figure.quality


def last_reading_of(found: LastReading | None) -> tuple[int, str, int] | None:
    """The product's card of the last reading."""
    return None if found is None else (to_ms(found.date), f"{found.amount:.3f}", found.age_days)


def meter_of(
    readings: list[Reading],
    exchanges: list[MeterExchange],
    modulus: Decimal | int | None,
    runs_backwards: bool,
    zone: ZoneInfo,
) -> Meter:
    """What the product knows of a meter, in the words of the text."""
    return Meter(
        [BookReading(reading.instant, Fraction(reading.amount)) for reading in readings],
        [Exchange(x.instant, Fraction(x.final_old), Fraction(x.initial_new)) for x in exchanges],
        None if modulus is None else Fraction(modulus),
        runs_backwards,
        zone.key,
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.3f}"
