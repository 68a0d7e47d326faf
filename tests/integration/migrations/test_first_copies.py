"""First copies of a backfill: what they write, when they write nothing, and who comes in between."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import bson
import pytest
from bson import CodecOptions, Decimal128
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import AccountErasedError
from chalicelib.domain.meters.display_documents import DisplayUpdate
from chalicelib.domain.ports.values import MeterSnapshot, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database
from chalicelib.repositories.first_copies import MongoFirstCopies
from chalicelib.services.recording.configuration import Register
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.local.demo import old_energies
from infra.local.demo.old_energies import FIRST, meter, reading
from migrations import runner
from migrations.backfill import Backfill, now
from tests.integration.crashes.crashing import PROCESSES
from tests.integration.repositories.inherited_database import assert_both_sides_equal, container_of, set_mode

POWER, GAS = EnergyType.POWER, EnergyType.GAS
KINDS = sorted(EnergyType)
NEW_SIDE = ("meters", "source_energy_readings", "display_energy_data", "meter_series")
EVERYTHING_ELSE = ("quarantined_readings", "repaired_readings", "user_settings", "imports")
DAY = timedelta(days=1)
AS_SENT: Any = CodecOptions(document_class=RawBSONDocument)
ONE = "household-00000"  # with defects, which cost none of both meters anything


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[Any]]:
    """Two people as the old application left them, in ``dual_write``."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    old_energies.fill(database, 2, 30, defective=1)
    runner.up(database)
    set_mode(database, SyncMode.DUAL_WRITE)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


def odd_people(database: Database[Any]) -> None:
    """What else an old collection holds that is readable, or is not."""
    energies = database["energies"]
    falls = [(4 * n, 900.5 + n if n < 9 else n * 1.25) for n in range(20)]
    ids = [reading("falls", "power", FIRST + days * DAY, amount) | {"_id": f"text-{days:03}"} for days, amount in falls]
    for document in ids[::3]:
        del document["createdAt"], document["updatedAt"]
    numbers = (Decimal128("1.50000"), 3, Decimal128("2E+1"), 41.0005, Decimal128("42.12345"), Decimal128("0"), 7)
    dates = [datetime(1969, 12, 31, 23, 30, tzinfo=UTC) + number * 200 * DAY for number in range(len(numbers))]
    energies.insert_many(ids)
    energies.insert_many([reading("numbers", "gas", *each) for each in zip(dates, numbers, strict=True)])
    energies.insert_many(
        [*meter("zoned", "power", 90), reading("zoned", "gas", datetime(2023, 1, 1, 3, tzinfo=UTC), 5)]
    )
    energies.insert_many([reading("damaged", "gas", FIRST, "5"), reading("damaged", "water", FIRST, 5.0)])
    energies.insert_many([reading("a gap", "power", datetime(year, 6, 1, tzinfo=UTC), year) for year in (2001, 2009)])
    for user in ("$$NOW", "$.", "a.b"):  # never an expression, and never a path
        energies.insert_many([reading(user, kind, FIRST + n * 40 * DAY, 70 + n) for kind in KINDS for n in range(3)])
    database["user_settings"].insert_one({"_id": "zoned", "userId": "zoned", "zone": "America/New_York"})


def stored(database: Database[Any], *names: str) -> dict[str, dict[Any, bytes]]:
    """The bytes of all documents, but for the moment at which a view was calculated."""
    return {name: dict(map(_bytes, database.get_collection(name, AS_SENT).find())) for name in names}


def _bytes(sent: RawBSONDocument) -> tuple[Any, bytes]:
    document: dict[str, Any] = bson.decode(sent.raw, CodecOptions(tz_aware=True))
    document.pop("calculatedAt", None)
    return str(document["_id"]), bson.encode(document)


def copies(
    database: Database[Any], at_most: int = 5_000, first: Callable[[], object] = lambda: None
) -> MongoFirstCopies:
    """First copies as a backfill makes them; ``first``: what happens once, between what is read and what is written."""
    calculation, happens = container_of(database).calculation, [first]

    def calculate(snapshot: MeterSnapshot, as_of: int) -> DisplayUpdate:
        if happens:
            happens.pop()()
        return calculation.calculate(snapshot, as_of)

    return MongoFirstCopies(database, 20, now, calculate, at_most)


