"""A person of whom everything is stored that can be, damages included, and finding their id in all bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from chalicelib.bootstrap.container import (
    Container,
    now,
)
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.migration.records.comparison_log import ComparisonResult, Outcome, Request
from chalicelib.domain.migration.records.decision import Decision
from chalicelib.domain.migration.records.usage import BackendUsage
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.comparisons import MongoComparisonLog
from chalicelib.repositories.control import sync_document
from chalicelib.repositories.people import OWNER, PEOPLE
from chalicelib.repositories.quarantine import quarantine_all
from chalicelib.services.recording.configuration import ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.local.waiting import wait_until
from tests.migrated_databases import filled

POWER, GAS = EnergyType
PSEUDONYMS = Pseudonyms(b"the key of these tests")
FILE = b"date,type,amount\n2021-05-31,power,900\n2022-06-30,power,1600\n2022-06-30,gas,20\n"
SECOND = b"date,type,amount\n2023-01-31,power,2000\n2022-06-30,power,1601\n"
CONFIRM = ImportOptions(confirm=True)
REPLACE = ImportOptions(on_conflict="replace", confirm=True)
WHEN = datetime(2024, 1, 31, tzinfo=UTC)


@dataclass
class Person:
    """Somebody with an id that is found wherever it is."""

    database: Database[Any]
    container: Container
    user: str = field(default_factory=lambda: f"person|{uuid4().hex}")

    @property
    def pseudonym(self) -> str:
        """What others see in their place."""
        return PSEUDONYMS.of("user", self.user)

    def live(self) -> None:
        """Record, import, correct, exchange and choose as people do; what they have is displayed."""
        self.container.imports.bulk_create(self.user, FILE, CONFIRM)
        self.container.imports.bulk_create(self.user, SECOND, REPLACE)
        self.create("2023-04-30", 2500)
        self.container.configuration.add_exchange(
            self.user, ExchangeDraft(POWER, "2023-06-30T12:00Z", Decimal(2600), confirm=True)
        )
        registers = {POWER: Register(Decimal(100_000)), GAS: Register()}
        self.container.configuration.change(self.user, UserSettings(ZoneInfo("America/New_York")), registers)
        self.refresh()

    def create(self, date: str, amount: int) -> None:
        """One reading of the power meter."""
        self.container.energy.create(self.user, ReadingDraft(POWER, date, Decimal(amount), confirm=True))

    def refresh(self) -> None:
        """What an event would bring about."""
        for kind in EnergyType:
            self.container.calculation.refresh(self.user, kind)

    def be_damaged(self) -> list[Any]:
        """Damages of every kind; returns the ids of readings that nothing but their twin connects with the person."""
        energies, new = self.database["energies"], self.database["source_energy_readings"]
        nobodys = ObjectId()
        twin = {"_id": nobodys, "userId": self.user, "type": "gas", "date": WHEN, "amount": Decimal(30)}
        new.insert_one({**twin, "revision": 1, "createdAt": WHEN, "updatedAt": WHEN})
        energies.insert_one({"_id": nobodys, "type": "gas", "date": WHEN, "amount": 30.0})
        known = ObjectId()
        energies.insert_one({"_id": known, "date": "a text", "amount": None})
        self.database["quarantined_readings"].insert_one(
            {"_id": known, "userId": 17, "collection": "energies", "document": {}, "twin": {**twin, "_id": known}}
        )
        energies.insert_many(
            [
                {"userId": self.user, "type": "power", "date": WHEN, "amount": "much"},
                {"userId": self.user, "type": "water", "date": WHEN, "amount": 1.5},
                {"userId": [self.user], "type": "gas", "date": WHEN, "amount": 2},
                {"_id": f"{self.user} by hand", "userId": self.user, "type": "gas", "date": None, "amount": 3},
                *({"userId": self.user, "type": "gas", "date": WHEN.replace(day=2), "amount": n} for n in (40, 41)),
            ]
        )
        quarantine_all(self.database, Side.OLD)
        self.database["meters"].insert_one({"_id": f"{self.user}|water", "userId": self.user})
        self.database["display_energy_data"].update_one(
            {"_id": {"$regex": "^person"}, "userId": self.user}, {"$set": {"userId": "somebody else's"}}
        )
        self.database["meter_series"].insert_one({"_id": f"{self.user}|gas|x", "userId": 5})
        return [nobodys, known]

    def be_observed(self) -> None:
        """What the rollout, operators and jobs remember."""
        decision = Decision(Backend.NEW, "percentage_in")
        usage = BackendUsage(Component.DASHBOARD, self.user, decision, 1.5, True, None, {"consistent": False})
        self.container.usage.log_backend_usage(usage)
        logs = self.database["backend_usage_logs"]
        assert wait_until(lambda: logs.find_one({"userId": self.user}) is not None, 10)
        self.compared()
        detail = {"version": 1, "userId": self.user, "meter": {"type": "power"}}
        message = json.dumps({"requestPayload": {"detail": detail}, "responseContext": {}})
        quoted = json.dumps({"errorMessage": f'dup key: {{ userId: "{self.user}" }}'})
        self.database["discarded_events"].insert_many(
            [{"_id": uuid4().hex, "reason": "old", "message": text} for text in (message, quoted)]
        )
        kept = {"run": "repair-1", "side": "old", "type": "gas", "reading": 1, "after": None, "at": datetime.now(UTC)}
        named = {"userId": self.user, "type": "gas", "date": WHEN, "amount": 1}
        self.database["repaired_readings"].insert_many(
            [
                {**kept, "userId": self.user, "before": named},
                {**kept, "userId": "neighbour", "before": named},
            ]
        )
        finding = {"user_id": self.user, "type": "gas", "collection": "meters", "document": "x", "problem": "y"}
        self.database["control"].insert_many(
            [
                {"_id": "backfill", "since": None, "userId": self.user, "type": "gas", "at": WHEN},
                {"_id": "sync_job", "position": None, "difference": {"since": None, "after": [self.user, "power"]}},
                {"_id": "verify", "after": ["neighbour", "gas"], "findings": [finding]},
                {"_id": "rebuild", "after": [self.user, "gas"], "findings": []},
            ]
        )
        self.database["migrations"].update_one({}, {"$set": {"error": f"a document of {self.user}|gas is in the way"}})

        self._in_every_collection()

    def _in_every_collection(self) -> None:
        """A document in each of those that name people and that nothing of this story has filled."""
        for name, holds in PEOPLE.items():
            named = holds.named(self.user, self.pseudonym)
            if named and not self.database[name].find_one(named):
                ids = {OWNER: self.user} if holds.fields else {}
                self.database[name].insert_one({"user": self.pseudonym, "at": datetime.now(UTC), **ids})

    def compared(self) -> None:
        """Both backends were asked the same."""
        request = Request(Component.DASHBOARD, self.user, {"consistent": False})
        MongoComparisonLog(self.database).add(ComparisonResult(request, Outcome.EQUAL), PSEUDONYMS, now())

    def stands_in(self) -> dict[str, int]:
        """In how many documents of which collection the person's id is, at any place, in any form of text."""
        marked = self.user.encode()
        found = {
            name: sum(marked in document for document in raw(self.database, name))
            for name in filled(self.database, self.database.list_collection_names())
        }
        return {name: count for name, count in found.items() if count}


def neighbours(person: Person) -> list[Person]:
    """Other people: this person's id begins with that of one, those of the others come before and behind it."""
    others = [Person(person.database, person.container, user) for user in (person.user[:-1], "neighbour", "zoe")]
    for other in others:
        other.live()
    return others


def raw(database: Database[Any], name: str) -> Iterator[bytes]:
    """The stored bytes of a collection's documents."""
    options = bson.CodecOptions(document_class=RawBSONDocument)
    for document in database.get_collection(name, codec_options=options).find({}):
        yield bytes(document.raw)  # else a view, which is searched for a byte alone


def of_others(person: Person) -> dict[str, set[bytes]]:
    """The stored bytes of every document that holds nothing of a person; without what jobs and erasures remember."""
    of_them = (person.user.encode(), person.pseudonym.encode())
    names = set(person.database.list_collection_names()) - {"control", "erasures", "migrations"}
    return {
        name: {document for document in raw(person.database, name) if not any(part in document for part in of_them)}
        for name in names
    }


def set_mode(database: Database[Any], mode: SyncMode) -> None:
    """As if it had been so for long."""
    database["control"].replace_one({"_id": "sync_mode"}, sync_document(mode, 0), upsert=True)
