"""Whatever is under way while an account is erased: it comes before, or it is refused, and nothing of it stays."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.events.contracts import EnergyEvent
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.repositories.register import MongoMeterRegister
from chalicelib.repositories.transactions import MongoTransactions
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.refresh.replay import ReplayService
from migrations.backfill import Backfill
from tests.functional.handlers.event_calls import envelope
from tests.integration.account.conftest import Place
from tests.integration.account.person import CONFIRM, FILE, GAS, POWER, WHEN, Person, neighbours, set_mode
from tests.integration.crashes.copying import Original
from tests.integration.two_at_once.delivery import deliver, sweep

pytestmark = pytest.mark.long

Action = Callable[[Person, Container], object]


def create(person: Person, container: Container) -> None:
    container.energy.create(person.user, ReadingDraft(POWER, "2024-01-31", Decimal(3000), confirm=True))


def correct(person: Person, container: Container) -> None:
    first = container.old.readings(person.user, POWER)[0]
    container.energy.delete(person.user, first.id)


def import_file(person: Person, container: Container) -> None:
    container.imports.bulk_create(person.user, FILE.replace(b"2021", b"2019").replace(b"900", b"800"), CONFIRM)


def undo_import(person: Person, container: Container) -> None:
    record = container.import_history.page(person.user, 1)[0]
    container.import_history.undo(person.user, record.id)


def undo_nothing(person: Person, container: Container) -> None:
    """Everything that it wrote has been changed since: the record alone is written."""
    record = container.import_history.page(person.user, 2)[-1]
    for reading in container.old.readings(person.user, POWER):
        container.energy.delete(person.user, reading.id)
    for reading in container.old.readings(person.user, GAS):
        container.energy.delete(person.user, reading.id)
    container.import_history.undo(person.user, record.id)


def exchange(person: Person, container: Container) -> None:
    draft = ExchangeDraft(POWER, "2022-02-14T12:00Z", Decimal(1125), confirm=True)
    container.configuration.add_exchange(person.user, draft)


def settings(person: Person, container: Container) -> None:
    """The zone alone: no meter is named."""
    container.configuration.change(person.user, UserSettings(ZoneInfo("UTC")), {})


def registers(person: Person, container: Container) -> None:
    before = container.configuration.settings(person.user)
    container.configuration.change(person.user, before, {GAS: Register(runs_backwards=True)})


def refresh(person: Person, container: Container) -> None:
    container.calculation.refresh(person.user, POWER)


def refresh_damaged(person: Person, container: Container) -> None:
    """A meter that begins again."""
    person.database["meters"].update_one({"_id": f"{person.user}|power"}, {"$unset": {"displayVersion": ""}})
    container.calculation.refresh(person.user, POWER)


def recalculate(person: Person, container: Container) -> None:
    container.recalculation.recalculate(person.user)


def sync(person: Person, container: Container) -> None:
    """What another application has written is carried over, and a twin that is missing."""
    reading = {"userId": person.user, "type": "power", "date": WHEN, "amount": 5000.0}
    if person.database["meters"].find_one({"userId": person.user}):
        person.database["energies"].insert_one(reading)
    person.database["source_energy_readings"].delete_one({"userId": person.user})
    container.operations.sync.run(60, full=True)


def repair(person: Person, container: Container) -> None:
    person.database["source_energy_readings"].delete_one({"userId": person.user})
    container.operations.consistency.repair(person.user, allow_deletes=9)


def verify(person: Person, container: Container) -> None:
    assert container.operations.consistency.verify(restart=True).differences == 0


def rebuild(person: Person, container: Container) -> None:
    container.operations.rebuild.rebuild(person.user)


WRITES: dict[str, Action] = {
    action.__name__: action
    for action in (create, correct, import_file, undo_import, undo_nothing, exchange, settings, registers)
}
JOBS: dict[str, Action] = {
    action.__name__: action for action in (refresh, refresh_damaged, recalculate, sync, repair, verify, rebuild)
}


def prepared(place: Place) -> Person:
    """Somebody of whom something waits to be refreshed."""
    person = place.person()
    person.live()
    person.create("2022-03-31", 1200)
    return person


def alike(place: Place) -> Iterator[Person]:
    """One such person after another, as copies, without writing each story again."""
    original = Original(place.database, prepared(place).user)
    while True:
        yield Person(place.database, place.container, original.copy())


def _erased(place: Place, person: Person) -> None:
    assert place.erase(person)


@pytest.mark.parametrize("name", WRITES | JOBS)
def test_wherever_an_account_is_erased_in_the_middle_of_something_nothing_stays(name: str, place: Place) -> None:
    action = (WRITES | JOBS)[name]
    set_mode(place.database, SyncMode.DUAL_WRITE)
    for command, person in enumerate(alike(place)):
        with suppress(ConflictError, NotFoundError, IndexError):
            place.let_interrupted(
                lambda container, person=person: action(person, container),  # type: ignore[misc]
                command,
                lambda person=person: _erased(place, person),  # type: ignore[misc]
            )
        if not place.interruption.happened:
            break
        assert person.stands_in() == {}, f"before command {command}"
        sweep(place.container)
        assert person.stands_in() == {}, f"before command {command}, and the sweeper"
    assert command > 1


@pytest.mark.parametrize("name", ["create", "import_file", "settings", "refresh", "sync"])
def test_whatever_happens_in_the_middle_of_an_erasure_nothing_stays(name: str, place: Place) -> None:
    action = (WRITES | JOBS)[name]
    set_mode(place.database, SyncMode.DUAL_WRITE)

    def happens(person: Person) -> None:
        with suppress(ConflictError, NotFoundError):
            action(person, place.container)

    for command, person in enumerate(alike(place)):
        place.let_interrupted(
            lambda container, person=person: container.erasure.erase(person.user, 60),  # type: ignore[misc]
            command,
            lambda person=person: happens(person),  # type: ignore[misc]
        )
        if not place.interruption.happened:
            break
        assert place.container.erasure.erase(person.user, 60).erased_at is not None
        assert person.stands_in() == {}, f"before command {command}"
    assert command > 10


def mark_a_meter(transaction: WriteTransaction) -> None:
    transaction.meters.mark_changed(GAS, 0, 0, 1)


def choose_a_zone(transaction: WriteTransaction) -> None:
    transaction.settings.save(UserSettings(ZoneInfo("UTC")), 1)


@pytest.mark.parametrize("write", [mark_a_meter, choose_a_zone])
@pytest.mark.parametrize("known", [True, False], ids=["of somebody known", "of a newcomer"])
def test_a_transaction_that_began_before_the_fence_cannot_commit_behind_it(
    known: bool, write: Callable[[WriteTransaction], None], place: Place
) -> None:
    """It has read everything that it goes by, the fence that was not there too, and the whole erasure comes then."""
    person = prepared(place) if known else place.person()
    tries: list[int] = []

    def work(transaction: WriteTransaction) -> None:
        transaction.settings.get()
        tries.append(1)
        if len(tries) == 1:
            place.erase(person)
        write(transaction)

    with pytest.raises(ConflictError, match="erased"):
        MongoTransactions(place.database, 20).run(person.user, work)
    assert len(tries) == 1
    assert person.stands_in() == {}


def everything_again(place: Place, person: Person) -> None:
    """Events again, of known and unknown versions, and every job that goes over everybody or this person."""
    for event in [each for each in place.publisher.events if each.user_id == person.user]:
        deliver(place.container, envelope(event))
        unknown = envelope(event)
        unknown["detail"] |= {"version": 2}
        deliver(place.container, unknown)
    place.clock.drain()
    sweep(place.container)
    operations = place.container.operations
    for user in (person.user, None):
        operations.rebuild.rebuild(user)
        operations.consistency.repair(user, allow_deletes=0)
    operations.sync.run(60, full=True)
    operations.sync.run(60)
    Backfill(place.database).run()
    register = MongoMeterRegister(place.database, 20)
    sent: list[EnergyEvent] = []

    def send(events: Sequence[EnergyEvent]) -> Sequence[EnergyEvent]:
        sent.extend(events)
        return ()

    ReplayService(register, place.container.recalculation, send, place.clock).replay(whole=True)
    assert sent
    assert person.user not in {event.user_id for event in sent}
    assert operations.consistency.verify(restart=True).differences == 0


@pytest.mark.parametrize("opened", [False, True], ids=["behind the fence", "when it has opened"])
def test_nothing_that_comes_again_brings_anybody_back(opened: bool, place: Place) -> None:
    set_mode(place.database, SyncMode.DUAL_WRITE)
    person = prepared(place)
    neighbours(person)
    place.database["energies"].delete_one({"userId": person.user, "type": "gas"})
    place.container.operations.sync.run(60, full=True)
    place.erase(person)
    if opened:
        place.an_hour_passes()
    everything_again(place, person)
    assert person.stands_in() == {}


def test_what_repair_has_kept_of_somebody_erased_does_not_come_back(place: Place) -> None:
    """Neither from a run that is undone while the person is erased, nor afterwards."""
    set_mode(place.database, SyncMode.DUAL_WRITE)
    person, other = prepared(place), prepared(place)
    undo = place.container.operations.undo
    run = _kept_by_a_run(place, person, other)
    erasures = place.container.erasure._erasures
    erasure = erasures.begin(person.user, person.pseudonym)
    done = undo.undo(run)
    assert done.restored == 1
    assert {why for _, why in done.left} == {"its account was erased"}
    for _ in erasures.removing(erasure, lambda: 60.0):
        pass
    erasures.finish(erasure)
    assert person.stands_in() == {}
    assert not place.database["repaired_readings"].find_one({"userId": person.user})


def _kept_by_a_run(place: Place, *people: Person) -> str:
    place.clock.drain()
    for person in people:
        gone = place.database["energies"].find_one_and_delete({"userId": person.user, "type": "gas"})
        assert gone
    consistency = place.container.operations.consistency
    run = consistency.new_run()
    consistency.repair(allow_deletes=len(people), run=run)
    return run.id


def test_what_an_old_application_still_writes_behind_the_fence_makes_no_twin_and_no_meter(place: Place) -> None:
    set_mode(place.database, SyncMode.DUAL_WRITE)
    person = prepared(place)
    place.erase(person)
    reading = {"userId": person.user, "type": "power", "date": WHEN, "amount": 5000.0}
    place.database["energies"].insert_one(reading)
    place.container.operations.sync.run(60, full=True)
    assert person.stands_in() == {"energies": 1}


def test_a_stray_of_somebody_erased_makes_them_no_meter(place: Place) -> None:
    """Under the id of another's reading, on the side that is written, lies a document that names the person."""
    set_mode(place.database, SyncMode.DUAL_WRITE)
    person, other = prepared(place), prepared(place)
    place.erase(person)
    place.clock.drain()
    of_other = place.database["energies"].find_one({"userId": other.user, "type": "gas"}) or {}
    stray = {"userId": person.user, "type": "gas", "date": WHEN, "amount": 1}
    place.database["source_energy_readings"].replace_one({"_id": of_other["_id"]}, stray)
    place.container.operations.consistency.repair(other.user, allow_deletes=0)
    assert not place.database["meters"].find_one({"userId": person.user})
