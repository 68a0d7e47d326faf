"""Refresh: the one operation that brings display documents up to their meter's source version.

Idempotent and independent of order: by any caller (a handler, the sweeper, the backfill), however often, the
documents end up equal to a fresh calculation. What an older calculation version shows is brought up as a whole; what a
newer one shows is left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.calculation.affected import affected_years
from chalicelib.domain.calculation.monthly import stored_years
from chalicelib.domain.calculation.series import Series
from chalicelib.domain.errors import AccountErasedError, DamagedMeterError
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument, DisplayUpdate, SeriesUpdate
from chalicelib.domain.meters.packing import Packed, SeriesPacking, merged
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import DisplayDataRepository, ReadingQueries
from chalicelib.domain.ports.values import MeterSnapshot, MeterState
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, EnergyType
from chalicelib.domain.readings.compact import utc_year
from chalicelib.services.display.view_data import histogram_data, monthly_data, series_of, summary_inputs_data

# How long a function goes on with the steps of one meter. With the last step, and what publishes it, less than the time
# of a function (.chalice/config.json), and than what the sweeper leaves for a refresh that begins at its last moment.
STEPS_SECONDS = 12.0
READINGS_OF_A_STEP = 100_000  # one to two seconds on a busy server


def documents_of(
    snapshot: MeterSnapshot,
    series: Series,
    years: set[int] | None,
    now: int,
    calculation_version: int = CALCULATION_VERSION,
) -> list[DisplayDocument]:
    """The documents that a meter should have; of the monthly ones only those of ``years``, None: all."""
    stored = stored_years(series, snapshot.settings.zone)

    def document(data_type: DataType, year: int | None, data: dict[str, object]) -> DisplayDocument:
        version = snapshot.state.source_version
        return DisplayDocument(data_type, year, data, version, calculation_version, now)

    months = [
        document("monthly", year, monthly_data(snapshot, series, year))
        for year in stored
        if years is None or year in years
    ]
    timeline = document("histogram", None, histogram_data(snapshot))
    return [*months, timeline, document("summary", None, summary_inputs_data(snapshot, series))]


@dataclass(frozen=True, slots=True)
class Steps:
    """How a refresh that would have to read very many readings is divided.

    ``readings``: how many are read at once. ``seconds``: how long a call takes steps, at least one; None: until the
    end. ``go_on`` is called where the time is over before the work is.
    """

    packing: SeriesPacking
    readings: int = READINGS_OF_A_STEP
    seconds: float | None = None
    go_on: Callable[[str, EnergyType], None] = lambda *_: None

    def taken(self, user_id: str, energy_type: EnergyType, clock: Clock, began: int) -> Packed:
        """Take steps, and return what the last one has come to."""
        packed = self.packing.pack(user_id, energy_type, self.readings)
        while packed is Packed.MORE and not self._is_over(clock() - began):
            packed = self.packing.pack(user_id, energy_type, self.readings)
        return packed

    def _is_over(self, elapsed_ms: int) -> bool:
        return self.seconds is not None and elapsed_ms >= self.seconds * 1000


Documents = Callable[[MeterSnapshot, Series, set[int] | None, int, int], list[DisplayDocument]]  # as ``documents_of``


class DisplayDataCalculationService:
    """Calculates what a meter's dirty range touches and publishes it."""

    def __init__(
        self,
        display: DisplayDataRepository,
        queries: ReadingQueries,
        clock: Clock,
        calculation_version: int = CALCULATION_VERSION,
        documents: Documents = documents_of,
        steps: Steps | None = None,
    ) -> None:
        self._display = display
        self._queries = queries
        self._clock = clock
        self._calculation_version = calculation_version
        self._documents = documents
        self._steps = steps

    def refresh(self, user_id: str, energy_type: EnergyType, version: int | None = None) -> bool:
        """Bring a meter's documents up to date; returns whether this call did it.

        ``version`` is the source version that an event announced: no reading is read where the display has reached it.
        While the new side is not written (``old_only``) there is nothing to show and nothing is done; nor where a newer
        calculation shows the meter. A very large meter takes several calls: each but the last takes some steps,
        requests the next call by an event and returns False.
        """
        state = self._display.state(user_id, energy_type)
        if state.damaged:
            return self._begun_again(user_id, energy_type)
        if not self._is_due(state, state.source_version if version is None else version):
            return False
        try:
            return self._published(user_id, energy_type)
        except DamagedMeterError:
            return self._begun_again(user_id, energy_type)

    def take_over(self, user_id: str, energy_type: EnergyType) -> None:
        """Begin a meter again that a newer calculation shows, so that this one may: an operator has gone back."""
        state = self._display.state(user_id, energy_type)
        if state.calculation_version > self._calculation_version:
            self._display.begin_again(user_id, energy_type)

    def _is_due(self, state: MeterState, version: int) -> bool:
        """Whether this calculation may show the meter and does not yet. By calculation 0 nothing is shown."""
        shown, ours = state.calculation_version, self._calculation_version
        return shown <= ours and (state.display_version < version or 0 < shown < ours)

    def _begun_again(self, user_id: str, energy_type: EnergyType) -> bool:
        """Nothing that is stored can be believed: everything is calculated again, at a version of its own."""
        if Side.NEW not in self._queries.sync().writes:
            return False
        try:
            self._display.begin_again(user_id, energy_type)
        except AccountErasedError:  # an event, a dead letter or the sweeper, from before the account was erased
            return False
        return self._published(user_id, energy_type)

    def _published(self, user_id: str, energy_type: EnergyType) -> bool:
        found = self._found(user_id, energy_type)
        if found is None or Side.NEW not in found[0].sync.writes or found[0].state.damaged:
            return False
        return self._display.publish(user_id, energy_type, self.calculate(*found))

    def _found(self, user_id: str, energy_type: EnergyType) -> tuple[MeterSnapshot, int] | None:
        """The meter, and when it was looked at; None where the time is over before few readings are left to read."""
        steps, began, is_packed = self._steps, self._clock(), False
        while True:
            as_of = self._clock()
            if steps is None:
                return self._queries.snapshot(user_id, energy_type, Backend.NEW), as_of
            snapshot = self._queries.snapshot_within(user_id, energy_type, steps.readings)
            if snapshot is not None:
                return snapshot, as_of
            packed = steps.taken(user_id, energy_type, self._clock, began)
            if packed is Packed.MORE:
                steps.go_on(user_id, energy_type)
                return None
            if is_packed or packed is Packed.IMPOSSIBLE:  # what is packed twice and still not there is read at once
                steps = None
            is_packed = True

    def calculate(self, snapshot: MeterSnapshot, as_of: int) -> DisplayUpdate:
        """What a refresh publishes of a meter that was looked at then."""
        series = series_of(snapshot)
        whole = _is_whole(snapshot) or snapshot.state.calculation_version not in (0, self._calculation_version)
        years = None if whole else _touched(snapshot, series)
        return DisplayUpdate(
            source_version=snapshot.state.source_version,
            documents=self._documents(snapshot, series, years, self._clock(), self._calculation_version),
            stored_years=stored_years(series, snapshot.settings.zone),
            series=_series_update(snapshot, whole=whole) if snapshot.sync.reads(Backend.NEW) is Side.NEW else None,
            as_of=as_of,
            whole=whole,
            packing=snapshot.packing,
        )


def _is_whole(snapshot: MeterSnapshot) -> bool:
    """Whether every figure is calculated again, so that nothing stored needs to be kept."""
    first, last = snapshot.dirty_from, snapshot.dirty_to
    return first is not None and last is not None and first <= FIRST_INSTANT and last >= LAST_INSTANT


def _touched(snapshot: MeterSnapshot, series: Series) -> set[int]:
    if snapshot.dirty_from is None or snapshot.dirty_to is None:
        return set()
    return affected_years(series, snapshot.dirty_from, snapshot.dirty_to, snapshot.settings.zone)


def _series_update(snapshot: MeterSnapshot, *, whole: bool) -> SeriesUpdate:
    """The update of the series: the years (UTC) that were read as documents.

    All years where everything is calculated, unless a packing holds them.
    """
    is_packed = snapshot.packing.ranges is not None
    ranges = [(FIRST_INSTANT, LAST_INSTANT)] if whole and not is_packed else snapshot.read
    spans = merged((utc_year(first), utc_year(last)) for first, last in ranges)
    parts = {year: part for span in spans for year, part in snapshot.readings.by_year(*span)}
    return SeriesUpdate(spans, parts, len(snapshot.readings), snapshot.digests)
