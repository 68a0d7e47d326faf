"""Writes the twin of every old reading that has none, and the display documents of every meter.

Runs while everybody writes: in ``dual_write``, and drained, so that no write of the mode before can still come.
Interrupted, it goes on where it was. ``down`` deletes the twins and the display documents, in ``old_only`` alone. With
them goes what ``energies`` does not know: whether a reading came by hand or with which file.
"""

from itertools import islice
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.repositories.control import sync_state
from chalicelib.repositories.database import Collections
from chalicelib.repositories.documents import READABLE
from chalicelib.repositories.transactions import in_transaction
from chalicelib.repositories.undecodable import sendable
from migrations import display_documents
from migrations.backfill import TRANSACTION_SECONDS, Backfill, count_meters
from migrations.errors import RefusedError
from migrations.last_copies import keep_last_copies
from migrations.scripts import QUIET, Direction, Run, Step

RESUMABLE = True
AT_ONCE = 5_000  # twins in one transaction
FORMER = (
    "912e19ab878500e3f181094b58af9b1a3af3c204715277e6a1069c446dccd75b",
    "7724db104f8f05ca50c70d51e040943ad429f44b3f3c9b6d50af7e5a4b8eeab2",
    "73fa327eb9349362ea67ad05f9981135d17af8eae287fe9bb596b654ac89f709",
    "b1a2ba86a9db193e3f69b9f3d1756261c353b017aae7157bce0d1caa2768bf1d",
    "f9c931b80c3628b00ccfa9f295ee16e6ef7fc0db30e8ee1e2098a34eb1d2776e",
)
WANTED: dict[Direction, SyncMode] = {"up": SyncMode.DUAL_WRITE, "down": SyncMode.OLD_ONLY}


def refusal(database: Database[Any], direction: Direction) -> str | None:
    """Why not now: another mode, or writes of the mode before could still arrive."""
    sync, wanted = sync_state(database), WANTED[direction]
    if sync.mode is not wanted:
        return (
            f"the mode is {sync.mode}, it must be {wanted}: python -m infra mode set {wanted}, then wait for the drain"
        )
    if sync.catching_up is Side.NEW:
        return "the old side still catches up with the new one; first: python -m infra sync"
    if seconds := sync.drain_seconds():
        return f"the mode is {wanted}, but a write of the mode before may still come; try again in {seconds:.0f} s"
    return None


def preview(database: Database[Any], direction: Direction) -> list[Step]:
    """How much there is to look at; what already has its twin is not written again."""
    new = Step("documents of source_energy_readings", database[Collections.READINGS].estimated_document_count())
    if direction == "down":
        display = database[Collections.DISPLAY].estimated_document_count()
        return [Step(f"delete {new.what}", new.documents), Step("delete documents of display_energy_data", display)]
    readings = database[Collections.ENERGIES].count_documents(READABLE)
    return [
        Step("readings of energies to compare with their twins", readings),
        Step(f"{new.what} there already", new.documents),
        Step("meters to calculate", count_meters(database)),
    ]


def up(database: Database[Any], run: Run = QUIET) -> None:
    """Bring the new side up to date with ``energies``, and the display documents with both."""
    written = Backfill(database, run).run()
    done = (
        "workers have brought both sides together"
        if written is None
        else f"{written} documents of source_energy_readings written"
    )
    run.say(done)


def down(database: Database[Any], run: Run = QUIET) -> None:
    """Delete what ``up`` can make again."""
    run.check()
    if kept := keep_last_copies(database):
        run.say(f"{kept} documents that energies does not have are kept: python -m infra repair runs")
    display_documents.remove_all(database)
    ids = (each["_id"] for each in database[Collections.READINGS].find({}, ["_id"]).sort("_id"))
    while part := list(islice(ids, AT_ONCE)):
        _delete(database, part)
        run.check()


def _delete(database: Database[Any], ids: list[Any]) -> None:
    """Delete some twins, in a transaction that reads the mode as every write does: after another one nothing goes."""

    def work(session: ClientSession) -> None:
        mode = sync_state(database, session).mode
        if mode is not WANTED["down"]:
            raise RefusedError(f"the mode is {mode} by now, and what is left of the new side is in use: it stays")
        database[Collections.READINGS].delete_many(sendable({"_id": {"$in": ids}}), session=session)

    in_transaction(database, TRANSACTION_SECONDS, work)
