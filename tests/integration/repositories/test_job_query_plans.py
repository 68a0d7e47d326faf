"""Migrations and system jobs look things up by an index, except in the passes over everything that are listed here.

A new pass needs a line with its reason here; a line that nothing needs any more fails too.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.packing import Packed
from chalicelib.domain.readings import FIRST_INSTANT
from chalicelib.repositories.database import open_database
from infra.local.demo import old_energies
from migrations import (
    roundtrip,
    runner,
)
from migrations.errors import LockedError
from migrations.ledger import COLLECTION, State
from migrations.lock import Lock
from tests.integration.deployment import Deployment
from tests.integration.repositories.explaining import WITHOUT_INDEX, Plan, planned
from tests.integration.repositories.inherited_database import set_mode

pytestmark = [pytest.mark.long, pytest.mark.plans]

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
ALL = 99

INHERITED = "what is wrong with an inherited document can be anything, and no index of ours is there yet: once"
TAKEN_AWAY = "what a script made is taken from every meter, or goes as a whole: once, when it is reverted"
COPIED = "the proof on a copy compares every document"
LAST_COPIES = "a revert looks at every twin before it takes all of them away"
RECORD = "the record of what cannot be read is short, and each entry of it is looked at"
MIGRATIONS = {
    "aggregate energies $match(amount) $group(_id,n)": INHERITED,
    "aggregate energies $match($nor) $group(_id,n)": INHERITED,
    "find quarantined_readings collection resolvedAt": RECORD,
    "aggregate source_energy_readings $lookup(as,foreignField,from,localField) $match($expr) $unset(twins) "
    "$replaceWith(_id,after,at,before,reading,run,side,type,userId) $merge(into,on)": LAST_COPIES,
    "aggregate repaired_readings $match(run) $group(_id,n)": "one run, by the index on runs",
    "find energies everything limit 1": "whether there is any document at all: the first one will do",
    "update meters everything": TAKEN_AWAY,
    "update meters $or": TAKEN_AWAY,
    "update meters series": TAKEN_AWAY,
    "update meters sweep": TAKEN_AWAY,
    "aggregate meters $match(series) $group(_id,n)": TAKEN_AWAY,
    "delete display_energy_data everything": TAKEN_AWAY,
    **{f"aggregate {name} $out(coll,db)": COPIED for name in roundtrip.COMPARED},
    **{f"find {name} everything": COPIED for name in roundtrip.COMPARED},
}
OPLOG = "a change stream reads the oplog from a time on: the oplog has no index but begins at any time by itself"
JOBS = {
    "find quarantined_readings collection resolvedAt": RECORD,
    "aggregate energies $changeStream()": OPLOG,
    "aggregate energies $changeStream(resumeAfter) $project(clusterTime,documentKey,operationType)": OPLOG,
}


@pytest.fixture
def inherited(mongodb_uri: str) -> Iterator[Database[Any]]:
    """Old readings of some users, defects among them."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    old_energies.fill(database, users=8, readings=20, defective=2)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


def passes(plans: Iterable[Plan]) -> set[str]:
    """What reads a whole collection or sorts in memory."""
    return {str(plan) for plan in plans if plan.stages & WITHOUT_INDEX}


def lookups(plans: Iterable[Plan]) -> set[str]:
    """What is found by an index."""
    return {str(plan) for plan in plans if not plan.stages & WITHOUT_INDEX}


def run_every_command(database: Database[Any]) -> None:
    """There and back, each command with and without ``--execute``; another runner is in the way once."""
    runner.plan(database, "up")
    runner.up(database)
    set_mode(database, DUAL_WRITE)
    with Lock(database[COLLECTION]), pytest.raises(LockedError):
        runner.up(database)
    runner.plan(database, "up")
    runner.up(database)
    runner.status(database)
    runner.resolve(database, "002", State.APPLIED)
    roundtrip.verify(database)
    set_mode(database, OLD_ONLY)
    runner.plan(database, "down", steps=ALL)
    runner.down(database, steps=ALL)


