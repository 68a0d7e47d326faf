"""A preview: on which side it reads which meters, what it takes for known, and how much of a file it shows."""

import gc
import json
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import MeterSnapshot, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.services.recording.csv_import import CsvImportService
from chalicelib.services.recording.energy_crud import ReadingDraft
from chalicelib.services.recording.import_write import ImportReport
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeQueries, FakeSettings, FakeStore
from tests.unit.services.recording.home import GAS, HEADER, POWER, Home

PREVIEW = ImportOptions(preview=True)
PREVIEW_JSON = ImportOptions(form="json", preview=True)


class Queries(FakeQueries):
    """Notes which meters are read for which backend, and whether garbage is collected meanwhile."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__(store)
        self.asked: list[tuple[EnergyType, str]] = []
        self.collects: list[bool] = []

    def snapshot(self, user_id: str, energy_type: EnergyType, backend: Backend) -> MeterSnapshot:
        self.asked.append((energy_type, backend.value))
        self.collects.append(gc.isenabled())
        return super().snapshot(user_id, energy_type, backend)


@dataclass
class Previewing:
    """A home that looks at files before it imports them."""

    home: Home = field(default_factory=Home)

    def __post_init__(self) -> None:
        self.queries = Queries(self.home.store)

    def preview(self, content: str, options: ImportOptions = PREVIEW) -> ImportReport:
        store = self.home.store
        settings = FakeSettings(store)
        service = CsvImportService(store, settings, self.queries, FakePublisher(), self.home.clock)
        return service.bulk_create("alice", content.encode(), options)


@pytest.fixture
def previewing() -> Previewing:
    return Previewing()


def export(*readings: tuple[str, str, float], zone: str | None = None) -> str:
    said = [{"type": kind, "date": date, "amount": amount} for kind, date, amount in readings]
    return json.dumps(
        {"exportVersion": 1, "meters": [], "readings": said} | ({"settings": {"zone": zone}} if zone else {})
    )


@pytest.mark.parametrize(
    ("mode", "backend"), [(SyncMode.OLD_ONLY, "old"), (SyncMode.DUAL_WRITE, "old"), (SyncMode.NEW_ONLY, "new")]
)
def test_it_reads_each_meter_of_the_file_once_on_the_side_that_is_right(
    previewing: Previewing, mode: SyncMode, backend: str
) -> None:
    previewing.home.store.stored.sync = SyncState(mode)
    previewing.preview(HEADER + "2023-01-31,power,1\n2023-02-28,power,2\n")
    assert previewing.queries.asked == [(POWER, backend)]


def test_where_a_file_says_a_zone_every_meter_is_looked_for(previewing: Previewing) -> None:
    previewing.preview(export(("power", "2023-01-31", 1)), PREVIEW_JSON)
    assert [kind for kind, _ in previewing.queries.asked] == [POWER]
    previewing.queries.asked.clear()
    tokyo = export(("power", "2023-01-31", 1), zone="Asia/Tokyo")
    assert previewing.preview(tokyo, PREVIEW_JSON).zone == ZoneInfo("Asia/Tokyo")
    assert [kind for kind, _ in previewing.queries.asked] == [*EnergyType]
    previewing.home.energy.create("alice", ReadingDraft(GAS, "2023-01-31", Decimal(1)))
    assert previewing.preview(tokyo, PREVIEW_JSON).zone is None, "whoever has a meter keeps the zone"


def test_a_zone_that_somebody_has_is_kept_by_a_preview_too(previewing: Previewing) -> None:
    previewing.home.store.stored.settings["alice"] = UserSettings(ZoneInfo("UTC"))
    tokyo = export(("power", "2023-01-31", 1), zone="Asia/Tokyo")
    assert previewing.preview(tokyo, PREVIEW_JSON).zone is None


@pytest.mark.parametrize(("rows", "shown"), [(19, 19), (20, 20), (21, 20)])
def test_it_shows_the_first_twenty_rows(previewing: Previewing, rows: int, shown: int) -> None:
    lines = "".join(f"2023-01-{day:02},gas,{day}\n" for day in range(1, rows + 1))
    report = previewing.preview(HEADER + lines)
    assert (report.success, len(report.rows)) == (rows, shown)


def test_what_is_stored_counts_with_its_register(previewing: Previewing) -> None:
    home = previewing.home
    home.imported("2023-01-31,power,100\n")
    report = previewing.preview(HEADER + "2023-01-31,power,100\n2023-01-31,power,101\n2023-02-28,power,90\n")
    assert (report.success, report.skipped, len(report.errors)) == (1, 1, 1)
    assert [warning.line for warning in report.warnings] == [4]


def test_garbage_is_not_collected_meanwhile_and_who_does_without_it_goes_on_without(previewing: Previewing) -> None:
    previewing.preview(HEADER + "2023-01-31,power,1\n")
    assert previewing.queries.collects == [False]
    gc.disable()
    try:
        previewing.preview(HEADER + "2023-01-31,power,1\n")
        assert not gc.isenabled()
    finally:
        gc.enable()
