"""What was read by itself is in every snapshot that begins afterwards, whatever else is being committed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from chalicelib.repositories.database import open_database
from chalicelib.repositories.transactions import in_transaction

READS = 1_000
LARGE = [{"text": "x" * 1_000} for _ in range(8_000)]


@contextmanager
def writing(database: Database[Any], *work: Callable[[ClientSession], None]) -> Iterator[None]:
    """Each in transactions of its own, one after the other, side by side."""
    done = threading.Event()

    def write(what: Callable[[ClientSession], None]) -> None:
        while not done.is_set():
            in_transaction(database, 20, what)

    threads = [threading.Thread(target=write, args=(what,)) for what in work]
    for thread in threads:
        thread.start()
    yield
    done.set()
    for thread in threads:
        thread.join()


@pytest.mark.long
def test_a_snapshot_holds_what_was_read_before_it(migrated: Database[Any], mongodb_uri: str) -> None:
    database, others = open_database(mongodb_uri, migrated.name), open_database(mongodb_uri, migrated.name)
    meters = database["meters"]

    def count(session: ClientSession) -> None:
        others["meters"].update_one({"_id": 1}, {"$inc": {"version": 1}}, upsert=True, session=session)

    def import_much(session: ClientSession) -> None:
        others["imports"].insert_many([dict(each) for each in LARGE], session=session)

    fallen = []
    with writing(others, count, import_much):
        for _ in range(READS):
            before = (meters.find_one({"_id": 1}) or {"version": 0})["version"]
            after = in_transaction(database, 5, lambda session: meters.find_one({"_id": 1}, session=session))
            fallen += [(before, after)] if (after or {"version": 0})["version"] < before else []
    database.client.close()
    others.client.close()
    assert fallen == []
