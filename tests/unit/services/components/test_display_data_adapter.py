"""Months as old readings: true year, true month end, and nothing of the moment at which they are asked for."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.readings import EnergyType, day_start, to_ms
from chalicelib.services.components.display_data_adapter import DisplayDataAdapter
from tests.unit.domain.calculation.meters import zones

MONTHS = st.lists(st.none() | st.decimals(0, 10**6, places=3), min_size=12, max_size=12)


def view(year: int, amounts: list[Decimal | None]) -> dict[str, Any]:
    return {"year": year, "months": [{"month": n, "meterReading": known} for n, known in enumerate(amounts, start=1)]}


def adapted(year: int, amounts: list[Decimal | None], zone: ZoneInfo) -> list[dict[str, Any]]:
    return DisplayDataAdapter.to_energy_type_array(view(year, amounts), EnergyType.GAS, "alice", zone)


@given(st.integers(1970, 2200), MONTHS, zones)
def test_each_known_month_is_one_reading_at_its_end_in_the_users_zone(
    year: int, amounts: list[Decimal | None], zone: ZoneInfo
) -> None:
    energies = adapted(year, amounts, zone)
    assert [energy["amount"] for energy in energies] == [known for known in amounts if known is not None]
    for energy in energies:
        local = energy["date"].astimezone(zone)
        assert energy["_id"] == f"gas-{local.year}-{local.month:02}"
        assert local.year == year
        following = local.date() + timedelta(days=1)
        assert following.day == 1
        assert to_ms(energy["date"]) + 1 == day_start(following, zone)
        assert energy["createdAt"] == energy["updatedAt"] == energy["date"]


@pytest.mark.parametrize(("year", "day"), [(2023, 28), (2024, 29), (2100, 28)])
def test_february_ends_when_it_does(year: int, day: int) -> None:
    [energy] = adapted(year, [None, Decimal(5), *[None] * 10], ZoneInfo("UTC"))
    assert energy["date"].isoformat() == f"{year}-02-{day}T23:59:59.999000+00:00"
    assert (energy["userId"], energy["type"]) == ("alice", "gas")
