"""Figures of answers, in ``usage_hours`` (histograms by component and hour) and ``usage_people`` (who was seen when).

What a ``fold`` adds and its position in the usage log change in one transaction, so each row is added once, whatever
crashes or runs twice at once. Rows behind the position are added while somebody asks: a tail of some minutes, of which
the latest count where it is longer. Outside the session filter: people are pseudonyms here.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.client_session import ClientSession
from typing_extensions import override

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.figures import ComponentFigures, RolloutFigures, Share
from chalicelib.domain.migration.records.hours_of_use import (
    NEVER,
    Additions,
    Answers,
    Hour,
    HourOfUse,
    Place,
    Seen,
    Use,
    hour_of,
)
from chalicelib.domain.readings import to_datetime, to_ms
from chalicelib.repositories.control import database_time
from chalicelib.repositories.database import Collections, Document, MongoDatabase, instant_of, time_limit
from chalicelib.repositories.transactions import in_transaction

POSITION = "position"
# Rows are written without waiting, by machines whose clocks differ by seconds: what is younger may not be whole yet.
SETTLED_MS = 60_000
ROWS_AT_ONCE = 5_000  # in one transaction
TAIL_ROWS = 10_000  # of a component
# What this release can read; another one, or a hand, may have written something else.
READABLE: Document = {
    "component": {"$in": [*Component]},
    "backend": {"$in": [*Backend]},
    "user": {"$type": "string"},
    "elapsedMs": {"$type": "number"},
    "success": {"$type": "bool"},
}
SHOWN = ("at", "component", "backend", "user", "elapsedMs", "success", "reason", "documentVersion")


class MongoRolloutFigures(RolloutFigures):
    """``RolloutFigures`` on MongoDB."""

    def __init__(
        self,
        database: MongoDatabase,
        timeout_seconds: float,
        rows_at_once: int = ROWS_AT_ONCE,
        tail_rows: int = TAIL_ROWS,
    ) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._rows_at_once = rows_at_once
        self._tail_rows = tail_rows

    @override
    def fold(self, until: int) -> int:
        with time_limit(self._timeout):
            now = database_time(self._database)
        upper = min(until, now - SETTLED_MS)
        return in_transaction(
            self._database,
            self._timeout,
            lambda session: _Stored(self._database, session).fold(upper, self._rows_at_once, now),
        )

    @override
    def figures(self, component: Component, since: int) -> ComponentFigures:
        """Count people by an index: the last hour of each is kept, so those seen from an hour on are found."""
        first = hour_of(since)
        with self._snapshot() as stored:
            tail, partial = stored.tail(component, first, self._tail_rows)
            total = HourOfUse()
            for hour in stored.hours(component, first, tail).values():
                total.include(hour)
            total.people = stored.count(component, tail, _since("at", first), lambda seen: _is_since(seen.hour, first))
            total.people_on_new = stored.count(
                component, tail, _since("atOnNew", first), lambda seen: _is_since(seen.hour_on_new, first)
            )
        return replace(total.figures(component, first), partial=partial)

    @override
    def hourly(self, component: Component, since: int) -> Sequence[ComponentFigures]:
        first = hour_of(since)
        with self._snapshot() as stored:
            tail, _ = stored.tail(component, first, self._tail_rows)
            hours = stored.hours(component, first, tail)
        return [hour.figures(component, at) for (_, at), hour in sorted(hours.items())]

    @override
    def share(self, component: Component, document_version: str) -> Share:
        """Use an index; who has come by a later document since then counts there."""
        by_it: Document = {"documentVersion": document_version}
        with self._snapshot() as stored:
            tail, partial = stored.tail(component, 0, self._tail_rows)
            people = stored.count(component, tail, by_it, lambda seen: seen.document_version == document_version)
            new = stored.count(
                component,
                tail,
                by_it | {"inside": True},
                lambda seen: seen.document_version == document_version and seen.inside,
            )
        return Share(people, new, partial)

    @contextmanager
    def _snapshot(self) -> Iterator["_Stored"]:
        """So that a fold meanwhile takes no row from one place to the other."""
        with time_limit(self._timeout), self._database.client.start_session(snapshot=True) as session:
            yield _Stored(self._database, session)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored, as one session sees it."""

    database: MongoDatabase
    session: ClientSession

    def fold(self, until: int, limit: int, now: int) -> int:
        """Add the next rows, and write how far it is."""
        rows = self._next(self._position(), until, limit)
        if not rows:
            return 0
        additions = self._additions(rows)
        hours = [_added(hour, added) for hour, added in additions.hours.items()]
        people = [_remembered(place, seen, now) for place, seen in additions.changed().items()]
        hours.append(UpdateOne({"_id": POSITION}, {"$set": {"upTo": rows[-1]["at"]}}, upsert=True))
        self.database[Collections.USAGE_HOURS].bulk_write(hours, session=self.session)
        if people:
            self.database[Collections.USAGE_PEOPLE].bulk_write(people, session=self.session)
        return len(rows)

    def tail(self, component: Component, since: int, limit: int) -> tuple[Additions, bool]:
        """What the rows behind the position would add, and whether there are more of them than the latest."""
        after = max(self._position(), since - 1)
        wanted = {**READABLE, "component": component.value, "at": {"$gt": to_datetime(after)}}
        found = self.database[Collections.USAGE].find(
            wanted, SHOWN, sort=[("at", DESCENDING)], limit=limit + 1, batch_size=limit + 1, session=self.session
        )
        latest_first = [*found]
        in_order = reversed(latest_first[:limit])  # of one instant, in the order in which they came
        return self._additions(in_order), len(latest_first) > limit

    def hours(self, component: Component, since: int, tail: Additions) -> dict[Hour, HourOfUse]:
        """The hours from one on, the tail included."""
        wanted = {"component": component.value, "at": {"$gte": to_datetime(since)}}
        hours = dict(map(_hour, self.database[Collections.USAGE_HOURS].find(wanted, session=self.session)))
        for hour, added in tail.hours.items():
            hours.setdefault(hour, HourOfUse()).include(added)
        return hours

    def count(self, component: Component, tail: Additions, wanted: Document, is_wanted: Callable[[Seen], bool]) -> int:
        """The people that a condition is true of: those who are stored, as the tail leaves them."""
        of_component: Document = {"component": component.value, **wanted}
        stored = self.database[Collections.USAGE_PEOPLE].count_documents(of_component, session=self.session)
        return stored + sum(
            is_wanted(seen) - is_wanted(tail.known.get(place, NEVER)) for place, seen in tail.seen.items()
        )

    def _position(self) -> int:
        found = self.database[Collections.USAGE_HOURS].find_one({"_id": POSITION}, session=self.session)
        return 0 if found is None else to_ms(found["upTo"])

    def _next(self, after: int, until: int, limit: int) -> list[Document]:
        """The oldest rows behind an instant; a few more than the limit where several have the last one's instant."""
        usage = self.database[Collections.USAGE]
        span: Document = {"$gt": to_datetime(after), "$lte": to_datetime(until)}
        in_order = [("at", ASCENDING)]
        last = usage.find_one({**READABLE, "at": span}, ["at"], sort=in_order, skip=limit - 1, session=self.session)
        if last is not None:
            span["$lte"] = last["at"]
        return [*usage.find({**READABLE, "at": span}, SHOWN, sort=in_order, session=self.session)]

    def _additions(self, rows: Iterable[Document]) -> Additions:
        uses = [*map(_use, rows)]
        return Additions(dict(map(_seen, self._people({(use.component, use.user) for use in uses}))), uses)

    def _people(self, places: Collection[Place]) -> Iterable[Document]:
        if not places:
            return ()
        wanted = {"_id": {"$in": [*map(_person_id, places)]}}
        people = self.database[Collections.USAGE_PEOPLE]
        number = len(places)  # with a limit the server does not wait to be asked whether there are more
        return people.find(wanted, limit=number, batch_size=number, session=self.session)


