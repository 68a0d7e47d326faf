"""The guards of what is read without the readings."""

from tests.guards.guard import Guard

DISPLAY = "chalicelib/services/display/display.py"
YEARS = "tests/integration/refresh/test_years_not_stored.py::"

READS = (
    Guard(
        "a year is known to be empty only where the display shows every write",
        DISPLAY,
        "extent is not None and not state.stale and",
        "extent is not None and",
        (f"{YEARS}test_what_the_display_does_not_show_yet_is_in_a_year_all_the_same",),
    ),
    Guard(
        "a year is known to be empty only where the display's side is read",
        DISPLAY,
        "extent.leaves_empty(year) and self._reads_own_side():",
        "extent.leaves_empty(year):",
        (f"{YEARS}test_where_the_old_side_is_read_its_readings_decide",),
    ),
    Guard(
        "exchanges reach into years too",
        "chalicelib/repositories/display.py",
        "Extent.of([*readings, *(exchange.instant for exchange in exchanges)])",
        "Extent.of(readings)",
        (f"{YEARS}test_an_exchange_beyond_the_readings_is_a_point_too",),
    ),
    Guard(
        "a year is known to be empty only where nothing that every refresh writes is newer than its meter",
        "chalicelib/repositories/display.py",
        "for kind in ALWAYS_WRITTEN]\n",
        'for kind in ("histogram",) * 2]\n',
        (f"{YEARS}test_a_meter_from_a_backup_says_nothing_of_its_years[summary]",),
    ),
    Guard(
        "an extrapolation reaches beyond the points",
        "chalicelib/domain/calculation/extent.py",
        "HORIZON_MS + ZONES_MS",
        "ZONES_MS",
        (
            "tests/unit/domain/calculation/test_extent.py::test_a_year_that_an_extrapolation_may_reach_is_not_empty[2020-05-01-2020-09-30-empty1]",
        ),
    ),
)
