"""Events that may happen to a household: each is defined by its values alone, so that a run can be repeated."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.bootstrap.container import Container
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.imports.options import ImportOptions, OnConflict
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType, parse_instant, to_datetime
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from tests.functional.handlers.event_calls import envelope
from tests.integration.two_at_once.delivery import deliver
from tests.integration.two_at_once.unreliable import Household


@dataclass(frozen=True)
class Create:
    kind: EnergyType
    date: str
    amount: Decimal

    def __call__(self, household: Household, container: Container) -> None:
        container.energy.create(household.user, ReadingDraft(self.kind, self.date, self.amount, confirm=True))


@dataclass(frozen=True)
class Update:
    which: int
    date: str | None
    amount: Decimal | None

    def __call__(self, household: Household, container: Container) -> None:
        correction = ReadingCorrection(self.date, self.amount, confirm=True)
        container.energy.update(household.user, str(household.reading(self.which)), correction)


@dataclass(frozen=True)
class Delete:
    which: int

    def __call__(self, household: Household, container: Container) -> None:
        container.energy.delete(household.user, str(household.reading(self.which)))


@dataclass(frozen=True)
class Import:
    rows: tuple[tuple[EnergyType, str, Decimal], ...]
    on_conflict: OnConflict = "skip"

    def __call__(self, household: Household, container: Container) -> None:
        lines = [f"{date},{kind},{amount:f}" for kind, date, amount in self.rows]
        file = "\n".join(["date,type,amount", *lines]).encode()
        options = ImportOptions(confirm=True, on_conflict=self.on_conflict, csv=CsvOptions(delimiter=",", decimal="."))
        with household.imports.noted(container):
            container.imports.bulk_create(household.user, file, options)


@dataclass(frozen=True)
class UndoImport:
    """``which`` counts from the oldest one; also one that is undone already."""

    which: int

    def __call__(self, household: Household, container: Container) -> None:
        records = container.import_history.page(household.user, 50)
        if records:
            import_id = records[-1 - self.which % len(records)].id
            with household.imports.undoing(import_id, container):
                container.import_history.undo(household.user, import_id)


@dataclass(frozen=True)
class AddExchange:
    kind: EnergyType
    date: str
    final_old: Decimal
    initial_new: Decimal

    def __call__(self, household: Household, container: Container) -> None:
        draft = ExchangeDraft(self.kind, self.date, self.final_old, self.initial_new, confirm=True)
        container.configuration.add_exchange(household.user, draft)


@dataclass(frozen=True)
class RemoveExchange:
    kind: EnergyType
    which: int

    def __call__(self, household: Household, container: Container) -> None:
        exchanges = container.configuration.configuration(household.user, self.kind).exchanges
        if exchanges:
            container.configuration.remove_exchange(household.user, exchanges[self.which % len(exchanges)].id)


@dataclass(frozen=True)
class Change:
    """Zone, modulus and direction of the power meter."""

    zone: str
    modulus: Decimal | None = None
    runs_backwards: bool = False

    def __call__(self, household: Household, container: Container) -> None:
        registers = {EnergyType.POWER: Register(self.modulus, self.runs_backwards), EnergyType.GAS: Register()}
        container.configuration.change(household.user, UserSettings(ZoneInfo(self.zone)), registers)


@dataclass(frozen=True)
class Deliver:
    """An event reaches its function: ``which`` counts from the newest one; and in a version that nobody knows."""

    which: int
    unknown: bool = False

    def __call__(self, household: Household, container: Container) -> None:
        if events := household.publisher.events:
            event = envelope(events[-1 - self.which % len(events)])
            event["detail"] |= {"version": 2} if self.unknown else {}
            deliver(container, event)


@dataclass(frozen=True)
class WriteElsewhere:
    """Another application writes the old collection by itself; never a second reading of one instant."""

    kind: EnergyType
    date: str
    amount: int

    def __call__(self, household: Household, container: Container) -> None:
        reading = {"userId": household.user, "type": self.kind.value, "date": _moment(self.date)}
        energies = household.database["energies"]
        if not energies.find_one(reading):
            energies.insert_one({**reading, "amount": float(self.amount), "updatedAt": datetime.now(UTC)})


@dataclass(frozen=True)
class ChangeElsewhere:
    """The same with a reading that there is: it may be another meter's from now on."""

    which: int
    kind: EnergyType
    date: str
    amount: int

    def __call__(self, household: Household, container: Container) -> None:
        energies = household.database["energies"]
        if known := energies.find_one({"_id": household.reading(self.which)}):
            place = {"type": self.kind.value, "date": _moment(self.date)}
            taken = energies.find_one({"userId": household.user, **place})
            changed = {**({} if taken else place), "amount": float(self.amount), "updatedAt": datetime.now(UTC)}
            energies.update_one({"_id": known["_id"]}, {"$set": changed})


@dataclass(frozen=True)
class DeleteElsewhere:
    which: int

    def __call__(self, household: Household, container: Container) -> None:
        household.database["energies"].delete_one({"_id": household.reading(self.which)})


def _moment(date: str) -> datetime:
    return to_datetime(parse_instant(date, ZoneInfo("UTC")))
