"""Does the display show what the readings say? The one comparison behind verify, repair and ``rebuild --check``.

The documents of a meter must keep their invariants (``domain.meters.invariants``). Where they do, the ``data`` of
every display document is calculated from the readings themselves and compared with what is stored, by their canonical
bytes; the compact series, which the next refresh will believe, with the readings.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from chalicelib.domain.backends import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.canonical import canonical_bytes
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.meters.invariants import view_id
from chalicelib.domain.meters.walks import DISPLAY, METERS, SERIES, DisplayedMeters, Finding
from chalicelib.domain.ports import Clock, DisplayDataRepository, MeterSnapshot, ReadingQueries
from chalicelib.domain.readings import MeterKey
from chalicelib.domain.sides import Side
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.calculation import Documents, documents_of
from chalicelib.services.refresh.series_check import IsOver, SeriesCheck, UnfinishedError

T = TypeVar("T")
View = tuple[DataType, int | None]
Views = Mapping[View, DisplayDocument]
UNEXPLAINED = "cannot be calculated ({}), though no field of its documents holds a value of a wrong kind"


def equal_bytes(stored: object, fresh: object) -> bool:
    """Whether two values are the same in every type as well."""
    return canonical_bytes(stored) == canonical_bytes(fresh)


class DisplayCheck:
    """Looks at one meter after another."""

    def __init__(
        self,
        meters: DisplayedMeters,
        queries: ReadingQueries,
        display: DisplayDataRepository,
        series: SeriesCheck,
        clock: Clock,
        calculation_version: int = CALCULATION_VERSION,
        documents: Documents = documents_of,
        are_equal: Callable[[object, object], bool] = equal_bytes,
    ) -> None:
        self._meters = meters
        self._queries = queries
        self._display = display
        self._series = series
        self._clock = clock
        self._calculation_version = calculation_version
        self._documents = documents
        self._are_equal = are_equal

    def findings(self, meter: MeterKey, is_over: IsOver | None = None) -> list[Finding] | None:
        """What differs, or fails; None where nothing can be compared.

        That is so where the display lags, was refreshed meanwhile, or is of another calculation version: nobody is
        shown that, and the sweeper brings it up. ``is_over``: whether who asks has no more time for a large meter.

        Raises:
            UnavailableError: the database answers nobody in time.
            UnfinishedError: the time is over in the middle of a large meter; the next call goes on there.
        """
        return self.attempted(meter, lambda: self._compared(meter, is_over))

    def attempted(self, meter: MeterKey, work: Callable[[], T]) -> T | list[Finding]:
        """What work on a meter returns; where it fails, that is the finding, and the next meter has its turn.

        Nothing is found of an account that is being erased: what is missing there is on its way out. The finding
        names the documents and fields that hold a value of a wrong kind, where there are any.

        Raises:
            UnavailableError: the database answers nobody in time, which says nothing of the meter.
        """
        found = self._tried(meter, work)
        is_finding = isinstance(found, list) and found
        return [] if is_finding and self._meters.erased_among(meter[:1]) else found

    def _tried(self, meter: MeterKey, work: Callable[[], T]) -> T | list[Finding]:
        try:
            return work()
        except UnavailableError:
            self._queries.sync()  # a sign of life: then it is the meter that is out of time
            return [_failure(meter, "was out of time, though the database answers")]
        except UnfinishedError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it is told
            # Not by its text, which may hold what somebody has typed in, nor by where in our code it happened.
            return self._meters.damages(meter) or [_failure(meter, UNEXPLAINED.format(type(error).__name__))]

    def _compared(self, meter: MeterKey, is_over: IsOver | None) -> list[Finding] | None:
        kept = self._at_hand(meter)
        sync = self._queries.sync() if kept is None else kept.sync
        if Side.NEW not in sync.writes:
            return []
        if broken := self._display.violations(*meter):
            return [Finding(*meter, *violation) for violation in broken]
        if kept is None or kept.state.stale or kept.state.calculation_version not in (0, self._calculation_version):
            return None
        if kept.kept and len(kept.readings) > self._series.readings:
            return self._compared_in_pieces(meter, kept, is_over)
        stored = self._stored(meter)
        snapshot = self._queries.full_snapshot(*meter, Backend.NEW)
        if kept.state != snapshot.state:
            return None
        findings = self._wrong(meter, stored, snapshot)
        return findings if kept.readings == snapshot.readings else [*findings, _series_finding(meter)]

    def _at_hand(self, meter: MeterKey) -> MeterSnapshot | None:
        """The meter as a refresh finds it; None of a large one that lags: to read it whole says nothing.

        Raises UnavailableError where settings or configuration cannot be read, whether it lags or not.
        """
        if self._display.state(*meter).stale:
            return self._queries.snapshot_within(*meter, self._series.readings)
        return self._queries.snapshot(*meter, Backend.NEW)

    def _compared_in_pieces(self, meter: MeterKey, kept: MeterSnapshot, is_over: IsOver | None) -> list[Finding] | None:
        """The series with the readings, then the display with the series: both at the version that is displayed."""
        is_right = self._series.is_right(meter, kept, is_over)
        stored = self._stored(meter)
        if self._display.state(*meter) != kept.state:
            return None
        findings = self._wrong(meter, stored, kept)
        return findings if is_right else [*findings, _series_finding(meter)]

    def _stored(self, meter: MeterKey) -> Views:
        return {(document.data_type, document.year): document for document in self._meters.displayed(meter)}

    def _wrong(self, meter: MeterKey, stored: Views, snapshot: MeterSnapshot) -> list[Finding]:
        fresh = self._fresh(snapshot)
        wrong = [view for view in {**stored, **fresh} if self._differs(view, stored, fresh, snapshot)]
        return [self._finding(meter, view, stored, fresh) for view in wrong]

    def _differs(self, view: View, stored: Views, fresh: Views, snapshot: MeterSnapshot) -> bool:
        """A meter without readings need not have documents."""
        if view not in stored:
            return len(snapshot.readings) > 0
        return view not in fresh or not self._are_equal(stored[view].data, fresh[view].data)

    def _finding(self, meter: MeterKey, view: View, stored: Views, fresh: Views) -> Finding:
        document = view_id(*meter, *view, self._calculation_version)
        if view not in stored:
            return Finding(*meter, DISPLAY, document, "is missing")
        problem = "shows something else than a fresh calculation" if view in fresh else "should not be there"
        return Finding(*meter, DISPLAY, document, problem)

    def _fresh(self, snapshot: MeterSnapshot) -> Views:
        documents = self._documents(snapshot, series_of(snapshot), None, self._clock(), self._calculation_version)
        return {(document.data_type, document.year): document for document in documents}


def _failure(meter: MeterKey, problem: str) -> Finding:
    return Finding(*meter, METERS, "|".join(meter), problem)


def _series_finding(meter: MeterKey) -> Finding:
    return Finding(*meter, SERIES, "|".join(meter), "holds something else than the readings")
