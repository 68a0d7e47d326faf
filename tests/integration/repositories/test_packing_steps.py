"""The steps of a packing, one by one: what the meter and its parts say after each, by literals."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import AccountErasedError
from chalicelib.domain.meters.packing import Packed, PackingMark
from chalicelib.domain.ports.values import WholeMeter
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories import packing, series, transactions
from chalicelib.repositories.fence import fence_id
from chalicelib.repositories.meters import MongoMeterRepository, published
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.integration.repositories.sent_commands import looks_at, sent_commands

POWER = EnergyType.POWER
METER = "alice|power"
FIRST, LAST = datetime(1899, 1, 1, tzinfo=UTC), datetime(3001, 1, 1, tzinfo=UTC)
AT_ONCE = 2
Document = dict[str, Any]


def day(year: int, month: int, ms: int = 0) -> datetime:
    return datetime(year, month, 1, 0, 0, 0, ms * 1000, tzinfo=UTC)


READ = [day(2020, 1), day(2020, 6), day(2021, 1), day(2022, 1), day(2022, 2)]


def meter_of(database: Database[Any]) -> Document:
    return database["meters"].find_one({"_id": METER}) or {}


def ranges_of(database: Database[Any]) -> list[tuple[datetime, datetime]]:
    return [(each["from"], each["to"]) for each in meter_of(database)["packing"]["ranges"]]


def stored_years(database: Database[Any]) -> dict[str, int]:
    """The parts by their ids, with how many readings each holds."""
    return {part["_id"]: len(part["instants"]) // 8 for part in database["meter_series"].find(sort=[("_id", 1)])}


@pytest.fixture
def pack(ports: Ports) -> Callable[[], Packed]:
    return lambda: ports.packing.pack("alice", POWER, AT_ONCE)


@pytest.fixture
def unpacked(migrated: Database[Any]) -> Database[Any]:
    """A meter with five readings of which nothing is displayed."""
    migrated["source_energy_readings"].insert_many(
        [
            {"_id": ObjectId(), "userId": "alice", "type": "power", "date": date, "amount": Decimal(number)}
            for number, date in enumerate(READ, 1)
        ]
    )
    versions = {"sourceVersion": 3, "displayVersion": 0}
    dirty = {"dirtyFrom": READ[0], "dirtyTo": READ[-1], "dirtySince": READ[-1]}
    migrated["meters"].insert_one({"_id": METER, "userId": "alice", "type": "power", **versions, **dirty, "sweep": 1})
    return migrated


@pytest.fixture
def displayed(container: Container, migrated: Database[Any]) -> Database[Any]:
    """A meter with six readings of three years, all displayed."""
    rows = [f"{year}-{month:02}-01T00:00Z,power,{year * 12 + month}" for year in (2021, 2022, 2023) for month in (1, 2)]
    container.imports.bulk_create("alice", "\n".join(["date,type,amount", *rows]).encode())
    assert container.calculation.refresh("alice", POWER)
    return migrated


def record(container: Container, date: str, amount: int) -> None:
    container.energy.create("alice", ReadingDraft(POWER, date, Decimal(amount), confirm=True))


def test_it_begins_with_nothing_packed_and_everything_left(pack: Callable[[], Packed], unpacked: Database[Any]) -> None:
    unpacked["meter_series"].insert_one({"_id": f"{METER}|1999", "userId": "alice", "type": "power"})
    assert pack() is Packed.MORE
    meter = meter_of(unpacked)
    assert meter["packing"].keys() == {"version", "step", "parts", "ranges"}
    assert (meter["packing"]["version"], meter["packing"]["parts"]) == (3, [])
    assert ranges_of(unpacked) == [(FIRST, LAST)]
    assert stored_years(unpacked) == {}, "what was there before is nobody's"
    assert "sweep" not in meter, "a meter that goes on is no failing one"


def test_each_step_takes_as_many_readings_as_it_may_and_goes_on_behind_them(
    pack: Callable[[], Packed], unpacked: Database[Any]
) -> None:
    pack()
    seen, steps = [], [meter_of(unpacked)["packing"]["step"]]
    for _ in range(4):
        outcome = pack()
        seen.append((outcome, ranges_of(unpacked), stored_years(unpacked)))
        steps.append(meter_of(unpacked)["packing"]["step"])
    of_2020, of_2022 = {f"{METER}|2020": 2}, {f"{METER}|2020": 2, f"{METER}|2021": 1, f"{METER}|2022": 1}
    done: tuple[Packed, list[Any], dict[str, int]] = (Packed.DONE, [], of_2022 | {f"{METER}|2022": 2})
    assert seen == [
        (Packed.MORE, [(day(2020, 6, 1), LAST)], of_2020),
        (Packed.MORE, [(day(2022, 1, 1), LAST)], of_2022),
        done,
        done,
    ]
    assert len(set(steps)) == 4, "each has another name, and where nothing is left there is none"
    parts = meter_of(unpacked)["packing"]["parts"]
    assert [(part["year"], len(part["digest"])) for part in parts] == [(2020, 16), (2021, 16), (2022, 16)]


def test_a_write_in_between_is_a_range_more_and_is_packed_too(
    pack: Callable[[], Packed], unpacked: Database[Any], container: Container
) -> None:
    pack()
    pack()
    before = meter_of(unpacked)["packing"]
    record(container, "2020-03-01T00:00Z", 2)
    packing = meter_of(unpacked)["packing"]
    assert packing == {
        **before,
        "version": 4,
        "ranges": [*before["ranges"], {"from": day(2020, 3), "to": day(2020, 3)}],
    }
    while pack() is Packed.MORE:
        pass
    assert stored_years(unpacked) == {f"{METER}|2020": 3, f"{METER}|2021": 1, f"{METER}|2022": 2}
    snapshot = container.queries.snapshot("alice", POWER, Backend.NEW)
    assert [point.instant for point in snapshot.readings] == sorted(map(to_ms, [*READ, day(2020, 3)]))


def test_a_snapshot_goes_by_the_parts_and_reads_what_is_left(
    pack: Callable[[], Packed], unpacked: Database[Any], container: Container
) -> None:
    pack()
    pack()
    step = meter_of(unpacked)["packing"]["step"]
    snapshot = container.queries.snapshot("alice", POWER, Backend.NEW)
    assert (snapshot.kept, snapshot.read) == (True, [(to_ms(day(2020, 6, 1)), to_ms(LAST))])
    assert snapshot.packing == PackingMark(step, 1)
    assert snapshot.digests.keys() == {2020}
    assert [point.instant for point in snapshot.readings] == [*map(to_ms, READ)]
    whole = container.queries.full_snapshot("alice", POWER, Backend.NEW)
    assert (whole.kept, whole.packing) == (False, PackingMark(step, None))


@pytest.mark.parametrize("known", [499, 500])
def test_a_packing_that_nobody_continues_ends_with_its_range_number_500(unpacked: Database[Any], known: int) -> None:
    ranges = [{"from": READ[0], "to": READ[1]}] * known
    said = {"version": 3, "step": "s", "parts": [], "ranges": ranges}
    unpacked["meters"].update_one({"_id": METER}, {"$set": {"packing": said}})
    MongoMeterRepository(unpacked, "alice", None).mark_changed(POWER, to_ms(READ[2]), to_ms(READ[3]), 1)
    left = meter_of(unpacked).get("packing")
    more = {**said, "version": 4, "ranges": [*ranges, {"from": READ[2], "to": READ[3]}]}
    assert left == (more if known == 499 else None)


def test_a_write_forgets_a_packing_that_missed_one_and_begins_none(unpacked: Database[Any]) -> None:
    mark = MongoMeterRepository(unpacked, "alice", None).mark_changed
    missed = {"version": 2, "step": "s", "parts": [], "ranges": []}
    unpacked["meters"].update_one({"_id": METER}, {"$set": {"packing": missed}})
    for _ in range(2):
        mark(POWER, to_ms(READ[2]), to_ms(READ[3]), 1)
        assert "packing" not in meter_of(unpacked)


def test_of_a_displayed_meter_only_what_was_written_since_is_left(
    pack: Callable[[], Packed], displayed: Database[Any], container: Container
) -> None:
    assert pack() is Packed.DONE
    assert "packing" not in meter_of(displayed), "everything is packed as it is displayed"
    parts = [*displayed["meter_series"].find(sort=[("_id", 1)])]
    record(container, "2022-03-01T00:00Z", 24_267)
    assert pack() is Packed.MORE
    assert ranges_of(displayed) == [(day(2022, 3), day(2022, 3))]
    assert [part["year"] for part in meter_of(displayed)["packing"]["parts"]] == [2021, 2022, 2023]
    assert [*displayed["meter_series"].find(sort=[("_id", 1)])] == parts, "they stay"
    assert pack() is Packed.DONE
    assert stored_years(displayed) == {f"{METER}|2021": 2, f"{METER}|2022": 3, f"{METER}|2023": 2}
    whole = container.queries.whole("alice", POWER, CALCULATION_VERSION)
    assert whole is not None
    assert whole.violations == (), "the parts are the packing's, not the display's, and that is no damage"


def test_a_range_that_ends_with_the_last_reading_of_a_step_is_over(
    pack: Callable[[], Packed], displayed: Database[Any], container: Container
) -> None:
    record(container, "2022-03-01T00:00Z", 24_267)
    record(container, "2022-04-01T00:00Z", 24_268)
    assert [pack(), pack(), ranges_of(displayed)] == [Packed.MORE, Packed.DONE, []]


def test_where_all_of_a_displayed_meter_changed_it_begins_from_nothing(
    pack: Callable[[], Packed], displayed: Database[Any]
) -> None:
    MongoMeterRepository(displayed, "alice", None).mark_changed(POWER, to_ms(FIRST), to_ms(LAST), 1)
    assert pack() is Packed.MORE
    assert (ranges_of(displayed), meter_of(displayed)["packing"]["parts"]) == ([(FIRST, LAST)], [])
    assert stored_years(displayed) == {}


@pytest.mark.parametrize(("first", "last"), [(FIRST, day(2022, 1)), (day(2022, 1), LAST)])
def test_where_it_changed_up_to_one_end_the_rest_is_packed_already(
    pack: Callable[[], Packed], displayed: Database[Any], first: datetime, last: datetime
) -> None:
    MongoMeterRepository(displayed, "alice", None).mark_changed(POWER, to_ms(first), to_ms(last), 1)
    assert pack() is Packed.MORE
    assert ranges_of(displayed) == [(first, last)]
    assert [part["year"] for part in meter_of(displayed)["packing"]["parts"]] == [2021, 2022, 2023]


@pytest.mark.parametrize("steps", [2, 4])
def test_it_is_given_up_where_a_part_is_not_what_it_says(
    pack: Callable[[], Packed], unpacked: Database[Any], steps: int
) -> None:
    for _ in range(steps):
        pack()
    unpacked["meter_series"].update_one({"_id": f"{METER}|2020"}, {"$set": {"decimals": 5}})
    last = meter_of(unpacked)["packing"]["ranges"]
    unpacked["meters"].update_one({"_id": METER}, {"$set": {"packing.ranges": last and [{"from": FIRST, "to": LAST}]}})
    assert pack() is Packed.MORE
    assert "packing" not in meter_of(unpacked)
    assert stored_years(unpacked)[f"{METER}|2020"] == 2, "nothing else is written"


@pytest.mark.parametrize("field", ["packing.step", "displayVersion"])
def test_a_step_that_somebody_else_was_faster_with_changes_nothing(
    pack: Callable[[], Packed], unpacked: Database[Any], monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    at_once = transactions.in_transaction

    def later(*work: Any) -> Any:
        unpacked["meters"].update_one({"_id": METER}, {"$set": {field: 1}})
        faster.append((meter_of(unpacked), stored_years(unpacked)))
        return at_once(*work)

    faster: list[object] = []
    if field == "packing.step":
        pack()
    monkeypatch.setattr(packing, "in_transaction", later)
    assert pack() is Packed.MORE
    assert faster == [(meter_of(unpacked), stored_years(unpacked))]


def test_of_whoever_is_erased_meanwhile_nothing_is_packed(
    pack: Callable[[], Packed], unpacked: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, before = transactions.in_transaction, meter_of(unpacked)

    def later(*work: Any) -> Any:
        unpacked["control"].insert_one({"_id": fence_id("alice"), "opensAt": LAST, "erasedAt": None})
        return at_once(*work)

    monkeypatch.setattr(packing, "in_transaction", later)
    with pytest.raises(AccountErasedError):
        pack()
    assert (meter_of(unpacked), stored_years(unpacked)) == (before, {})


@pytest.mark.parametrize("damage", [{"sourceVersion": "x"}, {"userId": "bob"}, {"dirtyFrom": day(2999, 1)}])
def test_a_damaged_meter_is_not_packed(pack: Callable[[], Packed], unpacked: Database[Any], damage: Document) -> None:
    unpacked["meters"].update_one({"_id": METER}, {"$set": damage})
    before = meter_of(unpacked)
    assert pack() is Packed.IMPOSSIBLE
    assert meter_of(unpacked) == before


def test_nor_is_one_with_more_readings_in_a_year_than_its_documents_hold(
    pack: Callable[[], Packed], unpacked: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "READINGS_OF_A_DOCUMENT", 1)
    monkeypatch.setattr(series, "DOCUMENTS_OF_A_YEAR", 1)
    assert pack() is Packed.MORE, "it has begun"
    before = meter_of(unpacked)
    assert pack() is Packed.IMPOSSIBLE
    assert (meter_of(unpacked), stored_years(unpacked)) == (before, {})


def test_nor_is_one_that_is_missing_or_shown_from_the_old_side(
    pack: Callable[[], Packed], unpacked: Database[Any]
) -> None:
    unpacked["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "old_only"}})
    assert pack() is Packed.IMPOSSIBLE
    unpacked["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "dual_write"}})
    unpacked["meters"].delete_one({"_id": METER})
    assert pack() is Packed.IMPOSSIBLE


@pytest.mark.parametrize(
    ("version", "ranges", "dirty"),
    [
        (5, 1, (day(2021, 1), day(2022, 6))),
        (5, 2, (day(2022, 1), day(2022, 3))),
        (5, None, (day(2019, 1), day(2023, 1))),
        (4, 1, (day(2019, 1), day(2023, 1))),
    ],
)
def test_behind_what_a_refresh_shows_of_a_packing_the_rest_of_its_ranges_is_dirty(
    unpacked: Database[Any], version: int, ranges: int | None, dirty: tuple[datetime, datetime]
) -> None:
    spans = [(day(2018, 1), day(2018, 2)), (day(2021, 1), day(2022, 6)), (day(2022, 1), day(2022, 3))]
    said = {"version": version, "step": "s", "parts": [], "ranges": [{"from": first, "to": to} for first, to in spans]}
    whole = {"sourceVersion": 5, "dirtyFrom": day(2019, 1), "dirtyTo": day(2023, 1), "packing": said}
    unpacked["meters"].update_one({"_id": METER}, {"$set": whole})
    unpacked["meters"].update_one({"_id": METER}, published(4, 2, 0, None, ranges))
    meter = meter_of(unpacked)
    assert ((meter["dirtyFrom"], meter["dirtyTo"]), "packing" in meter, "sweep" in meter) == (dirty, False, False)
    assert meter["displayVersion"] == 4


@pytest.mark.parametrize(("at_most", "is_enough"), [(5, True), (4, False)])
def test_a_snapshot_within_some_readings_has_as_many_and_no_more(
    container: Container, unpacked: Database[Any], at_most: int, is_enough: bool
) -> None:
    found = container.queries.snapshot_within("alice", POWER, at_most)
    assert (found is not None) is is_enough
    if found:
        assert len(found.readings) == 5


@pytest.mark.parametrize(("at_most", "limits", "is_enough"), [(5, [6, 4], True), (4, [5, 3], False)])
def test_so_have_all_ranges_of_a_packing_together(
    unpacked: Database[Any], mongodb_uri: str, at_most: int, limits: list[int], is_enough: bool
) -> None:
    ranges = [{"from": READ[0], "to": READ[1]}, {"from": READ[2], "to": READ[4]}]
    said = {"version": 3, "step": "s", "parts": [], "ranges": ranges}
    unpacked["meters"].update_one({"_id": METER}, {"$set": {"packing": said}})
    with sent_commands(mongodb_uri, unpacked.name) as (database, sent):
        found = MongoReadingQueries(database, 20).snapshot_within("alice", POWER, at_most)
    assert (found is not None) is is_enough
    assert [look["limit"] for look in looks_at(sent, "source_energy_readings")] == limits


@pytest.mark.parametrize(("at_once", "is_large"), [(6, False), (5, True)])
def test_a_meter_is_large_where_it_has_more_readings_than_are_read_at_once(
    container: Container, displayed: Database[Any], at_once: int, is_large: bool
) -> None:
    whole = container.queries.whole("alice", POWER, CALCULATION_VERSION, at_once)
    assert whole is not None
    assert (whole.is_large, len(whole.snapshot.readings), whole.violations) == (is_large, 6, ())


def test_what_claims_to_be_a_view_of_a_meter_is_looked_at_too(container: Container, displayed: Database[Any]) -> None:
    def whole() -> WholeMeter:
        found = container.queries.whole("alice", POWER, CALCULATION_VERSION)
        assert found is not None
        return found

    assert [view.data_type for view in whole().displayed] == ["histogram", "monthly", "monthly", "monthly", "summary"]
    displayed["display_energy_data"].insert_one({"_id": "garbled", "userId": "alice", "type": "power"})
    assert {broken.document for broken in whole().violations} == {"garbled"}
    assert list(whole().displayed) == []


@pytest.mark.parametrize("change", [{}, {"packing": {}}, {"dirty": 1}, {"packing": {}, "dirty": 1}], ids=str)
def test_parts_that_are_not_what_the_meter_says_are_damage_but_while_a_packing_makes_them(
    container: Container, displayed: Database[Any], change: Document
) -> None:
    displayed["meter_series"].update_one({"_id": f"{METER}|2022"}, {"$set": {"decimals": 5}})
    if change.pop("dirty", 0):
        MongoMeterRepository(displayed, "alice", None).mark_changed(POWER, to_ms(day(2022, 1)), to_ms(day(2022, 2)), 1)
    if change:
        displayed["meters"].update_one({"_id": METER}, {"$set": change})
    whole = container.queries.whole("alice", POWER, CALCULATION_VERSION)
    assert whole is not None
    is_fine = {"packing", "dirtyFrom"} <= meter_of(displayed).keys()
    assert bool(whole.violations) is not is_fine