def test_migrations_pass_over_everything_only_where_that_is_meant(mongodb_uri: str, inherited: Database[Any]) -> None:
    with planned(mongodb_uri, inherited.name) as (watched, plans):
        run_every_command(watched)
    assert passes(plans) == MIGRATIONS.keys()
    ledger, lock = "find migrations _id checksum", "update migrations $expr _id"
    checkpoint, twins = "find control _id limit 1", "find energies $and userId"
    assert {
        ledger,
        lock,
        checkpoint,
        twins,
        "findAndModify meters $expr _id displayVersion packing.step userId",
    } <= lookups(plans)


def in_steps(watched: Deployment, user: str) -> None:
    """What a large meter takes: steps of a refresh, and pieces of a comparison."""
    [meter, *_] = watched.container.recalculation.touch(user)
    while watched.ports.packing.pack(user, meter.type, 2) is Packed.MORE:
        pass
    assert watched.container.calculation.refresh(user, meter.type)
    assert len(watched.ports.queries.piece(user, meter.type, FIRST_INSTANT, 2)) == 2


def run_every_job(watched: Deployment, foreign: Database[Any]) -> None:
    """The sync job with and without its position, every change of mode, verify, repair and the sweeper."""
    watched.to(NEW_ONLY, DUAL_WRITE)
    readings = foreign["energies"].find({"userId": old_energies.user_name(5)}).limit(3)
    changed, moved, gone = (reading["_id"] for reading in readings)
    foreign["energies"].update_one({"_id": changed}, {"$set": {"amount": 7.5}})
    foreign["energies"].update_one({"_id": moved}, {"$set": {"type": "gas", "date": old_energies.FIRST}})
    foreign["energies"].delete_one({"_id": gone})
    watched.sync()
    foreign["control"].delete_one({"_id": "sync_job"})
    watched.sync()
    watched.to(OLD_ONLY, DUAL_WRITE)
    watched.operations.sweeper.run_at_once(60)
    watched.operations.consistency.verify()
    in_steps(watched, old_energies.user_name(4))
    foreign["source_energy_readings"].update_one({"userId": old_energies.user_name(6)}, {"$set": {"amount": 3}})
    foreign["display_energy_data"].delete_one({"userId": old_energies.user_name(7)})
    found, left = watched.operations.consistency.repair()
    assert (found.differences, left.differences) == (2, 0)


def test_jobs_find_everything_by_an_index(mongodb_uri: str, inherited: Database[Any]) -> None:
    runner.up(inherited)
    set_mode(inherited, DUAL_WRITE)
    runner.up(inherited)
    with planned(mongodb_uri, inherited.name) as (watched, plans):
        run_every_job(Deployment(watched), inherited)
    assert passes(plans) == JOBS.keys()
    twins, next_meter = (
        "find source_energy_readings $and userId",
        "aggregate energies $match(type,userId) $sort(type,userId) $limit(2000) $group(_id)",
    )
    digests = "aggregate source_energy_readings $match(userId) $group(_id,amounts,count,hashes)"
    assert {twins, next_meter, digests, "update control _id", "find meter_series _id userId"} <= lookups(plans)


def test_what_a_list_does_not_name_would_be_noticed(mongodb_uri: str, inherited: Database[Any]) -> None:
    with planned(mongodb_uri, inherited.name) as (watched, plans):
        watched["energies"].find_one({"amount": 5})
        list(watched["energies"].aggregate([{"$group": {"_id": "$userId"}}, {"$sort": {"_id": 1}}]))
        watched["energies"].find_one({"_id": 5})
    assert passes(plans) == {"find energies amount limit 1", "aggregate energies $group(_id) $sort(_id)"}
    assert lookups(plans) == {"find energies _id limit 1"}
