"""Where clocks skip midnight, or a whole day, a day begins at the instant at which they do."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calculation.monthly import monthly_entries
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import Reading, parse_instant, to_ms


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        ("America/Havana", "2012-03-31T12:00-05:00", 3),
        ("America/Havana", "2012-03-31T23:30-05:00", 3),
        ("America/St_Johns", "2010-10-31T23:30-02:30", 10),
    ],
)
def test_a_reading_in_the_last_hours_before_the_jump_counts_for_the_month_end(
    zone: str, moment: str, month: int
) -> None:
    instant = datetime.fromisoformat(moment)
    series = Series.of([Reading(to_ms(instant), Decimal(100))])
    entry = monthly_entries(series, instant.year, ZoneInfo(zone))[month - 1]
    assert (entry.quality, entry.meter_reading) == ("measured", Decimal("100.000"))


@pytest.mark.parametrize(
    ("zone", "day", "month"),
    [
        ("Asia/Beirut", "2024-03-31", 3),  # this midnight is skipped
        ("Pacific/Apia", "2011-12-30", 12),  # and so is this day: it began when the 31st did
        ("America/Havana", "2012-04-01", 3),
    ],
)
def test_a_date_whose_midnight_is_skipped_stands_for_the_month_end_all_the_same(
    zone: str, day: str, month: int
) -> None:
    clock = ZoneInfo(zone)
    instant = parse_instant(day, clock)
    year = int(day[:4])
    measured = monthly_entries(Series.of([Reading(instant, Decimal(100))]), year, clock)[month - 1]
    just_before = monthly_entries(Series.of([Reading(instant - 1, Decimal(100))]), year, clock)[month - 1]
    assert measured.quality == "measured"
    assert just_before.quality == ("measured" if zone == "America/Havana" else "none")
