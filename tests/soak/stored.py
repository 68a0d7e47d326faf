"""Checks of the database at a soak's end: readings beside the ledgers, meters that lag, the operator's two checks."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pymongo.database import Database

from infra.errors import OperatorError
from infra.local.layout import ROOT, Layout
from infra.local.waiting import wait_until
from tests.soak.ledger import Slot
from tests.soak.person import Person

COLLECTIONS = ("energies", "source_energy_readings")
# A transaction that its killed process left open ends after 45 s at the latest; then a failing meter's pause (1 to 4
# minutes), the grace period and a run of the sweeper.
DRAIN_SECONDS = 420.0


def drain(database: Database[Any]) -> int:
    """Wait until the display of every meter has caught up; returns how many have not in time."""
    wait_until(lambda: _lagging(database) == 0, DRAIN_SECONDS)
    return _lagging(database)


def compare(database: Database[Any], people: Sequence[Person]) -> list[str]:
    """Hold both collections to the ledgers; returns all that was acknowledged and denied, then or now."""
    for collection in COLLECTIONS:
        stored = _readings(database, collection)
        for person in people:
            person.ledger.compare(collection, stored[person.user])
    return [f"{person.user}: {line}" for person in people for line in person.ledger.contradictions]


def differences(layout: Layout, *command: str) -> int:
    """What a command such as ``verify`` counts on the stack's database. Raises OperatorError where it fails itself."""
    place = {"MONGODB_URI": layout.mongodb_uri, "MONGODB_DATABASE": layout.database}
    done = subprocess.run(
        [sys.executable, "-m", "infra", *command, "--json"],
        cwd=ROOT,
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise OperatorError(f"{' '.join(command)}: {done.stderr.strip()}")
    return int(json.loads(done.stdout)["differences"])


def _readings(database: Database[Any], collection: str) -> dict[str, dict[Slot, Decimal]]:
    found: dict[str, dict[tuple[str, datetime], Decimal]] = defaultdict(dict)
    for reading in database[collection].find():
        found[reading["userId"]][reading["type"], reading["date"]] = reading["amount"].to_decimal()
    return found


def _lagging(database: Database[Any]) -> int:
    behind = {"$expr": {"$lt": ["$displayVersion", "$sourceVersion"]}}
    return database["meters"].count_documents({"$or": [behind, {"dirtySince": {"$exists": True}}]})