def without_first_copies(database: Database[Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """A backfill that reconciles each meter, and then refreshes it."""
    with monkeypatch.context() as patched:
        patched.setattr(MongoFirstCopies, "copy", lambda *_: None)
        return cast(int, Backfill(database).run())


@pytest.mark.parametrize("catching_up", [None, Side.OLD])
def test_to_the_byte_it_is_what_reconciliations_and_refreshes_write(
    catching_up: Side | None, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd_people(database)
    set_mode(database, SyncMode.DUAL_WRITE, catching_up=catching_up)
    written = without_first_copies(database, monkeypatch)
    expected, beside = stored(database, *NEW_SIDE), stored(database, *EVERYTHING_ELSE)
    for name in NEW_SIDE:
        database[name].delete_many({})
    set_mode(database, SyncMode.DUAL_WRITE, catching_up=catching_up)
    at_once = copies(database)
    users = sorted(set(filter(lambda user: isinstance(user, str), database["energies"].distinct("userId"))))
    assert sum(at_once.copy(user, KINDS) or 0 for user in users) == written == 4 * 30 + 20 + 7 + 91 + 2 + 3 * 6
    assert stored(database, *NEW_SIDE) == expected
    assert Backfill(database).run() == 0
    assert stored(database, *NEW_SIDE, *EVERYTHING_ELSE) == expected | beside
    database["energies"].delete_many({"userId": "damaged"})  # of whom nothing is shown
    assert_both_sides_equal(database)


def test_a_person_takes_seven_commands_and_one_transaction(database: Database[Any], mongodb_uri: str) -> None:
    sent = Commands()
    listened = open_database(mongodb_uri, database.name, sent)
    assert copies(listened).copy(ONE, KINDS) == 60
    assert sent.names == ["aggregate", "find", *4 * ["insert"], "commitTransaction"]
    listened.client.close()


class Commands(CommandListener):
    """The names of all commands; ``dies_at``: before which one the process is killed."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.names: list[str] = []
        self._dies_at = dies_at

    def started(self, event: CommandStartedEvent) -> None:
        if len(self.names) == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(event.command_name)

    def succeeded(self, event: object) -> None:
        """Nothing to do."""

    failed = succeeded


def left_meter(database: Database[Any]) -> None:
    database["meters"].insert_one({"_id": f"{ONE}|gas", "userId": "somebody else"})


def left_view(database: Database[Any]) -> None:
    database["display_energy_data"].insert_one({"_id": f"{ONE}|gas|monthly|1999|v1", "userId": 7})


def claimed_view(database: Database[Any]) -> None:
    database["display_energy_data"].insert_one({"_id": "odd", "userId": ONE, "type": "power", "dataType": "monthly"})


def left_part(database: Database[Any]) -> None:
    database["meter_series"].insert_one({"_id": f"{ONE}|power|1999", "userId": ONE, "type": "power"})


def left_reading(database: Database[Any]) -> None:
    database["source_energy_readings"].insert_one({"userId": ONE, "type": "gas", "date": "damaged", "amount": None})


def taken_id(database: Database[Any]) -> None:
    """The twin of one of the readings is another person's by now."""
    one = database["energies"].find_one({"userId": ONE, "type": "power", "amount": {"$gt": 1020.0}})
    assert one is not None
    database["source_energy_readings"].insert_one({**one, "userId": "somebody else", "amount": Decimal(1)})


def damaged_settings(database: Database[Any]) -> None:
    database["user_settings"].insert_one({"_id": ONE, "userId": ONE, "zone": "Atlantis"})


def another_mode(database: Database[Any]) -> None:
    set_mode(database, SyncMode.NEW_ONLY)


def before_any_mode(database: Database[Any]) -> None:
    set_mode(database, SyncMode.OLD_ONLY)


def the_new_side_is_right(database: Database[Any]) -> None:
    set_mode(database, SyncMode.DUAL_WRITE, catching_up=Side.NEW)


def a_lost_mode(database: Database[Any]) -> None:
    database["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "damaged"}})


def no_mode(database: Database[Any]) -> None:
    database["control"].delete_one({"_id": "sync_mode"})


LEFT = (left_meter, left_view, claimed_view, left_part, left_reading, taken_id)
ELSE = (damaged_settings, another_mode, before_any_mode, the_new_side_is_right, a_lost_mode, no_mode)


@pytest.mark.parametrize("prepare", [*LEFT, *ELSE], ids=lambda case: case.__name__)
def test_where_anything_is_there_or_out_of_the_ordinary_nothing_is_written(
    prepare: Callable[[Database[Any]], None], database: Database[Any]
) -> None:
    prepare(database)
    before = stored(database, *NEW_SIDE)
    assert copies(database).copy(ONE, KINDS) is None
    assert stored(database, *NEW_SIDE) == before


@pytest.mark.parametrize("prepare", [each for each in LEFT if each is not claimed_view], ids=lambda case: case.__name__)
def test_what_is_there_already_is_reconciled_and_shown_as_ever(
    prepare: Callable[[Database[Any]], None], database: Database[Any]
) -> None:
    prepare(database)
    Backfill(database).run()
    for kind in KINDS:
        container_of(database).calculation.refresh(ONE, kind)
    assert_both_sides_equal(database)


def test_one_reading_too_many_is_left_to_ranges(database: Database[Any]) -> None:
    assert copies(database, at_most=61).copy(ONE, KINDS) is None, "with the doubles there are 62"
    assert copies(database, at_most=62).copy(ONE, KINDS) == 60


def test_a_person_whose_readings_nobody_can_read_gets_no_meter(database: Database[Any]) -> None:
    odd_people(database)
    assert copies(database).copy("damaged", KINDS) == 0
    assert not any(stored(database, *NEW_SIDE).values())


def test_a_meter_that_was_not_asked_for_is_left_alone(database: Database[Any]) -> None:
    assert copies(database).copy(ONE, [POWER]) == 30
    assert database["meters"].distinct("_id") == [f"{ONE}|power"]
    assert copies(database).copy(ONE, [GAS]) == 30


def record(database: Database[Any]) -> None:
    draft = ReadingDraft(GAS, "2022-06-01T10:00:00Z", Decimal("1100.5"), confirm=True)
    container_of(database).energy.create(ONE, draft)


def move_zone(database: Database[Any]) -> None:
    registers = {kind: Register() for kind in EnergyType}
    container_of(database).configuration.change(ONE, UserSettings(ZoneInfo("Pacific/Auckland")), registers)


def delete_reading(database: Database[Any]) -> None:
    found = database["energies"].find_one({"userId": ONE, "type": "gas", "amount": {"$gt": 1050.0}})
    assert found is not None
    container_of(database).energy.delete(ONE, str(found["_id"]))


@pytest.mark.parametrize("write", [record, move_zone, delete_reading], ids=lambda case: case.__name__)
def test_a_write_between_what_is_read_and_what_is_written_wins(
    write: Callable[[Database[Any]], None], database: Database[Any]
) -> None:
    assert copies(database, first=lambda: write(database)).copy(ONE, KINDS) is None
    assert database["display_energy_data"].count_documents({}) == 0
    Backfill(database).run()
    assert_both_sides_equal(database)


def test_nothing_is_copied_of_an_account_that_is_erased_meanwhile(database: Database[Any]) -> None:
    container = container_of(database)
    assert copies(database, first=lambda: container.erasure.erase(ONE, 60)).copy(ONE, KINDS) is None
    assert not any(stored(database, *NEW_SIDE).values())
    database["energies"].insert_one(reading(ONE, "gas", FIRST, 5.0))
    assert copies(database).copy(ONE, KINDS) is None
    with pytest.raises(AccountErasedError):
        record(database)
    assert not any(stored(database, *NEW_SIDE).values())


def dying(uri: str, name: str, dies_at: int | None) -> None:
    """A backfill in a process that is killed before one of its commands."""
    Backfill(open_database(uri, name, Commands(dies_at))).run()


def test_killed_before_any_of_its_commands_it_is_whole_or_not_there_and_goes_on(
    database: Database[Any], mongodb_uri: str
) -> None:
    energies = list(database["energies"].find())
    Backfill(database).run()
    expected = stored(database, *NEW_SIDE)
    step, killed = 0, True
    while killed:
        for name in NEW_SIDE:
            database[name].delete_many({})
        process = PROCESSES.Process(target=dying, args=(mongodb_uri, database.name, step))
        process.start()
        process.join(60)
        killed = process.exitcode == -signal.SIGKILL
        assert killed or process.exitcode == 0
        database.client.admin.command("killAllSessions", [])
        kept = stored(database, *NEW_SIDE)
        for user in ("household-00000", "household-00001"):
            counts = [sum(user.encode() in each for each in kept[name].values()) for name in NEW_SIDE]
            assert counts in ([0, 0, 0, 0], [2, 60, 6, 2]), f"half written: before step {step}"
        Backfill(database).run()
        assert stored(database, *NEW_SIDE) == expected, f"before step {step}"
        step += 1
    assert step > 2 * 7
    assert list(database["energies"].find()) == energies
    assert database["control"].find_one({"_id": "backfill"}) is None
