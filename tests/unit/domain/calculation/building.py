"""Building readings in tests: from local times and amounts as text, in the zone of the case."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import MeterExchange, Reading, to_ms

BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")


def at(local_time: str, zone: ZoneInfo = BERLIN) -> int:
    """The instant of a local time such as ``2024-01-31T00:00``, or of a date's midnight."""
    return to_ms(datetime.fromisoformat(local_time).replace(tzinfo=zone))


def readings(*pairs: tuple[str, str | int], zone: ZoneInfo = BERLIN) -> list[Reading]:
    """Readings from pairs of local time and amount."""
    return [Reading(at(time, zone), Decimal(amount)) for time, amount in pairs]


def series(
    *pairs: tuple[str, str | int],
    exchanges: Iterable[Sequence[str]] = (),
    modulus: int | None = None,
    runs_backwards: bool = False,
    zone: ZoneInfo = BERLIN,
) -> Series:
    """A series from pairs of local time and amount and exchanges (local time, final_old, initial_new)."""
    changes = [MeterExchange(at(time, zone), *map(Decimal, amounts)) for time, *amounts in exchanges]
    return Series.of(readings(*pairs, zone=zone), changes, modulus, runs_backwards)
