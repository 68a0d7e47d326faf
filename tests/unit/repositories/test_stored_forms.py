"""Forms that are stored already stay as they are: another one would make everything that is kept look damaged."""

from array import array
from typing import Any, cast

from pymongo import ReplaceOne

from chalicelib.domain.meters.display_documents import SeriesUpdate
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.damages import FIELDS
from chalicelib.repositories.packing_marks import Packing, packing_of
from chalicelib.repositories.people import under_ids_of
from chalicelib.repositories.series import digests_after, is_kept, mark_of, replace, within

DAY_MS, YEAR_MS = 86_400_000, 31_556_952_000


def of_year(year: int) -> CompactReadings:
    began = (year - 1970) * YEAR_MS
    instants = array("q", [began + DAY_MS, began + 2 * DAY_MS])
    return CompactReadings(instants, array("q", [1000 * year, 1000 * year - 5]), 2, [1])


class Parts:
    """The stored parts of a meter."""

    def __init__(self) -> None:
        self.documents: list[Any] = []

    def bulk_write(self, requests: list[Any]) -> None:
        self.documents = [request._doc for request in requests if isinstance(request, ReplaceOne)]

    def find(self, *_: Any, **__: Any) -> list[Any]:
        return self.documents


def test_a_part_is_read_by_the_digest_that_its_meter_notes() -> None:
    update = SeriesUpdate([(2023, 2023)], {2023: of_year(2023)}, 2)
    parts, noted = cast(Any, Parts()), mark_of("alice", EnergyType.POWER, update)["parts"]
    replace(parts, "alice", EnergyType.POWER, update)
    first, last = of_year(2023).instants

    def read(parts_noted: object) -> CompactReadings | None:
        return within(parts, {"_id": "alice|power", "series": {"parts": parts_noted}}, first, last)

    assert read(noted) == of_year(2023)
    assert [read(other) for other in (None, "text", noted[:-1], noted[:-1] + b"?")] == [None] * 4


def test_a_packing_is_believed_while_it_knows_of_every_write() -> None:
    said = {
        "version": 7,
        "step": "s1",
        "parts": [{"year": 2023, "digest": b"d"}],
        "ranges": [{"from": to_datetime(1), "to": to_datetime(2)}],
    }
    assert packing_of({"sourceVersion": 7, "packing": said}) == Packing("s1", {2023: b"d"}, [(1, 2)])
    others: list[object] = [None, "text", {**said, "version": 6}, {**said, "parts": 1}, {**said, "ranges": [{}]}]
    assert [packing_of({"sourceVersion": 7, "packing": other}) for other in others] == [None] * len(others)


def test_a_series_is_kept_where_it_is_of_what_is_displayed_and_has_a_digest() -> None:
    kept = {"version": 7, "digest": b"d"}
    assert is_kept({"displayVersion": 7, "series": kept})
    others: list[object] = [None, "text", {**kept, "version": 6}, {**kept, "digest": "text"}, {"version": 7}]
    assert not any(is_kept({"displayVersion": 7, "series": other}) for other in others)


def test_a_persons_ids_are_their_own_and_all_that_begin_with_it_and_a_bar() -> None:
    of_their_own = {"_id": {"$gte": "alice|", "$lt": "alice}"}}
    assert under_ids_of("alice") == {"$or": [{"_id": "alice"}, of_their_own]}
    assert chr(ord("|") + 1) == "}", "every id that begins with the bar lies between them"


SOUND = """
meters userId type sourceVersion displayVersion dirtySince? dirtyFrom? dirtyTo? exchanges? series? packing? compared? \
sweep?
display_energy_data userId type dataType data sourceVersion calculationVersion calculatedAt text? seal?
meter_series userId type year instants amounts decimals falls
user_settings zone?
"""


def test_these_fields_are_looked_at_for_damages() -> None:
    assert [" ".join([name, *fields]) for name, fields in FIELDS.items()] == SOUND.strip().splitlines()


def test_the_digests_of_a_series_are_those_that_meters_note() -> None:
    changed, before = {2023: of_year(2023), 2024: of_year(2024)}, {2022: b"x" * 16, 2024: b"y" * 16}
    mark = mark_of("alice", EnergyType.POWER, SeriesUpdate([(2023, 2024)], changed, 6, before))
    assert (mark["count"], mark["digest"].hex()) == (6, "2031a7879baade666428ad74311b68fa")
    assert mark["parts"].hex() == (
        "e607" + b"x".hex() * 16 + "e7079733ef6661930f18b0f2d27f5f2d4d35e807fb5580fb3dcd31b25eb69372c76b4141"
    )


def test_the_years_beside_those_that_changed_keep_their_digests() -> None:
    before = {year: bytes([year - 2000]) * 16 for year in (2021, 2022, 2023, 2024, 2025, 2026)}
    update = SeriesUpdate([(2023, 2024)], {2023: of_year(2023)}, 6, before)
    after = digests_after("alice", EnergyType.POWER, update)
    assert {year: digest[:1] for year, digest in after.items() if year != 2023} == {
        year: bytes([year - 2000]) for year in (2021, 2022, 2025, 2026)
    }
    assert (after[2023] == before[2023], len(after[2023])) == (False, 16)
