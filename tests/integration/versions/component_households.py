"""Households to compare the backends on: made up by Hypothesis or inherited with every defect; how they are stored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.migration.sync.reconciliation import Selection
from chalicelib.domain.ports.values import NewReading, UserSettings
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.control import SYNC_MODE, sync_document
from chalicelib.repositories.reconcile import reconcile
from tests.integration.versions.v1_goldens import configure, seed
from tests.integration.versions.v1_households import CONFIGURED, HOUSEHOLD
from tests.unit.domain.calculation.meters import Meter, meters, zones


class Household(NamedTuple):
    """What one user has entered."""

    meters: Mapping[EnergyType, Meter]
    zone: ZoneInfo


@st.composite
def households(draw: st.DrawFn) -> Household:
    """Both meters with resets, rollovers, exchanges, dips and gaps."""
    drawn = {energy_type: draw(meters()) for energy_type in EnergyType}
    return Household(drawn, draw(zones))


def store(ports: Ports, container: Container, user: str, household: Household, now: int) -> None:
    """Record a household as a user's, on both sides, and show it."""

    def work(transaction: WriteTransaction) -> None:
        transaction.settings.save(UserSettings(household.zone), now)
        for energy_type, meter in household.meters.items():
            transaction.meters.mark_changed(energy_type, 0, now, now)
            if readings := [NewReading(energy_type, *reading, "csv") for reading in meter.readings]:
                transaction.readings.add_many(readings, now)
            transaction.meters.configure(energy_type, _configuration(energy_type, meter))

    ports.transactions.run(user, work)
    for energy_type in EnergyType:
        container.calculation.refresh(user, energy_type)


def inherit(database: Database[Any], container: Container, now: int) -> tuple[str, str]:
    """Carry over what an old application left, doubles and damaged documents included; returns its users."""
    seed(database)
    database["control"].replace_one({"_id": SYNC_MODE}, sync_document(SyncMode.DUAL_WRITE, 0), upsert=True)
    configure(database)
    for user in (HOUSEHOLD, CONFIGURED):
        for energy_type in EnergyType:
            reconcile(database, user, energy_type, Selection(), now, 20.0)
            container.calculation.refresh(user, energy_type)
    return HOUSEHOLD, CONFIGURED


def _configuration(energy_type: EnergyType, meter: Meter) -> MeterConfiguration:
    exchanges = [Exchange(f"{n:024x}", energy_type, exchange) for n, exchange in enumerate(meter.exchanges)]
    modulus = None if meter.modulus is None else Decimal(meter.modulus)
    return MeterConfiguration(modulus, tuple(exchanges), meter.runs_backwards)
