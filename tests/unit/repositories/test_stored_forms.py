"""Forms that are stored already stay as they are: another one would make everything that is kept look damaged."""

from array import array

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.series import mark_of

DAY_MS, YEAR_MS = 86_400_000, 31_556_952_000


def of_year(year: int) -> CompactReadings:
    began = (year - 1970) * YEAR_MS
    instants = array("q", [began + DAY_MS, began + 2 * DAY_MS])
    return CompactReadings(instants, array("q", [1000 * year, 1000 * year - 5]), 2, [1])


def test_the_digests_of_a_series_are_those_that_meters_note() -> None:
    changed, before = {2023: of_year(2023), 2024: of_year(2024)}, {2022: b"x" * 16, 2024: b"y" * 16}
    mark = mark_of("alice", EnergyType.POWER, SeriesUpdate([(2023, 2024)], changed, 6, before))
    assert (mark["count"], mark["digest"].hex()) == (6, "2031a7879baade666428ad74311b68fa")
    assert mark["parts"].hex() == (
        "e607" + b"x".hex() * 16 + "e7079733ef6661930f18b0f2d27f5f2d4d35e807fb5580fb3dcd31b25eb69372c76b4141"
    )
