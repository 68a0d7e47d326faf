"""Stored views and the versions of their meters, in memory."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate
from chalicelib.domain.meters.packing import Packed
from chalicelib.domain.ports.values import MeterState, Shown, UserSettings
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType, MeterKey
from infra.simulation.memory.state import Meter
from infra.simulation.memory.store import FakeStore


class FakePacking:
    def pack(self, user_id: str, energy_type: EnergyType, readings: int) -> Packed:
        """No series is kept in memory, because nothing is ever too much to read."""
        return Packed.IMPOSSIBLE


class FakeDisplay:
    def __init__(self, store: FakeStore, calculation_version: int = CALCULATION_VERSION) -> None:
        self._store = store
        self._calculation_version = calculation_version

    def find(
        self, user_id: str, energy_type: EnergyType, data_type: DataType, year: int | None
    ) -> tuple[DisplayDocument | None, MeterState]:
        self._store.ping()
        document = self._store.stored.display.get((user_id, energy_type, data_type, year))
        state = self.state(user_id, energy_type)
        return (document if state.calculation_version == self._calculation_version else None), state

    def look_up(
        self,
        user_id: str,
        energy_type: EnergyType,
        data_type: DataType,
        year: int | None = None,
        *,
        zoned: bool = False,
    ) -> Shown:
        settings = self._store.stored.settings.get(user_id, UserSettings())
        is_there = (user_id, energy_type) in self._store.stored.meters
        found = self.find(user_id, energy_type, data_type, year)
        return Shown(*found, settings.zone if zoned and is_there else None)

    def summaries(self, user_id: str) -> Mapping[EnergyType, Shown]:
        return {kind: self.look_up(user_id, kind, "summary") for kind in EnergyType}

    def encoded(self, _: Mapping[str, object]) -> None:
        """Nothing is encoded in memory."""

    def state(self, user_id: str, energy_type: EnergyType) -> MeterState:
        self._store.ping()
        return self._meter(user_id, energy_type).state

    def publish(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> bool:
        meter = self._store.stored.meters.get((user_id, energy_type))
        if meter is None or not self._is_behind(meter.state, update):
            return False
        clean = meter.state.source_version == update.source_version
        behind = max(meter.state.dirty_since or update.as_of, update.as_of)
        since = None if clean else min(behind, self._store.stored.clock())
        meter.state = replace(
            meter.state,
            display_version=update.source_version,
            dirty_since=since,
            calculation_version=self._calculation_version,
        )
        if clean:
            meter.dirty_from = meter.dirty_to = None
        self._replace(user_id, energy_type, update)
        return True

    def _is_behind(self, state: MeterState, update: DisplayUpdate) -> bool:
        shown, ours = state.calculation_version, self._calculation_version
        if not update.whole and shown not in (0, ours):
            return False
        if shown < ours:
            return state.display_version <= update.source_version
        return shown == ours and state.display_version < update.source_version

    def begin_again(self, user_id: str, energy_type: EnergyType) -> None:
        self._store.ping()
        meter = self._store.stored.meters.setdefault((user_id, energy_type), Meter())
        seen = max(meter.state.source_version, meter.state.display_version, self._store.stored.clock())
        meter.state = MeterState(seen + 1, 0, meter.state.dirty_since or self._store.stored.clock())
        meter.dirty_from, meter.dirty_to = FIRST_INSTANT, LAST_INSTANT
        self._forget((user_id, energy_type))

    def _meter(self, user_id: str, energy_type: EnergyType) -> Meter:
        return self._store.stored.meters.get((user_id, energy_type), Meter())

    def _forget(self, meter: MeterKey) -> None:
        documents = self._store.stored.display
        documents.forget(documents.of(meter))

    def _replace(self, user_id: str, energy_type: EnergyType, update: DisplayUpdate) -> None:
        documents, meter = self._store.stored.display, (user_id, energy_type)
        if update.whole:
            self._forget(meter)
        for document in update.documents:
            documents[user_id, energy_type, document.data_type, document.year] = document
        documents.forget(key for key in documents.of(meter) if key[3] is not None and key[3] not in update.stored_years)
