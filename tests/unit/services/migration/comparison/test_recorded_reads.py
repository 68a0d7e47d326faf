"""How a read is recorded to be asked again, of the other backend or later."""

from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.readings import EnergyType
from chalicelib.services.components.component_reads import (
    ComponentRead,
    ShowDashboard,
    ShowForm,
    ShowMonths,
    ShowNewForm,
    ShowTable,
    ShowTimeline,
    read_of,
)

POWER, GAS = EnergyType.POWER, EnergyType.GAS


@pytest.mark.parametrize(
    ("read", "parameters"),
    [
        (ShowDashboard(consistent=True), {"consistent": True}),
        (ShowMonths(type=GAS, year=2023), {"type": "gas", "year": 2023, "consistent": False}),
        (
            ShowTimeline(type=GAS, first=1, last=2, buckets=3),
            {"type": "gas", "first": 1, "last": 2, "buckets": 3, "consistent": False},
        ),
        (
            ShowTable(type=GAS, after=(5, "r5")),
            {"type": "gas", "first": None, "last": None, "descending": False, "limit": 50, "after": [5, "r5"]},
        ),
        (ShowForm(reading_id="r7"), {"reading_id": "r7"}),
        (ShowNewForm(type=POWER), {"type": "power"}),
    ],
)
def test_a_read_is_recorded_and_made_again(read: ComponentRead, parameters: dict[str, Any]) -> None:
    assert read.parameters() == parameters
    assert read_of(read.component, parameters) == read
    with pytest.raises(ValueError, match="extra_forbidden"):
        read_of(read.component, {**parameters, "another": 1})


def test_a_component_that_only_writes_has_no_read() -> None:
    with pytest.raises(KeyError):
        read_of(Component.CSV_IMPORT, {})
