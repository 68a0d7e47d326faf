"""What was looked up before a write answers only what it was looked up for."""

from decimal import Decimal

import pytest

from chalicelib.domain.readings import EnergyType, Reading, to_datetime
from chalicelib.repositories.prefetch import NOTHING, Prefetched

POWER, GAS = EnergyType.POWER, EnergyType.GAS
AT = 1_700_000_000_000
STORED = {"date": to_datetime(AT), "amount": Decimal("5.250")}
LOOKED = Prefetched({"before": [STORED], "after": []}, (POWER, AT))


def test_at_its_own_instant_it_says_what_is_there_and_what_is_next() -> None:
    assert LOOKED.taken(POWER, AT) is True
    assert LOOKED.nearest(POWER, AT, "before") == []
    assert LOOKED.nearest(POWER, AT, "after") == []
    later = Prefetched({"before": [STORED], "after": []}, (POWER, AT + 1))
    assert later.taken(POWER, AT + 1) is False
    assert later.nearest(POWER, AT + 1, "before") == [Reading(AT, Decimal("5.250"))]


@pytest.mark.parametrize("asked", [(GAS, AT), (POWER, AT + 1), (POWER, AT - 1)])
def test_of_another_meter_or_instant_it_says_nothing(asked: tuple[EnergyType, int]) -> None:
    assert LOOKED.taken(*asked) is None
    assert LOOKED.nearest(*asked, "before") is None
    assert LOOKED.nearest(*asked, "after") is None


def test_where_nothing_was_looked_up_it_says_nothing() -> None:
    assert NOTHING.taken(POWER, AT) is None
    assert NOTHING.reading("0123") is None
    assert NOTHING.settings is None
