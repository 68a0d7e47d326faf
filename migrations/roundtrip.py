"""Proves that the scripts can be reverted on this data: up, down, up on a copy, and nothing may differ afterwards.

The copy holds what ``down`` never takes away (old readings, meters, settings) and lies in databases of its own on the
same server, which are dropped at the end. The original is only read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from bson import encode
from bson.codec_options import DatetimeConversion
from pymongo.database import Database
from pymongo.operations import IndexModel

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.repositories.control import SYNC_MODE, sync_document, sync_state
from chalicelib.repositories.database import CODEC_OPTIONS, Collections
from chalicelib.repositories.undecodable import sendable, shown
from migrations import runner
from migrations.errors import MigrationError, RefusedError
from migrations.runner import Options
from migrations.scripts import FOLDER, scripts

Document = dict[str, Any]
KEPT = (Collections.ENERGIES, Collections.METERS, Collections.SETTINGS, Collections.IMPORTS)
LEFT = tuple(name for name in KEPT if name is not Collections.METERS)  # as they were, whatever is reverted
COMPARED = (*KEPT, Collections.READINGS, Collections.DISPLAY, Collections.SERIES, Collections.QUARANTINE)
# Versions count on through a 'down', on purpose: an old ETag must never fit again.
WITHOUT_VERSIONS = {"sourceVersion": 0, "displayVersion": 0, "series.version": 0, "calculatedAt": 0}
NAMED_AT_MOST = 20
BATCH = 1_000
# inherited dates can lie beyond what Python's can hold
ANY_DATE = CODEC_OPTIONS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How many documents were compared, and everything that was not as before."""

    documents: int
    differences: tuple[str, ...]


def verify(database: Database[Any], folder: Path = FOLDER) -> RoundTrip:
    """Apply, revert and apply again every script on a copy, and compare.

    Raises:
        RefusedError: the mode is ``new_only``: the old readings are not the ones to believe.
        MigrationError: a script did not run.
    """
    if sync_state(database).mode is SyncMode.NEW_ONLY:
        raise RefusedError("the mode is new_only, from which nothing may be reverted; go back to dual_write first")
    options = Options(folder=folder)
    with _copy_of(database) as (trial, before, first):
        _up(trial, options)
        _replicate(trial, first, COMPARED)
        _down(trial, options)
        differences = _differences(before, trial, LEFT, "after down")
        _up(trial, options)
        differences += _differences(first, trial, COMPARED, "after down and up")
        differences += _other_indexes(first, trial)
        return RoundTrip(sum(first[name].estimated_document_count() for name in COMPARED), tuple(differences))


@contextmanager
def _copy_of(database: Database[Any]) -> Iterator[tuple[Database[Any], Database[Any], Database[Any]]]:
    """The copy that is migrated, one that stays as it was, and an empty one for the state in between."""
    name = f"{database.name[:40]}_roundtrip_{uuid4().hex[:8]}"
    copies = [
        database.client.get_database(f"{name}_{part}", codec_options=ANY_DATE) for part in ("trial", "before", "first")
    ]
    try:
        for copy in copies[:2]:
            _replicate(database, copy, KEPT)
        yield copies[0], copies[1], copies[2]
    finally:
        for copy in copies:
            database.client.drop_database(copy.name)


def _replicate(source: Database[Any], target: Database[Any], names: tuple[Collections, ...]) -> None:
    """Documents and indexes, by the server alone."""
    existing = source.list_collection_names()
    for name in names:
        if name not in existing:
            continue
        source[name].aggregate([{"$out": {"db": target.name, "coll": name.value}}])
        indexes = [_index(known) for known in source[name].list_indexes() if known["name"] != "_id_"]
        if indexes:
            target[name].create_indexes(indexes)


def _index(known: Any) -> IndexModel:
    options = {option: value for option, value in known.items() if option not in ("key", "v", "ns")}
    return IndexModel(list(known["key"].items()), **options)


def _up(trial: Database[Any], options: Options) -> None:
    _set_mode(trial, SyncMode.DUAL_WRITE)
    runner.up(trial, options=options)
    if waiting := runner.refusal(trial, "up", options.folder):
        raise MigrationError(f"on the copy, {waiting}")


def _down(trial: Database[Any], options: Options) -> None:
    _set_mode(trial, SyncMode.OLD_ONLY)
    runner.down(trial, len(scripts(options.folder)), options)


def _set_mode(trial: Database[Any], mode: SyncMode) -> None:
    """Nobody else writes to the copy: there is nothing to wait for."""
    trial[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(mode, 0), upsert=True)


def _differences(one: Database[Any], other: Database[Any], names: tuple[Collections, ...], when: str) -> list[str]:
    found = (f"{name} {shown(str(_id))} {when}" for name in names for _id in _differing_ids(one, other, name))
    return list(islice(found, NAMED_AT_MOST))


def _differing_ids(one: Database[Any], other: Database[Any], name: Collections) -> Iterator[Any]:
    """The ids of documents that the other database does not have, byte for byte."""
    for here, there in ((one, other), (other, one)):
        documents = here[name].find({}, WITHOUT_VERSIONS)
        while batch := list(islice(documents, BATCH)):
            ids = [document["_id"] for document in batch]
            twins = {
                str(twin["_id"]): _bytes(twin)
                for twin in there[name].find(sendable({"_id": {"$in": ids}}), WITHOUT_VERSIONS)
            }
            yield from (item["_id"] for item in batch if _bytes(item) != twins.get(str(item["_id"])))


def _bytes(document: Document) -> bytes:
    return encode(sendable(document), codec_options=CODEC_OPTIONS)


def _other_indexes(one: Database[Any], other: Database[Any]) -> list[str]:
    return [
        f"indexes of {name}" for name in COMPARED if one[name].index_information() != other[name].index_information()
    ]
