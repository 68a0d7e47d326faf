"""The end of an account on the deployed stack: the person's id is nowhere any more, and no event brings it back."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.flags.changes.request import ChangeRequest
from chalicelib.repositories.database import open_database
from infra.targets.flags import Flags
from tests.e2e.account import Account
from tests.e2e.conftest import TABLE, Answer, Deployed, eventually
from tests.e2e.dead_letters import infra, put, shown

pytestmark = pytest.mark.long

FILE = b"date,type,amount\n2022-05-31,power,900\n2022-06-30,gas,20\n"
FUNCTION = "EnergyReadingCreatedHandler"
RAW: bson.CodecOptions[Any] = bson.CodecOptions(document_class=RawBSONDocument)


@pytest.fixture
def database(deployed: Deployed) -> Iterator[Database[Any]]:
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    yield database
    database.client.close()


@pytest.fixture
def person(deployed: Deployed, flags: Flags) -> str:
    """Somebody who has written, imported and looked, whom an operator has blocked, and whom a dead letter names."""
    user = f"auth0|{uuid4().hex}"
    assert deployed.record(user, "2023-01-31", 1000).status == 201
    assert deployed.request("POST", "/v2/energy/import", FILE, user=user, content_type="text/csv").status == 200
    assert deployed.request("GET", "/components/dashboard", user=user).status == 200
    shown(deployed, user, 2)
    for block in ((user,), ("somebody",)):
        flags.operations.changes.set(TABLE, FlagPatch(block=block), ChangeRequest(flags.by, f"because of {user}"))
    put(deployed, {"version": 1, "userId": user, "meter": {"type": user}})
    eventually(lambda: infra(deployed, "dlq", "ls", "--json"), lambda letters: user in letters, 60)
    return user


def erased(deployed: Deployed, user: str) -> Answer:
    return deployed.request("DELETE", "/v2/account?confirm=erase", user=user)


def stands_in(deployed: Deployed, database: Database[Any], flags: Flags, user: str) -> list[str]:
    """Where the id is, byte by byte: collections, dead letters, versions of the flags, lines of functions."""
    mark = user.partition("|")[2].encode()
    places = {
        name: [bytes(document.raw) for document in database.get_collection(name, codec_options=RAW).find()]
        for name in database.list_collection_names()
    }
    home = flags.operations.overview.home
    places["dead letters"] = [infra(deployed, "dlq", "ls", "--json").encode()]
    places["versions"] = [home.content(number) for number in home.versions()]
    logs = deployed.layout.functions_log
    places["log"] = [file.read_bytes() for file in logs.parent.glob(f"{logs.name}*")]
    return [name for name, found in places.items() if any(mark in content for content in found)]


def test_an_erased_person_is_nowhere_and_a_replayed_event_changes_nothing(
    deployed: Deployed, database: Database[Any], flags: Flags, person: str
) -> None:
    before = set(stands_in(deployed, database, flags, person))
    assert before >= {"energies", "meters", "imports", "flag_changes", "dead letters", "versions"}
    assert "log" not in before
    assert b"event handled" in deployed.layout.functions_log.read_bytes()

    receipt = eventually(lambda: erased(deployed, person), lambda answer: answer.status == 200, 150).json
    assert receipt["state"] == "erased"
    assert (receipt["deleted"]["lists of the flags"], receipt["deleted"]["dead letters"]) == (1, 1)
    assert receipt["deleted"]["old versions of the flags"] >= 1
    assert stands_in(deployed, database, flags, person) == []

    account = Account(deployed)
    handled = account.handled(FUNCTION)
    instant = "2023-01-30T23:00:00Z"
    meter = {"type": "power", "sourceVersion": 1, "first": instant, "last": instant}
    again = {"version": 1, "eventId": str(uuid4()), "occurredAt": instant, "readingId": "1", "userId": person}
    put(deployed, {**again, "meter": meter})
    eventually(lambda: account.handled(FUNCTION), lambda count: count > handled)
    assert stands_in(deployed, database, flags, person) == []