def _use(row: Document) -> Use:
    return Use(
        Component(row["component"]),
        Backend(row["backend"]),
        row["user"],
        to_ms(row["at"]),
        float(row["elapsedMs"]),
        row["success"],
        row.get("reason"),
        row.get("documentVersion"),
    )


def _person_id(place: Place) -> str:
    component, user = place
    return f"{component.value}|{user}"


def _seen(document: Document) -> tuple[Place, Seen]:
    place = Component(document["component"]), document["user"]
    return place, Seen(
        to_ms(document["at"]), instant_of(document["atOnNew"]), document["documentVersion"], document["inside"]
    )


def _remembered(place: Place, seen: Seen, now: int) -> UpdateOne:
    """``foldedAt``: by it what comes behind the end of an account is found, however old its rows are."""
    component, user = place
    assert seen.hour is not None, "who was seen was seen in an hour"  # noqa: S101
    document = {
        "component": component.value,
        "user": user,
        "at": to_datetime(seen.hour),
        "atOnNew": None if seen.hour_on_new is None else to_datetime(seen.hour_on_new),
        "documentVersion": seen.document_version,
        "inside": seen.inside,
        "foldedAt": to_datetime(now),
    }
    return UpdateOne({"_id": _person_id(place)}, {"$set": document}, upsert=True)


def _added(hour: Hour, added: HourOfUse) -> UpdateOne:
    component, at = hour
    counts: Counter[str] = Counter(people=added.people, peopleOnNew=added.people_on_new)
    for backend, answers in added.backends.items():
        counts[f"{backend.value}.failures"] += answers.failures
        counts.update({f"{backend.value}.buckets.{bucket}": count for bucket, count in answers.buckets.items()})
    named = {"component": component.value, "at": to_datetime(at)}
    return UpdateOne({"_id": f"{component.value}|{at}"}, {"$inc": counts, "$setOnInsert": named}, upsert=True)


def _hour(document: Document) -> tuple[Hour, HourOfUse]:
    backends = {backend: _answers(document[backend.value]) for backend in Backend}
    hour = HourOfUse(backends, document["people"], document["peopleOnNew"])
    return (Component(document["component"]), to_ms(document["at"])), hour


def _answers(stored: Mapping[str, Any]) -> Answers:
    buckets = Counter({int(bucket): count for bucket, count in stored.get("buckets", {}).items()})
    return Answers(stored["failures"], buckets)


def _since(field: str, first: int) -> Document:
    return {field: {"$gte": to_datetime(first)}}


def _is_since(hour: int | None, first: int) -> bool:
    return hour is not None and hour >= first
