"""The census in one document of ``control``: every step replaces all of it, while its claim holds.

A step that somebody dies before is done again, one that is written was done once. Names are those of one census alone.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from pymongo import ReturnDocument, WriteConcern
from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.census_records import Censuses, CensusRecords, CensusRun, Claim, Tally
from chalicelib.domain.people.pseudonyms import LENGTH
from chalicelib.repositories.control import CENSUS, control_of
from chalicelib.repositories.database import READ_SECONDS, Document, MongoDatabase, time_limit
from chalicelib.repositories.stored import Lax, Stored, readable

NAME_BYTES = LENGTH // 2


class StoredTally(Stored):
    """Figures of one component."""

    views: int
    different: int
    failed: int


class StoredCensus(Stored):
    """A census in its stored form."""

    code: str
    mode_since: int | None
    started: int
    done: bytes
    lagging: list[str]
    tallies: dict[Annotated[Component, Lax], StoredTally]
    finished: int | None


class StoredCensuses(Stored):
    """What the document has beside the claim."""

    running: StoredCensus | None = None
    finished: StoredCensus | None = None


class MongoCensusRecords(CensusRecords):
    """``CensusRecords`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._control = control_of(database).with_options(write_concern=WriteConcern("majority"))

    @override
    def censuses(self) -> Censuses:
        with time_limit(READ_SECONDS):
            return _censuses(self._control.find_one({"_id": CENSUS}))

    @override
    def claim(self, seconds: float) -> Claim | None:
        """Do it in one update: the second of two claims changes nothing."""
        token = uuid4().hex
        with time_limit(READ_SECONDS):
            found: Any = self._control.find_one_and_update(
                {"_id": CENSUS},
                [{"$set": _claimed(token, seconds)}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return Claim(token, _censuses(found), found["tries"]) if found["token"] == token else None

    @override
    def save(self, claim: Claim, censuses: Censuses) -> bool:
        changes = {"running": _document(censuses.running), "finished": _document(censuses.finished), "tries": 0}
        with time_limit(READ_SECONDS):
            done = self._control.update_one({"_id": CENSUS, "token": claim.token}, {"$set": changes})
        return done.matched_count == 1

    @override
    def release(self, claim: Claim) -> None:
        with time_limit(READ_SECONDS):
            ended = {"$unset": {"token": "", "claimedUntil": ""}}
            self._control.update_one({"_id": CENSUS, "token": claim.token}, ended)


def _claimed(token: str, seconds: float) -> Document:
    claimed: Document = {
        "token": token,
        "claimedUntil": {"$add": ["$$NOW", round(seconds * 1000)]},
        "tries": {"$cond": [{"$isNumber": "$tries"}, {"$add": ["$tries", 1]}, 1]},
    }
    is_free = {"$lte": [{"$ifNull": ["$claimedUntil", None]}, "$$NOW"]}
    return {name: {"$cond": [is_free, value, f"${name}"]} for name, value in claimed.items()}


def _document(run: CensusRun | None) -> Document | None:
    if run is None:
        return None
    return {
        "code": run.code,
        "modeSince": run.mode_since,
        "started": run.started,
        "done": bytes.fromhex("".join(sorted(run.done))),
        "lagging": [*run.lagging],
        "tallies": {
            component.value: {"views": tally.views, "different": tally.different, "failed": tally.failed}
            for component, tally in run.tallies.items()
        },
        "finished": run.finished,
    }


def _censuses(document: Mapping[str, Any] | None) -> Censuses:
    stored = readable(StoredCensuses, {**document}, CENSUS) if document else None
    return Censuses(_run(stored.running), _run(stored.finished)) if stored else Censuses()


def _run(stored: StoredCensus | None) -> CensusRun | None:
    if stored is None:
        return None
    tallies = {each: Tally(**tally.model_dump()) for each, tally in stored.tallies.items()}
    names = {"done": _names(stored.done), "lagging": tuple(stored.lagging)}
    return CensusRun(**{**stored.model_dump(), "tallies": tallies, **names})


def _names(packed: bytes) -> frozenset[str]:
    """The names of who was asked; 10,000 take 160 KB so."""
    return frozenset(packed[start : start + NAME_BYTES].hex() for start in range(0, len(packed), NAME_BYTES))
