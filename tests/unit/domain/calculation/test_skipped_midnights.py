"""Where clocks skip midnight, or a whole day, the hour before belongs to the day before."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import Reading, to_ms


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        ("Asia/Beirut", "2024-03-30T23:30+02:00", 3),
        ("America/Sao_Paulo", "2018-11-03T23:30-03:00", 10),
        ("Africa/Cairo", "2023-04-27T23:30+02:00", 4),
        ("America/Havana", "2012-03-31T23:30-05:00", 3),
        ("Pacific/Apia", "2011-12-29T12:00-10:00", 12),
        ("America/St_Johns", "2010-10-31T23:30-02:30", 10),
    ],
)
def test_a_reading_in_the_last_hour_before_the_jump_counts_for_the_month_end(
    zone: str, moment: str, month: int
) -> None:
    instant = datetime.fromisoformat(moment)
    series = Series.of([Reading(to_ms(instant), Decimal(100))])
    entry = monthly_entries(series, instant.year, ZoneInfo(zone))[month - 1]
    assert (entry.quality, entry.meter_reading) == ("measured", Decimal("100.000"))
