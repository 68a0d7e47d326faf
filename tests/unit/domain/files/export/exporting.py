"""Readings to export, made by hand or by hypothesis, and the one place that reads a CSV export back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from chalicelib.domain.files.csv.rows import ParsedCsv, parse_csv
from chalicelib.domain.files.export.page import ExportPage
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.ports.values import StoredReading
from chalicelib.domain.readings import END_READABLE, FIRST_READABLE, EnergyType, MeterExchange, to_ms
from tests.unit.domain.calculation.building import BERLIN

NOW = 1_700_000_000_000
POWER, GAS = EnergyType.POWER, EnergyType.GAS
# As far east and west as clocks go, half and quarter hours, midnights that are skipped, and zones whose local time had
# offsets with seconds until 1937 and 1972.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "UTC",
        "Pacific/Kiritimati",
        "Pacific/Apia",
        "Pacific/Pago_Pago",
        "America/St_Johns",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Europe/Amsterdam",
        "Africa/Monrovia",
    )
]
MINUTE = 60_000
zones = st.sampled_from(ZONES)
types = st.sampled_from(EnergyType)
# Every instant that is kept but the first and the last minute: no offset brings them into a year that can be read.
instants = st.integers(to_ms(FIRST_READABLE) + MINUTE, to_ms(END_READABLE) - MINUTE - 1) | st.integers(0, NOW)
amounts = st.builds(
    lambda digits, decimals: Decimal(digits).scaleb(-decimals), st.integers(0, 10**15 - 1), st.integers(0, 6)
).filter(lambda amount: amount < 10**12) | st.builds(
    lambda thousandths: Decimal(thousandths).scaleb(-3), st.integers(0, 9_999_999)
)


def reading(instant: int, amount: Decimal | str = "1000", kind: EnergyType = POWER) -> StoredReading:
    """A stored reading of which only what is exported matters."""
    return StoredReading(f"{instant}", kind, instant, Decimal(amount), "csv", 1, NOW, NOW)


stored_readings = st.lists(st.builds(reading, instants, amounts, types), max_size=8)


def page(
    readings: Sequence[StoredReading] = (),
    zone: ZoneInfo = BERLIN,
    meters: Mapping[EnergyType, MeterConfiguration] | None = None,
) -> ExportPage:
    """A page of an export."""
    return ExportPage(NOW, zone, readings, meters, None)


def meter(
    modulus: Decimal | None, points: Sequence[MeterExchange] = (), *, backwards: bool = False
) -> MeterConfiguration:
    """A meter's configuration."""
    return MeterConfiguration(modulus, tuple(Exchange("x", POWER, point) for point in points), backwards)


def read_csv(text: str, zone: ZoneInfo) -> ParsedCsv:
    """A CSV export as an import reads it, without anything said about it."""
    return parse_csv(text.encode(), zone)
