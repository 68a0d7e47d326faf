"""Everything that is stored of a meter on the new side, at one snapshot, each collection asked once."""

from collections.abc import Sequence
from dataclasses import replace

from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.meters.display_documents import DisplayDocument
from chalicelib.domain.meters.invariants import MeterDocuments, is_sound, violations
from chalicelib.domain.ports.values import WholeMeter
from chalicelib.domain.readings import MeterKey
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import series
from chalicelib.repositories.database import WITHOUT_DECIMALS, Collections, Document, MongoDatabase
from chalicelib.repositories.display import view_of
from chalicelib.repositories.documents import COLLECTION
from chalicelib.repositories.history import points_of
from chalicelib.repositories.meters import state_of
from chalicelib.repositories.owned import OwnedDocuments
from chalicelib.repositories.scoped import ScopedCollection
from chalicelib.repositories.sealed_views import AS_SENT, opened
from chalicelib.repositories.snapshot_head import head_of
from chalicelib.repositories.snapshots import snapshot_of


def whole_meter(
    database: MongoDatabase, meter: MeterKey, calculation_version: int, at_once: int | None
) -> WholeMeter | None:
    """All that is stored of a meter, as ``ReadingQueries.whole``; None in a mode that does not write the new side."""
    with database.client.start_session(snapshot=True) as session:
        return _as_seen(database, meter, calculation_version, at_once, session)


def _as_seen(
    database: MongoDatabase, meter: MeterKey, calculation_version: int, at_once: int | None, session: ClientSession
) -> WholeMeter | None:
    head = head_of(database, *meter, session, readings=True)
    sync, document = head.sync, head.meter or None
    if Side.NEW not in sync.writes:
        return None
    owned, settings = OwnedDocuments(database, meter[0], session), head.settings
    parts = owned.of_meter(Collections.SERIES, meter[1], codec=WITHOUT_DECIMALS)
    side, kept = sync.reads(Backend.NEW), _kept(parts, document)
    large = kept if at_once is not None and kept is not None and len(kept) > at_once and side is Side.NEW else None
    if state_of(document).stale:
        readings = CompactReadings.of(())  # nothing is compared with them
    else:
        readings = _readings(database, meter, side, session) if large is None else large
    whole = WholeMeter(snapshot_of(sync, document or {}, meter[1], settings, readings), is_large=large is not None)
    sent = owned.of_meter(Collections.DISPLAY, meter[1], claimed=True, codec=AS_SENT)
    views = [opened(view) for view in sent]
    documents = MeterDocuments(
        *meter,
        document,
        [view for view, _ in views],
        parts,
        has_readings=head.has_readings,
        series_holds=_holds(kept, document),
        calculation_version=calculation_version,
        sealed=[view["_id"] for view, is_sealed in views if is_sealed],
    )
    if broken := list(violations(documents)):
        return replace(whole, violations=broken)
    return replace(whole, displayed=[*map(_displayed, views, sent)], kept=kept)


def _displayed(view: tuple[Document, bool], sent: RawBSONDocument) -> DisplayDocument:
    return replace(view_of(view[0]), encoded=bytes(sent["data"].raw))


def _holds(kept: CompactReadings | None, meter: Document | None) -> bool:
    """While a packing is under way, the parts are its own, and nobody believes them by the digest."""
    is_packed = all(field in (meter or {}) for field in ("packing", "dirtyFrom"))
    return kept is not None or not _claims_series(meter) or is_packed


def _kept(parts: Sequence[Document], meter: Document | None) -> CompactReadings | None:
    if meter is None or not _claims_series(meter):
        return None
    found = series.believed(parts, meter)
    return None if found is None else found[0]


def _claims_series(meter: Document | None) -> bool:
    return bool(meter and is_sound(meter) and series.is_kept(meter))


def _readings(database: MongoDatabase, meter: MeterKey, side: Side, session: ClientSession) -> CompactReadings:
    collection = ScopedCollection(database[COLLECTION[side]], meter[0], session)
    return points_of(collection, side, {"type": meter[1].value})
