"""Fields of a meter's document besides its versions."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.meters import configuration_of

EXCHANGE = {"id": "x", "date": datetime(2023, 2, 15, tzinfo=UTC), "finalOld": Decimal(5), "initialNew": Decimal(0)}


@pytest.mark.parametrize(
    ("stored", "revision"), [({}, 1), ({"revision": 1}, 1), ({"revision": 7}, 7), ({"revision": "7"}, 1)]
)
def test_an_exchange_of_before_is_of_revision_1(stored: dict[str, Any], revision: int) -> None:
    meter = {"_id": "user|power", "exchanges": [EXCHANGE | stored]}
    [exchange] = configuration_of(meter, EnergyType.POWER).exchanges
    assert exchange.revision == revision
