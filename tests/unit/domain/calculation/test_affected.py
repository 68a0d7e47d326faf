"""Recalculating what a change touches leaves the same documents as recalculating everything."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calculation.affected import affected_years
from chalicelib.domain.calculation.monthly import MonthlyEntry, monthly_entries, stored_years
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.readings import DAY_MS, MeterExchange, Reading
from tests.unit.domain.calculation.building import BERLIN, at, series
from tests.unit.domain.calculation.changes import change
from tests.unit.domain.calculation.meters import Meter, examples, meters
from tests.unit.domain.calculation.meters import zones as all_zones

Documents = dict[int, list[MonthlyEntry]]


def everything(counter: Series, zone: ZoneInfo) -> Documents:
    return {year: monthly_entries(counter, year, zone) for year in stored_years(counter, zone)}


def refreshed(documents: Documents, counter: Series, changed: list[int], zone: ZoneInfo) -> Documents:
    """What a refresh leaves: affected years calculated again, years no longer stored gone, the rest untouched."""
    years = affected_years(counter, min(changed), max(changed), zone)
    stored = stored_years(counter, zone)
    kept = {year: document for year, document in documents.items() if year not in years}
    return kept | {year: monthly_entries(counter, year, zone) for year in years if year in stored}


@examples
@given(meters(max_readings=9), st.data(), all_zones)
def test_recalculating_the_affected_years_equals_recalculating_all(
    meter: Meter, data: st.DataObject, zone: ZoneInfo
) -> None:
    documents = everything(meter.series(), zone)
    for changes_at_once in data.draw(st.lists(st.integers(1, 2), min_size=1, max_size=3)):
        changed: list[int] = []
        for _ in range(changes_at_once):
            meter, instants = change(meter, data)
            changed += instants
        counter = meter.series()
        documents = refreshed(documents, counter, changed, zone)
        assert documents == everything(counter, zone)


TEN_YEARS = series(
    *(
        (f"{year}-{month:02}-15", (year - 2010) * 1200 + month * 100)
        for year in range(2010, 2020)
        for month in range(1, 13)
    )
)


def years(changed_from: str, changed_to: str | None = None, counter: Series = TEN_YEARS) -> list[int]:
    return sorted(affected_years(counter, at(changed_from), at(changed_to or changed_from), BERLIN))


def test_a_change_within_a_year_touches_that_year() -> None:
    assert years("2014-06-20") == [2014]


def test_a_change_touches_the_next_year_through_the_boundary_in_december() -> None:
    assert years("2014-12-20") == [2014, 2015]


def test_a_change_in_late_november_stops_at_the_reading_before_december_ends() -> None:
    assert years("2014-11-20", counter=TEN_YEARS) == [2014]


def test_a_change_in_january_touches_the_year_before_through_its_december() -> None:
    assert years("2014-01-10") == [2013, 2014]


def test_a_change_at_the_head_reaches_back_over_the_horizon() -> None:
    assert years("2010-01-15") == [2009, 2010]


def test_a_change_at_the_tail_reaches_forward_over_the_horizon() -> None:
    assert years("2019-12-15") == [2019, 2020]


def test_a_change_at_the_slope_partner_is_a_change_at_the_tail() -> None:
    assert years("2019-11-15") == [2019, 2020]
    assert years("2019-11-14") == [2019]


def test_a_range_touches_every_year_within() -> None:
    assert years("2012-06-10", "2015-06-10") == [2012, 2013, 2014, 2015]


def test_a_meter_that_lost_its_last_reading_has_the_years_of_the_horizon_around_it_touched() -> None:
    assert years("2014-06-20", counter=series()) == [2014]
    assert years("2014-11-20", counter=series()) == [2014, 2015]
    assert years("2014-02-20", counter=series()) == [2013, 2014]


def test_a_slope_of_less_than_four_weeks_changes_with_both_ends_of_the_series() -> None:
    short = series(("2014-12-03", 1), ("2014-12-10", 2), ("2014-12-20", 3))
    assert years("2014-12-03", counter=short) == years("2014-12-20", counter=short) == [2014, 2015]
    assert years("2014-12-10", counter=short) == [2014, 2015]


def test_a_gap_is_touched_up_to_the_readings_around_it() -> None:
    sparse = series(
        ("2010-01-15", 0), ("2010-03-15", 1), ("2013-05-01", 2), ("2017-05-01", 3), ("2017-07-01", 4), ("2018-07-01", 5)
    )
    assert years("2014-08-01", counter=sparse) == [2013, 2014, 2015, 2016, 2017]


def daily(first: str, days: int) -> Series:
    return Series.of([Reading(at(first) + day * DAY_MS, Decimal(day)) for day in range(days)])


def test_the_window_is_two_days() -> None:
    dense = daily("2010-01-01", 1500)
    assert (years("2012-01-03", counter=dense), years("2012-01-04", counter=dense)) == ([2011, 2012], [2012])
    # The end of December, midnight of 1 January, is where January's consumption in the next year begins.
    assert (years("2011-12-29", counter=dense), years("2011-12-30", counter=dense)) == ([2011], [2011, 2012])


def test_a_neighbour_at_midnight_of_new_year_touches_december() -> None:
    counter = series(*((f"{year}-{month:02}-01", year) for year in range(2010, 2016) for month in range(1, 13)))
    assert years("2013-01-20", counter=counter) == [2012, 2013]
    assert years("2013-02-20", counter=counter) == [2013]


def test_a_change_at_the_backward_slope_partner_is_a_change_at_the_head() -> None:
    assert years("2010-02-15") == [2009, 2010]
    assert years("2010-02-16") == [2010]


def test_years_are_those_of_the_users_zone() -> None:
    los_angeles = ZoneInfo("America/Los_Angeles")
    new_year = at("2012-01-01", los_angeles)
    before, after = (
        Series.of([Reading(new_year + offset * DAY_MS, Decimal(1)) for offset in (-900, -890, 0, 80, 81, 900, 910)]),
        Series.of([Reading(new_year + offset * DAY_MS, Decimal(1)) for offset in (-900, -890, -60, 0, 900, 910)]),
    )
    assert affected_years(before, new_year + 20 * DAY_MS, new_year + 20 * DAY_MS, los_angeles) == {2011, 2012}
    assert affected_years(after, new_year - 40 * DAY_MS, new_year - 40 * DAY_MS, los_angeles) == {2011, 2012}
    one_hour_late = Series.of(
        [Reading(new_year - 3_600_000 + offset * DAY_MS, Decimal(1)) for offset in (-900, -890, -60, -32, 900, 910)]
    )
    change = new_year - 50 * DAY_MS
    assert affected_years(one_hour_late, change, change, los_angeles) == {2011}


def test_a_meter_with_nothing_but_exchanges_has_neighbours_too() -> None:
    counter = series(exchanges=[("2012-06-01", "5"), ("2013-06-01", "6"), ("2014-06-01", "7"), ("2014-07-01", "8")])
    assert years("2013-07-10", counter=counter) == [2013, 2014]


def test_readings_beyond_an_exchange_count_as_neighbours_for_the_years_that_are_stored() -> None:
    exchange = [MeterExchange(at("2012-06-01"), Decimal(5))]
    old = Series.of([Reading(at("2010-05-01"), Decimal(1)), Reading(at("2010-05-03"), Decimal(2))], exchange)
    new = Series.of(
        [
            Reading(at("2010-05-01"), Decimal(1)),
            Reading(at("2010-05-03"), Decimal(2)),
            Reading(at("2014-05-01"), Decimal(3)),
        ],
        exchange,
    )
    documents = refreshed(everything(old, BERLIN), new, [at("2014-05-01")], BERLIN)
    assert documents == everything(new, BERLIN)
    assert sorted(documents) == [2010, 2011, 2012, 2013, 2014]


def test_the_range_ends_count_to_the_millisecond() -> None:
    boundary = at("2015-01-01")
    dense = Series.of([Reading(boundary + day * DAY_MS, Decimal(day + 400)) for day in range(-400, 400)])
    assert 2013 not in affected_years(dense, at("2014-01-03") + 1, at("2014-01-03") + 1, BERLIN)
    assert 2013 in affected_years(dense, at("2014-01-03"), at("2014-01-03"), BERLIN)
