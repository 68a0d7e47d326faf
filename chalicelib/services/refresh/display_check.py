"""Does the display show what the readings say? The one comparison behind verify, repair and ``rebuild --check``.

The documents of a meter must keep their invariants (``domain.meters.invariants``). Where they do, the ``data`` of
every display document is calculated from the readings themselves and compared with what is stored, as their canonical
bytes say; the compact series, which the next refresh will believe, with the readings.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.json.canonical import is_same
from chalicelib.domain.json.text import json_text
from chalicelib.domain.meters.display_documents import DataType, DisplayDocument
from chalicelib.domain.meters.invariants import view_id
from chalicelib.domain.meters.walks import DISPLAY, METERS, SERIES, DisplayedMeters, Finding
from chalicelib.domain.ports.outside import Clock
from chalicelib.domain.ports.reading import DisplayDataRepository, ReadingQueries
from chalicelib.domain.ports.values import MeterSnapshot, WholeMeter
from chalicelib.domain.readings import FIRST_INSTANT, LAST_INSTANT, MeterKey
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.refresh import READINGS_OF_A_STEP, Documents, documents_of

T = TypeVar("T")
View = tuple[DataType, int | None]
Views = Mapping[View, DisplayDocument]
UNEXPLAINED = "cannot be calculated ({}), though no field of its documents holds a value of a wrong kind"


class DisplayCheck:
    """Looks at one meter after another."""

    def __init__(
        self,
        meters: DisplayedMeters,
        queries: ReadingQueries,
        display: DisplayDataRepository,
        clock: Clock,
        calculation_version: int = CALCULATION_VERSION,
        documents: Documents = documents_of,
        at_once: int = READINGS_OF_A_STEP,
    ) -> None:
        self._meters = meters
        self._queries = queries
        self._display = display
        self._clock = clock
        self._calculation_version = calculation_version
        self._documents = documents
        self._at_once = at_once

    def findings(self, meter: MeterKey) -> list[Finding] | None:
        """What differs, or fails; None where nothing can be compared. Raises UnavailableError.

        That is so where the display lags, was refreshed meanwhile, or is of another calculation version: nobody is
        shown that, and the sweeper brings it up.
        """
        return self.attempted(meter, lambda: self._compared(meter))

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
        except Exception as error:  # noqa: BLE001 whatever it is, it becomes a finding
            # Not by its text, which may hold what somebody has typed in, nor by where in our code it happened.
            return self._meters.damages(meter) or [_failure(meter, UNEXPLAINED.format(type(error).__name__))]

    def _compared(self, meter: MeterKey) -> list[Finding] | None:
        whole = self._queries.whole(*meter, self._calculation_version, self._at_once)
        if whole is None:
            return []
        if whole.violations:
            return [Finding(*meter, *violation) for violation in whole.violations]
        snapshot = whole.snapshot
        if snapshot.state.stale or snapshot.state.calculation_version not in (0, self._calculation_version):
            return None
        is_right = self._is_series_right(meter, whole)
        if is_right is None:
            return None
        stored = {(document.data_type, document.year): document for document in whole.displayed}
        fresh = self._fresh(snapshot)
        wrong = [view for view in {**stored, **fresh} if self._differs(view, stored, fresh, snapshot)]
        findings = [self._finding(meter, view, stored, fresh) for view in wrong]
        return findings if is_right else [*findings, _series_finding(meter)]

    def _is_series_right(self, meter: MeterKey, whole: WholeMeter) -> bool | None:
        """None where a large meter has changed while it was compared piece by piece."""
        if not whole.is_large:
            return whole.kept is None or whole.kept == whole.snapshot.readings
        is_right = self._are_pieces_right(meter, whole.snapshot.readings)
        return is_right if self._display.state(*meter) == whole.snapshot.state else None

    def _are_pieces_right(self, meter: MeterKey, kept: CompactReadings) -> bool:
        """Pieces of several moments say something of one version where the meter still has that: versions only grow."""
        first = FIRST_INSTANT
        while first <= LAST_INSTANT:
            found = self._queries.piece(*meter, first, self._at_once)
            last = found.instants[-1] if len(found) == self._at_once else LAST_INSTANT
            if found != kept.between(first, last):
                return False
            first = last + 1
        return True

    def _finding(self, meter: MeterKey, view: View, stored: Views, fresh: Views) -> Finding:
        document = view_id(*meter, *view, self._calculation_version)
        if view not in stored:
            return Finding(*meter, DISPLAY, document, "is missing")
        return Finding(*meter, DISPLAY, document, self._problem(stored[view], fresh.get(view)))

    def _fresh(self, snapshot: MeterSnapshot) -> Views:
        documents = self._documents(snapshot, series_of(snapshot), None, self._clock(), self._calculation_version)
        return {(document.data_type, document.year): document for document in documents}

    def _differs(self, view: View, stored: Views, fresh: Views, snapshot: MeterSnapshot) -> bool:
        """A meter without readings need not have documents."""
        if view not in stored:
            return len(snapshot.readings) > 0
        return view not in fresh or not self._shows(stored[view], fresh[view])

    def _shows(self, stored: DisplayDocument, fresh: DisplayDocument) -> bool:
        """By its data, and by its text, where a release has written one: readers are shown either."""
        return self._is_same(stored, fresh) and stored.text in (None, json_text(fresh.data))

    def _is_same(self, stored: DisplayDocument, fresh: DisplayDocument) -> bool:
        """Equal bytes say so without a look at what is in them; others may be written otherwise."""
        encoded = stored.encoded
        return (encoded is not None and encoded == self._display.encoded(fresh.data)) or is_same(
            stored.data, fresh.data
        )

    def _problem(self, stored: DisplayDocument, fresh: DisplayDocument | None) -> str:
        if fresh is None:
            return "should not be there"
        if self._is_same(stored, fresh):
            return "has a text that is not of its data"
        return "shows something else than a fresh calculation"


def _failure(meter: MeterKey, problem: str) -> Finding:
    return Finding(*meter, METERS, "|".join(meter), problem)


def _series_finding(meter: MeterKey) -> Finding:
    return Finding(*meter, SERIES, "|".join(meter), "holds something else than the readings")
