"""The end of an account in the database: the fence, then everything that names the person, in bounded steps.

The meters and settings go first: the fence keeps new ones away, and without them no job refreshes, replays or lists
the person. Of readings both sides go together, so that no job finds a side that has lost most of the other's. Each
step is a transaction with its count; doing one again finds nothing. Other people's documents do not change; one that
was damaged and names this person under another's ``_id`` is given back to whose it is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError
from typing_extensions import override

from chalicelib.domain.backends.sync_mode import Side, other_side
from chalicelib.domain.people.account import CLOSED_MS, LATE_MS, Erasure, Erasures, Left
from chalicelib.domain.people.ids import is_about_others, left_out, names, said_in
from chalicelib.domain.readings import EnergyType, to_datetime, to_ms
from chalicelib.repositories.checkpoints import leave_out, leave_out_of_failures
from chalicelib.repositories.control import control_of, database_time, sync_state
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    instant_of,
    meter_id,
    time_limit,
)
from chalicelib.repositories.documents import COLLECTION
from chalicelib.repositories.fence import FENCES, fence_id
from chalicelib.repositories.operator_actions import DISCARDED_BY
from chalicelib.repositories.people import OWNER, PEOPLE, is_theirs, person_of, under_ids_of
from chalicelib.repositories.transactions import in_transaction
from chalicelib.repositories.undecodable import sendable

AT_ONCE = 2_000  # documents in one transaction
# A document that names nobody goes with its twin: it was damaged.
NAMES_NOBODY: Document = {OWNER: {"$not": {"$type": "string"}}}
LATEST_MS = 3_600_000  # how long before the fence something may have begun that still writes outside of a transaction
FIRST = (Collections.METERS, Collections.SETTINGS)
BARE: Document = {"bare": True}  # what the fence has put in the place of meters and settings: it counts for nothing


class MongoErasures(Erasures):
    """``Erasures`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds
        self._fences = control_of(database).with_options(write_concern=WriteConcern("majority"))

    @override
    def begin(self, user_id: str, pseudonym: str) -> Erasure:
        """Do it in one transaction with the person's meters and settings: every write of the person meets it there."""
        with time_limit(self._timeout):
            now = database_time(self._database)
        fence = {
            "_id": fence_id(user_id),
            "receipt": uuid4().hex,
            OWNER: user_id,
            "user": pseudonym,
            "requestedAt": to_datetime(now),
            "opensAt": to_datetime(now + CLOSED_MS),
            "erasedAt": None,
        }

        def work(session: ClientSession) -> Document:
            sync_state(self._database, session)
            if standing := self._fences.find_one({"_id": fence["_id"]}, session=session):
                return standing
            document = {**fence, "deleted": self._taken(user_id, session)}
            self._fences.insert_one(document, session=session)
            return document

        return _erasure(in_transaction(self._database, self._timeout, work))

    @override
    def standing(self, fence: str) -> Erasure | None:
        with time_limit(READ_SECONDS):
            found = self._fences.find_one({"_id": fence})
        return None if found is None else _erasure(found)

    @override
    def unfinished(self) -> Sequence[Erasure]:
        return [erasure for erasure in self._standing() if erasure.user_id is not None]

    @override
    def removing(self, erasure: Erasure, left: Left) -> Iterator[None]:
        """Meters and settings, readings, what is shown of them, what else names the person."""
        with suppress(_OverError):
            yield from _Removal(self._database, lambda: min(self._timeout, left()), erasure).steps()

    @override
    def note(self, erasure: Erasure, place: str, count: int) -> None:
        same = {"_id": erasure.fence, OWNER: erasure.user_id}
        with time_limit(READ_SECONDS):
            self._fences.update_one(same, {"$inc": {f"deleted.{place}": count}})

    @override
    def finish(self, erasure: Erasure) -> None:
        """Do it in one transaction with the receipt; where somebody else was faster, theirs counts."""

        def work(session: ClientSession) -> None:
            opens = {"$max": ["$opensAt", {"$add": ["$$NOW", LATE_MS]}]}
            unknown: list[Document] = [{"$set": {"erasedAt": "$$NOW", "opensAt": opens}}, {"$unset": [OWNER]}]
            same = {"_id": erasure.fence, OWNER: erasure.user_id}
            if self._fences.update_one(same, unknown, session=session).matched_count:
                done = self._fences.find_one({"_id": erasure.fence}, session=session) or {}
                receipt = {field: done[field] for field in ("requestedAt", "erasedAt", "deleted")}
                self._database[Collections.ERASURES].insert_one({"_id": done["receipt"], **receipt}, session=session)

        in_transaction(self._database, READ_SECONDS, work)

    @override
    def closed(self) -> Callable[[str], bool] | None:
        """Compare by the digests that fences are named by."""
        standing = self._standing()
        return _closed(standing) if standing else None

    @override
    def tidy(self, *, opens: bool) -> int:
        """What came late is known by the pseudonym, or by the digest that the fence is named by."""
        standing = self._standing()
        if not standing:
            return 0
        with time_limit(self._timeout):
            now = database_time(self._database)
            over = [erasure.fence for erasure in standing if erasure.user_id is None and erasure.opens_at <= now]
            for name, holds in PEOPLE.items():
                if holds.late:
                    self._remove_late(name, holds.pseudonym, holds.late, standing)
            leave_out(self._database, _closed(standing))
            if not opens:
                return 0
            return self._fences.delete_many({"_id": {"$in": over}}).deleted_count

    def _standing(self) -> list[Erasure]:
        with time_limit(self._timeout):
            found = [_erasure(fence) for fence in self._fences.find(FENCES)]
        return sorted(found, key=lambda erasure: erasure.requested_at)

    def _taken(self, user_id: str, session: ClientSession) -> dict[str, int]:
        """Put bare documents in the place of meters and settings; returns how many there were."""
        bare: list[tuple[Collections, Document]] = [
            *(
                (Collections.METERS, {"_id": meter_id(user_id, kind), OWNER: user_id, "type": kind.value, **BARE})
                for kind in EnergyType
            ),
            (Collections.SETTINGS, {"_id": user_id, OWNER: user_id, **BARE}),
        ]
        counts: dict[str, int] = {}
        for name, document in bare:
            same = {"_id": document["_id"]}
            done = self._database[name].replace_one(same, document, upsert=True, session=session)
            counts[name.value] = counts.get(name.value, 0) + done.matched_count
        return counts

    def _remove_late(self, name: Collections, pseudonym: str | None, moment: str, standing: Sequence[Erasure]) -> None:
        collection = self._database[name]
        since: Document = {moment: {"$gte": to_datetime(standing[0].requested_at - LATEST_MS)}}
        if pseudonym:
            collection.delete_many({**since, pseudonym: {"$in": [erasure.pseudonym for erasure in standing]}})
            return
        closed = _closed(standing)
        found = collection.find(since, PEOPLE[name].fields)
        late = [item["_id"] for item in found if any(map(closed, said_in({**item, "_id": None, DISCARDED_BY: None})))]
        if late:
            collection.delete_many(sendable({"_id": {"$in": late}}))


class _OverError(Exception):
    """Raised when somebody else has erased the account already."""


class _Removal:
    """The steps of one erasure."""

    def __init__(self, database: MongoDatabase, left: Left, erasure: Erasure) -> None:
        assert erasure.user_id is not None, "who is erased is known until everything is done"  # noqa: S101
        self._database = database
        self._left = left
        self._fence = erasure.fence
        self._user_id = erasure.user_id
        self._pseudonym = erasure.pseudonym

    def steps(self) -> Iterator[None]:
        """All of them. Raises _OverError where somebody else has done it."""
        for name in FIRST:
            yield from self.keyed(name)
        yield from self.readings()
        for name, holds in PEOPLE.items():
            yield from self.keyed(name) if holds.keyed else self.named(name)
        yield from self.discarded()
        with time_limit(self._left()):
            leave_out(self._database, lambda text: text == self._user_id)
            leave_out_of_failures(self._database, self._user_id)

    def keyed(self, name: Collections) -> Iterator[None]:
        """Documents under the person's ids; then those that name the person under another's."""
        for wanted in (under_ids_of(self._user_id), {OWNER: self._user_id}):
            found = self._found(name, wanted, [OWNER])
            theirs = [document["_id"] for document in found if is_theirs(name, document, self._user_id)]
            for start in range(0, len(theirs), AT_ONCE):
                self._counted(name, partial(self._delete, name, {"_id": {"$in": theirs[start : start + AT_ONCE]}}))
                yield
        for document in self._found(name, {OWNER: self._user_id}, [OWNER]):
            self._give_back(name, document["_id"])

    def readings(self) -> Iterator[None]:
        """Delete by the ids of either side on both; the believed side never has fewer than the other meanwhile."""
        with time_limit(self._left()):
            believed = sync_state(self._database).authoritative
        for side in (other_side(believed), believed):
            while found := self._found(COLLECTION[side], {OWNER: self._user_id}, ["_id"], AT_ONCE):
                self._remove_readings([document["_id"] for document in found])
                yield

    def named(self, name: Collections) -> Iterator[None]:
        """What names the person in a field. A damaged reading is known by its entry in the quarantine alone."""
        wanted = PEOPLE[name].named(self._user_id, self._pseudonym)
        while wanted and (found := self._found(name, wanted, ["_id"], AT_ONCE)):
            ids = [document["_id"] for document in found]
            if name is Collections.QUARANTINE:
                self._remove_readings(ids)
            self._counted(name, partial(self._delete, name, {"_id": {"$in": ids}}))
            yield

    def discarded(self) -> Iterator[None]:
        """Dead letters that somebody took away: kept as they were, so they are known as in the queue.

        One about somebody else stays, and only its reason may lose the person.
        """
        letters = self._found(Collections.DISCARDED, {}, None)
        for letter in letters:
            self._leave_out_of_reason(letter)
        ids = [letter["_id"] for letter in letters if self._is_said_in(letter)]
        if ids:
            self._counted(Collections.DISCARDED, partial(self._delete, Collections.DISCARDED, {"_id": {"$in": ids}}))
            yield

    def _is_said_in(self, letter: Document) -> bool:
        """Why it was taken away, an operator has written in words of their own; who that was, is another matter."""
        reason = str(letter.get("reason"))
        said = {name: value for name, value in letter.items() if name not in (DISCARDED_BY, "reason")}
        if names(said, self._user_id):
            return True
        return left_out(reason, self._user_id) != reason and not is_about_others(said, self._user_id)

    def _leave_out_of_reason(self, letter: Document) -> None:
        reason = letter.get("reason")
        if isinstance(reason, str) and (left := left_out(reason, self._user_id)) != reason:
            same = sendable({"_id": letter["_id"], "reason": reason})
            with time_limit(self._left()):
                self._database[Collections.DISCARDED].update_one(same, {"$set": sendable({"reason": left})})

    def _remove_readings(self, ids: Sequence[Any]) -> None:
        theirs = {"_id": {"$in": ids}, "$or": [{OWNER: self._user_id}, NAMES_NOBODY]}
        sides = [(COLLECTION[side], partial(self._delete, COLLECTION[side], theirs)) for side in Side]
        self._counted_together(sides)

    def _give_back(self, name: Collections, key: Any) -> None:
        owner = person_of(name, key)
        damaged = sendable({"_id": key, OWNER: self._user_id})
        with time_limit(self._left()):
            collection = self._database.get_collection(name, write_concern=WriteConcern("majority"))
            try:
                collection.update_one(damaged, {"$set": sendable({OWNER: owner})})
            except DuplicateKeyError:  # a view that the owner has already
                collection.delete_one(damaged)

    def _found(
        self, name: Collections, wanted: Document, fields: Sequence[str] | None, limit: int = 0
    ) -> list[Document]:
        with time_limit(self._left()):
            return list(self._database[name].find(wanted, fields, limit=limit))

    def _delete(self, name: Collections, wanted: Document, session: ClientSession) -> int:
        collection = self._database[name]
        if name in FIRST:
            collection.delete_many(sendable(wanted | BARE), session=session)
        return collection.delete_many(sendable(wanted), session=session).deleted_count

    def _counted(self, name: Collections, work: Callable[[ClientSession], int]) -> None:
        self._counted_together([(name, work)])

    def _counted_together(self, works: Iterable[tuple[Collections, Callable[[ClientSession], int]]]) -> None:
        """Do it in one transaction with its counts, which so are exact wherever it is interrupted.

        Only while the fence names the person: behind it, what is there is of a new beginning.
        """
        fences = control_of(self._database)

        def step(session: ClientSession) -> None:
            counts = {f"deleted.{name}": work(session) for name, work in works}
            same = {"_id": self._fence, OWNER: self._user_id}
            if not fences.update_one(same, {"$inc": counts}, session=session).matched_count:
                raise _OverError

        in_transaction(self._database, self._left(), step)


def _closed(standing: Sequence[Erasure]) -> Callable[[str], bool]:
    fences = {erasure.fence for erasure in standing}
    return lambda text: fence_id(text) in fences


def _erasure(fence: Document) -> Erasure:
    return Erasure(
        fence=fence["_id"],
        receipt=fence["receipt"],
        requested_at=to_ms(fence["requestedAt"]),
        opens_at=to_ms(fence["opensAt"]),
        user_id=fence.get(OWNER),
        pseudonym=fence["user"],
        erased_at=instant_of(fence["erasedAt"]),
        deleted=fence["deleted"],
    )
