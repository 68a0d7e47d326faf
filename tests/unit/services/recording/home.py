"""A household on fakes, and everything that it does to its readings."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.files.export.json_document import json_text
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import ReadingFilter, UserSettings
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.recording.configuration import (
    ConfigurationService,
    ExchangeDraft,
    Register,
)
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import EnergyCrudService
from chalicelib.services.recording.export import ExportService
from chalicelib.services.recording.import_undo import ImportHistoryService, UndoReport
from chalicelib.services.recording.import_write import ImportReport
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeImportList, FakeQueries, FakeSettings, FakeStore

POWER, GAS = EnergyType.POWER, EnergyType.GAS
HEADER = "date,type,amount\n"
REPLACE, SKIP = ImportOptions(on_conflict="replace"), ImportOptions(on_conflict="skip")
JSON = ImportOptions(form="json")


@dataclass
class Home:
    """Everything that a household does to its readings, at a clock that goes on by a minute with each."""

    store: FakeStore = field(default_factory=FakeStore)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    time: int = 1_700_000_000_000

    def clock(self) -> int:
        self.time += 60_000
        return self.time

    @property
    def energy(self) -> EnergyCrudService:
        return EnergyCrudService(self.store, self.publisher, self.clock)

    @property
    def configuration(self) -> ConfigurationService:
        queries = FakeQueries(self.store)
        return ConfigurationService(self.store, FakeSettings(self.store), queries, self.publisher, self.clock)

    @property
    def history(self) -> ImportHistoryService:
        imports = FakeImportList(self.store)
        return ImportHistoryService(self.store, imports, FakeSettings(self.store), self.publisher, self.clock)

    def imported(self, rows: str | bytes, options: ImportOptions = ImportOptions()) -> ImportReport:  # noqa: B008
        content = rows if isinstance(rows, bytes) else (HEADER + rows).encode()
        queries = FakeQueries(self.store)
        service = CsvImportService(self.store, FakeSettings(self.store), queries, self.publisher, self.clock)
        return service.bulk_create("alice", content, options)

    def undone(self, report: ImportReport) -> UndoReport:
        assert report.import_id is not None
        return self.history.undo("alice", report.import_id)

    def exported(self) -> bytes:
        service = ExportService(FakeSettings(self.store), FakeQueries(self.store), self.clock)
        read = lambda user, request: FakeQueries(self.store).page(user, request, Backend.NEW)  # noqa: E731
        return json_text(service.page("alice", read, ReadingFilter(), None)).encode()

    def readings(self) -> dict[tuple[str, str], Decimal]:
        stored = self.store.stored.readings.items()
        return {
            (kind.value, f"{to_datetime(instant + 43_200_000):%m-%d}"): reading.amount
            for (_, kind, instant), reading in stored
        }

    def id_of(self, kind: EnergyType, day: str) -> str:
        [found] = [
            reading.id
            for (_, type_, instant), reading in self.store.stored.readings.items()
            if type_ is kind and f"{to_datetime(instant + 43_200_000):%m-%d}" == day
        ]
        return found


FILE = "2023-01-31,power,100\n2023-02-28,power,110\n2023-01-31,gas,7\n"


def household() -> Home:
    home = Home()
    home.store.stored.settings["alice"] = UserSettings(ZoneInfo("America/New_York"))
    home.imported(FILE)
    home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-15T12:00", Decimal(118), Decimal(3)))
    home.configuration.change("alice", UserSettings(ZoneInfo("America/New_York")), {GAS: Register(Decimal(1000))})
    home.imported("2023-03-31,power,9\n")
    return home


def document(*readings: tuple[str, str, float], **meter: object) -> bytes:
    """A JSON export of readings, and of the power meter where something is said of it."""
    power = {"type": "power", "modulus": None, "runsBackwards": False, "exchanges": []} | meter
    said = [{"type": kind, "date": date, "amount": amount} for kind, date, amount in readings]
    return json.dumps({"exportVersion": 1, "meters": [power] if meter else [], "readings": said}).encode()


PARTIAL_JSON = ImportOptions(form="json", mode="partial")
REPLACE_JSON = ImportOptions(form="json", on_conflict="replace")
