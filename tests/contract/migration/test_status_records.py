"""Records for the status alone, on the fake and on MongoDB."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, mongo_ports
from chalicelib.domain.migration.status.records import NotPublished, RollbackDrill
from chalicelib.repositories.database import open_database, together
from chalicelib.repositories.status_records import MongoStatusRecords
from infra.local.waiting import wait_until
from infra.simulation.memory.publisher import FakePublisher

DRILL = RollbackDrill(1_700_000_000_000, "energy_forms", "abc", 500, 0, 14.25, True, "dual_write", "shape")


def test_the_last_drill_is_kept_whole(ports: Ports) -> None:
    assert ports.records.drill() is None
    for drill in (DRILL, replace(DRILL, lost_writes=3, passed=False, last_new_answer_seconds=15)):
        ports.records.save_drill(drill)
        assert ports.records.drill() == drill


def test_events_that_were_lost_are_counted_since_the_first(ports: Ports) -> None:
    assert ports.records.not_published() == NotPublished()
    before = ports.sync_control.state().read_at
    first = added(ports, 2)
    assert added(ports, 1) == replace(first, count=3)
    assert before <= (first.since or 0) <= ports.sync_control.state().read_at


def test_an_event_that_was_lost_when_a_request_was_out_of_time_counts_too(mongo: Ports) -> None:
    def add(count: int) -> None:
        with together(0.05):
            wait_until(lambda: False, 0.1)
            mongo.records.add_not_published(count)

    assert added(mongo, 2, add).since


def added(ports: Ports, count: int, add: Callable[[int], None] | None = None) -> NotPublished:
    """Nobody waits for the count, and a busy machine may not give it its little time: it is added until it is seen."""
    wanted = ports.records.not_published().count + count

    def seen() -> bool:
        (add or ports.records.add_not_published)(count)
        return wait_until(lambda: ports.records.not_published().count == wanted, 1)

    assert wait_until(seen, 30)
    return ports.records.not_published()


def test_on_a_database_that_is_up_to_date_no_script_is_open(ports: Ports) -> None:
    assert list(ports.records.open_migrations()) == []


@pytest.mark.parametrize(
    "change",
    [{"$set": {"state": "failed"}}, {"$set": {"state": "applying"}}, {"$unset": {"checksum": ""}}, None],
)
def test_a_script_that_is_not_applied_is_open(migrated: Database[Any], mongo: Ports, change: Any) -> None:
    name = "009_index_calculation_versions"
    if change is None:
        migrated["migrations"].delete_one({"_id": name})
    else:
        migrated["migrations"].update_one({"_id": name}, change)
    assert list(mongo.records.open_migrations()) == [name]


@pytest.fixture
def mongo(request: pytest.FixtureRequest) -> Ports:
    return mongo_ports(cast("Database[Any]", request.getfixturevalue("migrated")), FakePublisher())


@pytest.mark.parametrize("stored", [{"count": "many"}, {"count": 5, "since": 1, "last": 2}, {}])
def test_what_is_no_count_begins_again(migrated: Database[Any], mongo: Ports, stored: dict[str, Any]) -> None:
    migrated["control"].insert_one({"_id": "events_not_published", **stored})
    assert mongo.records.not_published() == NotPublished()
    assert added(mongo, 4).since


def test_after_a_day_without_a_loss_a_new_count_begins(migrated: Database[Any], mongo: Ports) -> None:
    added(mongo, 4)
    day = 24 * 3_600_000
    earlier = {"$subtract": ["$since", day]}
    migrated["control"].update_one(
        {"_id": "events_not_published"}, [{"$set": {"since": earlier, "last": {"$subtract": ["$last", day]}}}]
    )
    assert mongo.records.not_published() == NotPublished()
    assert added(mongo, 1).count == 1


def test_a_database_that_is_away_keeps_nobody_from_going_on() -> None:
    away = open_database("mongodb://127.0.0.1:1/", "nowhere")
    MongoStatusRecords(away).add_not_published(3)
    away.client.close()


@pytest.mark.parametrize("damage", [{"writes": "many"}, {"passed": None}, {"at": 5}])
def test_a_drill_that_nobody_can_read_is_none(migrated: Database[Any], mongo: Ports, damage: dict[str, Any]) -> None:
    mongo.records.save_drill(DRILL)
    migrated["control"].update_one({"_id": "rollback_drill"}, {"$set": damage})
    assert mongo.records.drill() is None


def test_their_documents_are_what_other_releases_read(migrated: Database[Any], mongo: Ports) -> None:
    mongo.records.save_drill(DRILL)
    assert migrated["control"].find_one({"_id": "rollback_drill"}) == {
        "_id": "rollback_drill",
        "at": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "component": "energy_forms",
        "code": "abc",
        "writes": 500,
        "lostWrites": 0,
        "lastNewAnswerSeconds": 14.25,
        "passed": True,
        "mode": "dual_write",
        "shape": "shape",
    }
    lost = added(mongo, 2)
    document = migrated["control"].find_one({"_id": "events_not_published"}) or {}
    assert document.keys() == {"_id", "count", "since", "last"}
    assert (document["count"], round(document["since"].timestamp() * 1000)) == (2, lost.since)
