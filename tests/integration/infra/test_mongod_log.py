"""The log of a stack's database says nothing of what people store or ask for, and is its owner's alone."""

from pathlib import Path
from typing import Any

from pymongo import MongoClient

from infra.local.throwaway import mongod

MARKED = "marked-7f3a91"
SLOW = "sleep(150); return true"  # the server's own limit is 100 ms


def test_slow_commands_are_not_in_the_log_of_the_database() -> None:
    with mongod() as uri, MongoClient[dict[str, Any]](uri) as client:
        data = Path(client.admin.command("getCmdLineOpts")["parsed"]["storage"]["dbPath"])
        readings = client["energy"]["readings"]
        readings.insert_one({"userId": MARKED, "amount": 1})
        assert list(readings.find({"userId": MARKED, "$where": SLOW}))
        readings.update_many({"userId": MARKED, "$where": SLOW}, {"$set": {"comment": MARKED}})
        readings.delete_many({"userId": MARKED, "$where": SLOW})
        log = data.parent / "logs" / "mongod.log"
        said = log.read_text()
    assert "Waiting for connections" in said
    assert MARKED not in said
