"""Counts of comparisons, in ``gate_evidence``: one document per component and code, each change one update.

A comparison that has a row in ``backend_comparisons`` is counted in one transaction with it.
Which equal answers were counted already is in ``gate_agreements``: an id is a digest, a row has the user's pseudonym,
so that an account's end finds it. A row that was written by somebody who died before the count is one agreement less.
Outside the session filter: nobody is named here.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import log
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError
from typing_extensions import override

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.gate.counted import Counted, CountedEvidence, Counting, DifferenceSeen
from chalicelib.domain.migration.gate.evidence import PairCount
from chalicelib.domain.migration.gate.pairs import ERRORS, LATENCY, MOST_EVIDENCE, Pair, PairTest
from chalicelib.domain.migration.records.comparison_log import ComparisonResult
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.comparisons import row_of
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    instant_of,
    time_limit,
)
from chalicelib.repositories.transactions import in_transaction

MOST_AGREEMENTS = 10_000  # this many equal answers in a row say everything; more would only fill the database
TESTS: Mapping[str, PairTest] = {"errors": ERRORS, "latency": LATENCY}


class MongoCountedEvidence(CountedEvidence):
    """``CountedEvidence`` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._comparisons = database[Collections.COMPARISONS]
        self._evidence = database[Collections.GATE]
        self._agreements = database[Collections.AGREEMENTS]

    @override
    def count(self, counting: Counting, at: int) -> None:
        with time_limit(READ_SECONDS):
            self._agree(counting, self._add(counting, at), at)

    @override
    def record(self, compared: ComparisonResult, counting: Counting, pseudonyms: Pseudonyms, at: int) -> None:
        def both(session: ClientSession) -> Document:
            self._comparisons.insert_one(row_of(compared, pseudonyms, at), session=session)
            return self._add(counting, at, session)

        stored = in_transaction(self._database, READ_SECONDS, both)
        with time_limit(READ_SECONDS):
            self._agree(counting, stored, at)

    @override
    def counted(self, component: Component, code: str) -> Counted:
        with time_limit(READ_SECONDS):
            found = self._evidence.find_one({"_id": _key(component, code)})
        return Counted() if found is None else _counted(found)

    @override
    def known(self, component: Component) -> Sequence[str]:
        """Use the index on the component."""
        with time_limit(READ_SECONDS):
            found = self._evidence.find({"component": component.value}, ["differences"])
            return sorted({fingerprint for document in found for fingerprint in document["differences"]})

    @override
    def answered(self, fingerprint: str) -> None:
        """Use the index on the fingerprints."""
        with time_limit(READ_SECONDS):
            self._evidence.update_many({f"differences.{fingerprint}.seen": {"$exists": True}}, [{"$set": _new_run()}])

    @override
    def gone(self, fingerprint: str, component: Component, code: str, at: int) -> None:
        gone = _beginning(component, code) | _new_run() | _differing([fingerprint], "gone", at)
        with time_limit(READ_SECONDS):
            self._evidence.update_one({"_id": _key(component, code)}, [{"$set": gone}], upsert=True)

    def _add(self, counting: Counting, at: int, session: ClientSession | None = None) -> Document:
        """Count all but an agreement; returns the run and its agreements."""
        stored: Any = self._evidence.find_one_and_update(
            {"_id": _key(counting.component, counting.code)},
            [{"$set": _added(counting, at)}],
            ["run", "agreements"],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return {**stored}

    def _agree(self, counting: Counting, stored: Document, at: int) -> None:
        """Only in the same run: an answer that came meanwhile has begun another one, at 0."""
        if counting.agreement is None or stored["agreements"] >= MOST_AGREEMENTS:
            return
        key, run = _key(counting.component, counting.code), stored["run"]
        name = sha256(f"{key}|{run}|{counting.agreement}".encode()).hexdigest()
        try:
            self._agreements.insert_one({"_id": name, "user": counting.user, "at": to_datetime(at)})
        except DuplicateKeyError:
            return
        self._evidence.update_one({"_id": key, "run": run}, {"$inc": {"agreements": 1}})


def _key(component: Component, code: str) -> str:
    return f"{component}|{code}"


def _beginning(component: Component, code: str) -> Document:
    """What a document has from its beginning on; what is there stays."""
    return {
        "component": component.value,
        "code": code,
        "run": {"$ifNull": ["$run", 0]},
        "agreements": {"$ifNull": ["$agreements", 0]},
    }


def _new_run() -> Document:
    """The next run of agreements, at 0."""
    return {"agreements": 0, "run": {"$add": [{"$ifNull": ["$run", 0]}, 1]}}


def _added(counting: Counting, at: int) -> Document:
    """What an update sets, by what is stored. A difference that somebody answers for ends no run."""
    added = _beginning(counting.component, counting.code) | _differing(counting.differences, "seen", at)
    if counting.differences and not counting.is_answered:
        added |= _new_run()
    for name, pair in (("errors", counting.errors), ("latency", counting.latency)):
        added |= _pair_added(name, pair, TESTS[name])
    return added


def _differing(fingerprints: Sequence[str], what: str, at: int) -> Document:
    """What was seen of differences now, beside those that are there; the moment keeps the document."""
    moment = to_datetime(at)
    if not fingerprints:
        return {"at": moment, "differences": {"$ifNull": ["$differences", {"$literal": {}}]}}
    return {"at": moment} | {f"differences.{name}.{what}": moment for name in fingerprints}


def _pair_added(name: str, pair: Pair, test: PairTest) -> Document:
    """The counts with one more, and the highest evidence so far: as ``PairTest.after`` does."""
    against, favour = _number(f"{name}.against", pair is Pair.AGAINST), _number(f"{name}.favour", pair is Pair.FAVOUR)
    money = {"$add": [{"$multiply": [against, test.won]}, {"$multiply": [favour, test.lost]}]}
    evidence = {"$exp": {"$min": [money, log(MOST_EVIDENCE)]}}
    return {
        f"{name}.against": against,
        f"{name}.favour": favour,
        f"{name}.peak": {"$max": [{"$ifNull": [f"${name}.peak", 1.0]}, evidence]},
    }


def _number(field: str, more: bool) -> Document:
    return {"$add": [{"$ifNull": [f"${field}", 0]}, int(more)]}


def _counted(found: Document) -> Counted:
    seen = {name: _seen(difference) for name, difference in found["differences"].items()}
    return Counted(found["agreements"], seen, _pairs(found.get("errors")), _pairs(found.get("latency")))


def _seen(difference: Mapping[str, Any]) -> DifferenceSeen:
    return DifferenceSeen(instant_of(difference.get("seen")), instant_of(difference.get("gone")))


def _pairs(stored: Mapping[str, Any] | None) -> PairCount:
    return PairCount(stored["against"], stored["favour"], stored["peak"]) if stored else PairCount()
