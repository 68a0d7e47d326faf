"""The guards of meters with very many readings."""

from tests.guards.guard import Guard

SERIES = "tests/integration/refresh/test_compact_series.py::"

LARGE_METERS = (
    Guard(
        "no part of a series is larger than a document may be",
        "chalicelib/repositories/series.py",
        "READINGS_OF_A_DOCUMENT = 300_000",
        "READINGS_OF_A_DOCUMENT = 900_000",
        (f"{SERIES}test_a_year_of_very_many_readings_that_all_fall_fits_into_its_documents",),
    ),
)
