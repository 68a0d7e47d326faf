"""The retirement of version 1: its calendar in ``control``, the ledger of callers, what the old backend answers.

The calendar is one document, which belongs to operators. A row of the ledger says a person by their pseudonym alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field, ValidationError
from pymongo import DESCENDING, WriteConcern
from pymongo.errors import DuplicateKeyError
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.retirement.calendar import Calendar, checked
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS, BrownOut, Entry, OptOut
from chalicelib.domain.migration.retirement.callers import (
    KEPT_DAYS,
    PAGE,
    SEVERAL,
    V1Call,
    V1Caller,
    day_of,
    days_since,
    place_of,
)
from chalicelib.domain.migration.retirement.errors import RetirementError
from chalicelib.domain.migration.retirement.ports import RetirementRecords
from chalicelib.domain.people.account import KeepsPeople, Left
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.control import RETIREMENT, control_of
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from chalicelib.repositories.stored import Stored, reason_of

PATIENCE_SECONDS = 0.2  # for finding a server: a request waits behind it
UNASKED = WriteConcern(w=0)
MEND = (
    "mend it there, or delete it: then nothing is announced, until python -m infra retire announce --sunset DATE "
    "--reason WHY"
)


class StoredBrownOut(Stored):
    """A brown-out."""

    start: datetime
    end: datetime
    withheld: str | None
    withheld_at: datetime | None


class StoredOptOut(Stored):
    """An opt-out."""

    caller: str
    until: datetime


class StoredEntry(Stored):
    """A change of the calendar."""

    at: datetime
    by: str
    what: str
    reason: str


class StoredCalendar(Stored):
    """The document."""

    announced_at: datetime
    deprecated_at: datetime
    sunset_at: datetime
    brown_outs: list[StoredBrownOut]
    opt_outs: list[StoredOptOut]
    rehearsal: bool
    log: list[StoredEntry]
    version: int = Field(ge=1)

    def calendar(self) -> Calendar:
        """Convert to the domain's value."""
        return Calendar(
            announced_at=to_ms(self.announced_at),
            deprecated_at=to_ms(self.deprecated_at),
            sunset_at=to_ms(self.sunset_at),
            brown_outs=tuple(map(_brown_out, self.brown_outs)),
            opt_outs=tuple(OptOut(each.caller, to_ms(each.until)) for each in self.opt_outs),
            rehearsal=self.rehearsal,
            log=tuple(Entry(to_ms(each.at), each.by, each.what, each.reason) for each in self.log),
            version=self.version,
        )


class MongoRetirementRecords(RetirementRecords):
    """``RetirementRecords`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._control = control_of(database).with_options(write_concern=WriteConcern("majority"))
        self._callers = database[Collections.V1_CALLERS]
        self._usage = database[Collections.USAGE]

    @override
    def calendar(self) -> Calendar | None:
        with time_limit(READ_SECONDS):
            found = self._control.find_one({"_id": RETIREMENT})
        if found is None:
            return None
        try:
            return checked(StoredCalendar.model_validate(found).calendar())
        except ValidationError as error:
            raise _unreadable(reason_of(error)) from None
        except RetirementError as error:
            raise _unreadable(str(error)) from None

    @override
    def save(self, calendar: Calendar) -> bool:
        """The document of a version is replaced once: who comes second finds another version."""
        document = _document(calendar)
        with time_limit(READ_SECONDS):
            if calendar.version:
                as_read = {"_id": RETIREMENT, "version": calendar.version}
                return self._control.replace_one(as_read, document).matched_count == 1
            try:
                self._control.insert_one(document)
            except DuplicateKeyError:
                return False
            return True

    @override
    def mark_withheld(self, calendar: Calendar, start: int, reason: str, at: int) -> None:
        """Mark it once: of many functions the first one does it."""
        unmarked = {"start": to_datetime(start), "withheld": None}
        mark = {"brownOuts.$.withheld": reason, "brownOuts.$.withheldAt": to_datetime(at)}
        with time_limit(PATIENCE_SECONDS):
            self._control.with_options(write_concern=UNASKED).update_one(
                {"_id": RETIREMENT, "version": calendar.version, "brownOuts": {"$elemMatch": unmarked}},
                {"$set": mark, "$inc": {"version": 1}},
            )

    @override
    def record(self, call: V1Call, at: int) -> None:
        """One upsert by the ``_id``, unacknowledged (``w=0``): a call that gets lost is missed by nobody."""
        with time_limit(PATIENCE_SECONDS):
            self._callers.with_options(write_concern=UNASKED).update_one(
                {"_id": f"{call.caller}|{place_of(call.client)}|{call.route}"}, _counted(call, at), upsert=True
            )

    @override
    def callers(self, since: int, limit: int) -> Sequence[V1Caller]:
        """Use the index on the moment."""
        wanted = {"last": {"$gte": to_datetime(since)}}
        with time_limit(READ_SECONDS):
            found = self._callers.find(wanted, sort=[("last", DESCENDING)], limit=limit)
            return [_caller(row, since) for row in found]

    @override
    def count_callers(self, since: int) -> int:
        with time_limit(READ_SECONDS):
            return self._callers.count_documents({"last": {"$gte": to_datetime(since)}})

    @override
    def page_calls(self, since: int, spared: Sequence[str]) -> Mapping[str, int]:
        """Use the index on client and moment."""
        wanted = {"client": PAGE, "last": {"$gte": to_datetime(since)}, "user": {"$nin": list(spared)}}
        latest = {"_id": "$route", "last": {"$max": "$last"}}
        with time_limit(READ_SECONDS):
            found = list(self._callers.aggregate([{"$match": wanted}, {"$group": latest}]))
        return {row["_id"]: to_ms(row["last"]) for row in found}

    @override
    def has_called(self, caller: str) -> bool:
        """Use the index on the person."""
        with time_limit(READ_SECONDS):
            return self._callers.find_one({"user": caller}) is not None

    @override
    def old_answers(self, since: int) -> Mapping[str, int]:
        """Use the index on component, backend and moment."""
        found = {component.value: self._last_old_answer(component, since) for component in Component}
        return {name: last for name, last in found.items() if last is not None}

    def _last_old_answer(self, component: Component, since: int) -> int | None:
        wanted = {
            "component": component.value,
            "backend": Backend.OLD.value,
            "at": {"$gte": to_datetime(since)},
            "reason": {"$ne": Reason.FORCED_OLD.value},
        }
        with time_limit(READ_SECONDS):
            found = self._usage.find_one(wanted, ["at"], sort=[("at", DESCENDING)])
        return None if found is None else to_ms(found["at"])


class MongoOptOuts(KeepsPeople):
    """The opt-outs as a place that names a person, by the pseudonym."""

    def __init__(self, database: MongoDatabase, pseudonyms: Pseudonyms) -> None:
        self._control = control_of(database)
        self._pseudonyms = pseudonyms

    @property
    @override
    def name(self) -> str:
        return "opt-outs of version 1"

    @override
    def forget(self, user_id: str, left: Left) -> int:
        """Take the person's opt-out away, as another version."""
        caller = self._pseudonyms.of("user", user_id)
        with time_limit(left()):
            done = self._control.update_one(
                {"_id": RETIREMENT, "optOuts.caller": caller},
                {"$pull": {"optOuts": {"caller": caller}}, "$inc": {"version": 1}},
            )
            return done.modified_count


