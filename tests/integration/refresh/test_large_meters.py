"""A meter with more readings than one call may read: it is refreshed in steps, whatever happens between them."""

from decimal import Decimal
from typing import Any, cast

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database
from typing_extensions import override

from chalicelib.bootstrap.container import REQUEST_SECONDS, Container, Ports, now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import ImplausibleReadingError
from chalicelib.domain.events.contracts import MeterRefreshRequested
from chalicelib.domain.meters.packing import Packed
from chalicelib.domain.readings import DAY_MS, EnergyType, to_datetime, to_ms
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.packing import MongoSeriesPacking
from chalicelib.services.recording.configuration import Register
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh.refresh import DisplayDataCalculationService, Steps, documents_of
from chalicelib.services.refresh.sweeper import SweeperService
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.refresh.large import (
    CALLS,
    DAYS,
    NOW,
    POWER,
    START,
    STEP,
    assert_same_as_at_once,
    at_once,
    calls_until_shown,
    checking,
    import_days,
    in_steps,
    meter_of,
    pack,
    record,
    somebody,
    stored,
)
from tests.integration.refresh.shown import assert_shown

pytestmark = pytest.mark.long


@pytest.fixture
def user(container: Container) -> str:
    return somebody(container)


def test_it_takes_several_calls_and_shows_what_one_would_whatever_is_written_between_them(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    def write(call: int) -> None:
        if call in (3, 5):  # behind what is packed already, and before it
            record(container, user, call)
            record(container, user, DAYS + call)

    assert calls_until_shown(ports, user, write) >= CALLS
    assert "packing" not in meter_of(migrated, user)
    assert_same_as_at_once(ports, container, migrated, user)


def test_it_ends_although_somebody_writes_at_both_ends_after_each_step(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    def write(call: int) -> None:
        record(container, user, call)
        record(container, user, DAYS + call)

    assert calls_until_shown(ports, user, write) <= CALLS + 2
    assert_same_as_at_once(ports, container, migrated, user)


def test_each_step_asks_for_the_next_one(ports: Ports, user: str) -> None:
    assert not in_steps(ports).refresh(user, POWER)
    [*_, asked] = cast(FakePublisher, ports.publisher).events
    assert isinstance(asked, MeterRefreshRequested)
    assert (asked.user_id, asked.meter.type, asked.meter.source_version) == (user, POWER, 1)


def test_without_a_limit_of_time_one_call_takes_all_steps(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    whole = Steps(ports.packing, STEP)
    assert DisplayDataCalculationService(ports.display, ports.queries, lambda: NOW, steps=whole).refresh(user, POWER)
    assert_same_as_at_once(ports, container, migrated, user)


def test_what_is_written_while_the_last_step_publishes_is_all_that_is_left(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    def writing(*read: Any) -> Any:
        record(container, user, DAYS + 1)
        return documents_of(*read)

    pack(ports, user)
    assert in_steps(ports, documents=writing).refresh(user, POWER)
    meter = meter_of(migrated, user)
    written = START + (DAYS + 1) * DAY_MS + 1000
    assert [to_ms(meter[end]) for end in ("dirtyFrom", "dirtyTo")] == [written, written]
    assert in_steps(ports).refresh(user, POWER), "in one step"
    assert_same_as_at_once(ports, container, migrated, user)


def test_a_setting_of_a_large_meter_may_change_before_and_between_the_steps(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    def change(modulus: int) -> None:
        settings = container.configuration.settings(user)
        container.configuration.change(user, settings, {POWER: Register(Decimal(modulus))})

    assert at_once(ports).refresh(user, POWER)
    change(10_000)
    calls_until_shown(ports, user, lambda call: change(2000) if call == 4 else None)
    assert_same_as_at_once(ports, container, migrated, user)


def test_a_large_import_into_a_kept_series_reads_what_it_changes(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    assert at_once(ports).refresh(user, POWER)
    import_days(container, user, range(DAYS, DAYS + 4 * STEP))
    seen = []
    check = container.operations.rebuild.check
    assert calls_until_shown(ports, user, lambda _: seen.append(check(user).findings)) <= 6
    assert set(seen) == {()}, "its series is another one by now, and nobody believes it"
    assert_same_as_at_once(ports, container, migrated, user)


def test_a_meter_under_way_is_no_finding_and_whoever_must_see_every_write_does(
    ports: Ports, container: Container, user: str
) -> None:
    def look(call: int) -> None:
        record(container, user, DAYS + call)
        seen = container.operations.rebuild.check(user)
        assert (seen.differences, seen.lagging, seen.findings) == (0, 1, ())
        kept, read = (
            snapshot(user, POWER, Backend.NEW) for snapshot in (ports.queries.snapshot, ports.queries.full_snapshot)
        )
        assert kept.readings == read.readings

    assert calls_until_shown(ports, user, look) >= CALLS


def test_a_meter_under_way_is_no_failing_one_and_the_sweeper_goes_on_with_it(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    sweeper = SweeperService(ports.lagging, ports.queries, in_steps(ports), container.clock)
    runs = 0
    while meter_of(migrated, user).get("displayVersion") == 0:
        assert runs < 3 * CALLS
        assert sweeper.run_at_once(60).failing == 0
        assert "sweep" not in meter_of(migrated, user)
        runs += 1
    assert runs >= CALLS
    assert_same_as_at_once(ports, container, migrated, user)


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_part_that_is_not_what_was_packed_is_packed_again(
    ports: Ports, container: Container, user: str, migrated: Database[Any], damage: str
) -> None:
    def spoil(call: int) -> None:
        if call == 5 and damage == "lost":
            migrated["meter_series"].delete_one({"userId": user, "year": 2020})
        if call == 5 and damage == "changed":
            migrated["meter_series"].update_one({"userId": user, "year": 2020}, {"$set": {"decimals": 2}})

    calls_until_shown(ports, user, spoil)
    assert_same_as_at_once(ports, container, migrated, user)


def test_a_write_by_a_release_that_knows_no_packing_begins_it_again(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    def write(call: int) -> None:
        if call == 4:
            first = migrated["source_energy_readings"].find_one_and_update(
                {"userId": user, "date": to_datetime(START)}, {"$set": {"amount": 1}}
            )
            assert first
            migrated["meters"].update_one({"_id": f"{user}|power"}, {"$inc": {"sourceVersion": 1}})

    calls_until_shown(ports, user, write)
    assert_same_as_at_once(ports, container, migrated, user)


def test_of_two_at_the_same_step_one_has_made_it(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    class Slower(MongoSeriesPacking):
        @override
        def _commit(self, user_id: str, energy_type: EnergyType, change: Any, session: ClientSession) -> Packed:
            faster.append(ports.packing.pack(user_id, energy_type, STEP))
            return super()._commit(user_id, energy_type, change, session)

    faster: list[Packed] = []
    slower = Slower(migrated, REQUEST_SECONDS)
    while (made := slower.pack(user, POWER, STEP)) is Packed.MORE and faster[-1] is Packed.MORE:
        pass
    assert {made, faster[-1]} == {Packed.MORE, Packed.DONE}
    assert in_steps(ports).refresh(user, POWER)
    assert_same_as_at_once(ports, container, migrated, user)


def test_a_write_while_a_step_reads_is_left_to_the_next_one(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    class WrittenTo(MongoSeriesPacking):
        @override
        def _commit(self, user_id: str, energy_type: EnergyType, change: Any, session: ClientSession) -> Packed:
            while unwritten:
                record(container, user, unwritten.pop())
            return super()._commit(user_id, energy_type, change, session)

    unwritten: list[int] = []
    written_to = WrittenTo(migrated, REQUEST_SECONDS)
    for step in range(4):  # the first begins
        unwritten += [20 * step + 1]
        assert written_to.pack(user, POWER, STEP) is Packed.MORE
    pack(ports, user)
    assert in_steps(ports).refresh(user, POWER)
    assert_same_as_at_once(ports, container, migrated, user)


def test_who_is_overtaken_by_a_step_publishes_nothing(ports: Ports, container: Container, user: str) -> None:
    def overtaken(*read: Any) -> Any:
        record(container, user, 3)
        assert ports.packing.pack(user, POWER, STEP) is Packed.DONE
        return documents_of(*read)

    pack(ports, user)
    assert not in_steps(ports, documents=overtaken).refresh(user, POWER)
    assert ports.display.state(user, POWER).display_version == 0


def test_amounts_that_no_series_holds_are_read_at_once(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    record(container, user, 3, "0.00000000000001")
    record(container, user, 4, "999999999999")
    assert calls_until_shown(ports, user) <= 3
    assert_shown(container, migrated, user, extreme=[POWER])


def test_nothing_is_packed_of_somebody_who_has_gone(ports: Ports, user: str, migrated: Database[Any]) -> None:
    assert not in_steps(ports).refresh(user, POWER)
    for collection in ("meters", "source_energy_readings", "meter_series"):
        migrated[collection].delete_many({"userId": user})
    assert ports.packing.pack(user, POWER, STEP) is Packed.IMPOSSIBLE


def test_a_large_meter_is_compared_in_pieces(ports: Ports, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(ports, user)
    assert in_steps(ports).refresh(user, POWER)
    asked = list[int]()
    piece = ports.queries.piece

    def counted(user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        asked.append(readings)
        return piece(user_id, energy_type, first, readings)

    monkeypatch.setattr(ports.queries, "piece", counted)
    assert checking(ports).findings((user, POWER)) == []
    assert asked == [STEP] * (CALLS - 1)


def test_a_difference_in_the_last_piece_is_found(ports: Ports, user: str, migrated: Database[Any]) -> None:
    assert at_once(ports).refresh(user, POWER)
    last = {"userId": user, "date": to_datetime(START + (DAYS - 1) * DAY_MS)}
    assert migrated["source_energy_readings"].update_one(last, {"$set": {"amount": 77}}).matched_count
    found = checking(ports).findings((user, POWER)) or []
    assert [(finding.collection, finding.problem) for finding in found] == [
        ("meter_series", "holds something else than the readings")
    ]


def test_a_view_of_a_large_meter_with_another_figure_is_found(ports: Ports, user: str, migrated: Database[Any]) -> None:
    assert at_once(ports).refresh(user, POWER)
    migrated["display_energy_data"].update_one({"userId": user, "year": 2021}, {"$set": {"data.months.3.month": 5}})
    [found] = checking(ports).findings((user, POWER)) or []
    assert (found.collection, found.problem) == ("display_energy_data", "shows something else than a fresh calculation")


def test_a_write_while_pieces_are_compared_is_no_finding(
    ports: Ports, container: Container, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwritten, piece = [DAYS - 2], ports.queries.piece

    def written_to(user_id: str, energy_type: EnergyType, first: int, readings: int) -> CompactReadings:
        while unwritten:
            record(container, user, unwritten.pop())
        return piece(user_id, energy_type, first, readings)

    assert at_once(ports).refresh(user, POWER)
    monkeypatch.setattr(ports.queries, "piece", written_to)
    assert checking(ports).findings((user, POWER)) is None


@pytest.mark.parametrize("version", [CALCULATION_VERSION, CALCULATION_VERSION + 1])
def test_a_clean_meter_whose_series_is_lost_is_packed_again_and_that_ends(
    ports: Ports, user: str, migrated: Database[Any], version: int
) -> None:
    class Counting:
        def pack(self, user_id: str, energy_type: EnergyType, readings: int) -> Packed:
            calls.append(ports.packing.pack(user_id, energy_type, readings))
            assert len(calls) <= 2 * CALLS, "it does not end"
            return calls[-1]

    calls = list[Packed]()
    assert at_once(ports).refresh(user, POWER)
    migrated["meter_series"].delete_many({"userId": user})
    migrated["source_energy_readings"].delete_one({"userId": user})
    display = MongoDisplayDataRepository(migrated, 20.0, version)
    steps = Steps(Counting(), STEP, 12.0)
    DisplayDataCalculationService(display, ports.queries, now, version, steps=steps).refresh(user, POWER, 99)
    assert calls


def test_a_mark_of_a_packing_that_is_over_hides_no_damage(ports: Ports, user: str, migrated: Database[Any]) -> None:
    assert at_once(ports).refresh(user, POWER)
    migrated["meters"].update_one({"_id": f"{user}|power"}, {"$set": {"packing": {"version": 0}}})
    migrated["meter_series"].delete_one({"userId": user})
    assert checking(ports).findings((user, POWER))


def test_who_packs_a_moment_late_leaves_a_clean_meter_as_it_is(
    ports: Ports, user: str, migrated: Database[Any]
) -> None:
    assert at_once(ports).refresh(user, POWER)
    shown = stored(migrated, user)
    assert ports.packing.pack(user, POWER, STEP) is Packed.DONE
    assert stored(migrated, user) == shown
    assert "packing" not in meter_of(migrated, user)


def test_while_a_meter_is_packed_a_mistyped_amount_is_still_asked_back(
    ports: Ports, container: Container, user: str, migrated: Database[Any]
) -> None:
    assert at_once(ports).refresh(user, POWER)
    migrated["meter_series"].delete_many({"userId": user})
    assert ports.packing.pack(user, POWER, STEP) is Packed.MORE
    assert "packing" in meter_of(migrated, user)
    typed = ReadingDraft(POWER, to_datetime(START + DAYS * DAY_MS).isoformat(), Decimal(997 + 400))
    with pytest.raises(ImplausibleReadingError, match="usual"):
        container.energy.create(user, typed)
