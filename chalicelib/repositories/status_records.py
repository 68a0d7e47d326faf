"""Records for the status alone, in ``control`` and in the ledger of the migrations."""

from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from datetime import datetime, timedelta

from pymongo import WriteConcern
from typing_extensions import override

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.migration.status.records import NotPublished, RollbackDrill, StatusRecords
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.control import MIGRATIONS, control_of
from chalicelib.repositories.database import READ_SECONDS, Document, MongoDatabase, time_limit
from chalicelib.repositories.stored import Stored, readable

DRILL, NOT_PUBLISHED = "rollback_drill", "events_not_published"
PATIENCE_SECONDS = 0.2  # for finding a server: a write of somebody waits behind it
QUIET_HOURS = 24  # after so long without a loss a new count begins
SCRIPTS = (  # every file of ``migrations``: a test holds both equal
    "001_create_display_collection",
    "002_backfill_display_data",
    "003_drop_date_index",
    "004_create_meter_series",
    "005_create_usage_collections",
    "006_index_attempts_of_the_sweeper",
    "007_create_flag_history",
    "008_create_repaired_readings",
    "009_index_calculation_versions",
    "010_create_imports",
    "011_create_feedback",
    "012_find_what_names_a_person",
    "013_create_figures_of_use",
    "014_index_traces",
    "015_create_gate_evidence",
    "016_create_rollouts",
    "017_create_v1_callers",
)


class StoredDrill(Stored):
    """A drill of a rollback in its stored form."""

    at: datetime
    component: str
    code: str
    writes: int
    lost_writes: int
    last_new_answer_seconds: float
    passed: bool
    mode: str = ""
    shape: str = ""


class StoredLosses(Stored):
    """Events that were lost, one soon after the other."""

    count: int
    since: datetime
    last: datetime


class MongoStatusRecords(StatusRecords):
    """``StatusRecords`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._control = control_of(database)
        self._ledger = database[MIGRATIONS]

    @override
    def drill(self) -> RollbackDrill | None:
        stored = readable(StoredDrill, found, DRILL) if (found := self._read(DRILL)) else None
        return None if stored is None else RollbackDrill(**{**stored.model_dump(), "at": to_ms(stored.at)})

    @override
    def save_drill(self, drill: RollbackDrill) -> None:
        document = {
            "at": to_datetime(drill.at),
            "component": drill.component,
            "code": drill.code,
            "writes": drill.writes,
            "lostWrites": drill.lost_writes,
            "lastNewAnswerSeconds": float(drill.last_new_answer_seconds),
            "passed": drill.passed,
            "mode": drill.mode,
            "shape": drill.shape,
        }
        with time_limit(READ_SECONDS):
            self._control.replace_one({"_id": DRILL}, document, upsert=True)

    @override
    def not_published(self) -> NotPublished:
        """Read by the clock of the database, which counts them too."""
        quiet = {"$expr": {"$gte": ["$last", _long_ago()]}}
        stored = readable(StoredLosses, found, NOT_PUBLISHED) if (found := self._read(NOT_PUBLISHED, quiet)) else None
        return NotPublished() if stored is None else NotPublished(stored.count, to_ms(stored.since))

    @override
    def add_not_published(self, count: int) -> None:
        """Unacknowledged (``w=0``), in one command; what is stored there and no count begins again.

        With a time of its own: the write that published the event may have taken a request's whole time.
        """
        goes_on = {"$and": [{"$isNumber": "$count"}, {"$gte": ["$last", _long_ago()]}]}
        counted = {
            "count": {"$cond": [goes_on, {"$add": ["$count", count]}, count]},
            "since": {"$cond": [goes_on, "$since", "$$NOW"]},
            "last": "$$NOW",
        }
        Context().run(self._count, counted)

    def _count(self, counted: Document) -> None:
        unasked = self._control.with_options(write_concern=WriteConcern(w=0))
        with suppress(UnavailableError), time_limit(PATIENCE_SECONDS):
            unasked.update_one({"_id": NOT_PUBLISHED}, [{"$set": counted}], upsert=True)

    @override
    def open_migrations(self) -> Sequence[str]:
        """Compare names. A record without a checksum is older than there are any: its script is looked at again."""
        wanted = {"_id": {"$in": [*SCRIPTS]}, "state": "applied", "checksum": {"$exists": True}}
        with time_limit(READ_SECONDS):
            applied = {record["_id"] for record in self._ledger.find(wanted, {"_id": True})}
        return [script for script in SCRIPTS if script not in applied]

    def _read(self, key: str, more: Document | None = None) -> Document | None:
        with time_limit(READ_SECONDS):
            return self._control.find_one({"_id": key, **(more or {})})


def _long_ago() -> Document:
    quiet = round(timedelta(hours=QUIET_HOURS).total_seconds() * 1000)
    return {"$subtract": ["$$NOW", quiet]}
