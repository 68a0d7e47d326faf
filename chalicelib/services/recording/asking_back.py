"""Asking back inside the transaction that writes: finds what lies around a count, and what is usual, where needed."""

from functools import cache
from zoneinfo import ZoneInfo

from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.questions import Meter, ask_about_exchange, ask_about_reading
from chalicelib.domain.plausibility.usual import USUAL_BASE_MS, Usual, usual_of
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading


def ask_back_about_reading(
    transaction: WriteTransaction, reading: StoredReading, configuration: MeterConfiguration, zone: ZoneInfo
) -> None:
    """Raise ImplausibleReadingError where a reading that was just written hardly fits those around it."""
    around = transaction.readings.neighbours(reading.type, reading.instant, reading.id)
    meter = _meter(transaction, reading.type, configuration, zone, reading.instant, reading.id)
    ask_about_reading(Reading(reading.instant, reading.amount), [near for near in around if near], meter)


def ask_back_about_exchange(
    transaction: WriteTransaction, exchange: Exchange, others: MeterConfiguration, zone: ZoneInfo
) -> None:
    """Raise ImplausibleReadingError where an exchange hardly fits; ``others``: the configuration without it."""
    instant = exchange.exchange.instant
    before, after = transaction.readings.neighbours(exchange.type, instant)
    until_then, _ = transaction.readings.neighbours(exchange.type, instant + 1)
    around = {near for near in (before, until_then, after) if near}
    meter = _meter(transaction, exchange.type, others, zone, instant)
    ask_about_exchange(exchange.exchange, sorted(around), meter)


def _meter(
    transaction: WriteTransaction,
    energy_type: EnergyType,
    configuration: MeterConfiguration,
    zone: ZoneInfo,
    instant: int,
    but: str | None = None,
) -> Meter:
    @cache
    def usual() -> Usual:
        history = transaction.readings.between(energy_type, instant - USUAL_BASE_MS, instant - 1, but)
        return usual_of(history, energy_type, configuration, zone)

    return Meter(energy_type, configuration, zone, usual)