def _unreadable(why: str) -> RetirementError:
    return RetirementError(f"control.{RETIREMENT} cannot be read: {why}; {MEND}")


def _document(calendar: Calendar) -> Document:
    return {
        "_id": RETIREMENT,
        "announcedAt": to_datetime(calendar.announced_at),
        "deprecatedAt": to_datetime(calendar.deprecated_at),
        "sunsetAt": to_datetime(calendar.sunset_at),
        "brownOuts": [_dated(each) for each in calendar.brown_outs],
        "optOuts": [{"caller": each.caller, "until": to_datetime(each.until)} for each in calendar.opt_outs],
        "rehearsal": calendar.rehearsal,
        "log": [
            {"at": to_datetime(each.at), "by": each.by, "what": each.what, "reason": each.reason}
            for each in calendar.log
        ],
        "version": calendar.version + 1,
    }


def _dated(brown_out: BrownOut) -> Document:
    return {
        "start": to_datetime(brown_out.start),
        "end": to_datetime(brown_out.end),
        "withheld": brown_out.withheld,
        "withheldAt": None if brown_out.withheld_at is None else to_datetime(brown_out.withheld_at),
    }


def _brown_out(stored: StoredBrownOut) -> BrownOut:
    at = None if stored.withheld_at is None else to_ms(stored.withheld_at)
    return BrownOut(to_ms(stored.start), to_ms(stored.end), stored.withheld, at)


def _counted(call: V1Call, at: int) -> list[Document]:
    """What a call changes of its row, as a pipeline: days that are too old go, names that share the row have none."""
    moment, today, oldest = to_datetime(at), day_of(at), day_of(at - KEPT_DAYS * DAY_MS)
    days, client = {"$objectToArray": {"$ifNull": ["$days", {}]}}, {"$literal": call.client}
    is_known = {"$eq": [{"$ifNull": ["$client", client]}, client]}
    row = {
        "user": call.caller,
        "client": {"$cond": [is_known, client, SEVERAL]},
        "route": {"$literal": call.route},
        "first": {"$min": ["$first", moment]},
        "last": {"$max": ["$last", moment]},
        "days": {"$arrayToObject": {"$filter": {"input": days, "cond": {"$gte": ["$$this.k", oldest]}}}},
    }
    once_more = {"$add": [{"$ifNull": [f"$days.{today}", 0]}, 1]}
    return [{"$set": row}, {"$set": {f"days.{today}": once_more}}]


def _caller(row: Mapping[str, Any], since: int) -> V1Caller:
    call = V1Call(row["user"], row["client"], row["route"])
    return V1Caller(call, to_ms(row["first"]), to_ms(row["last"]), days_since(row["days"], since))
