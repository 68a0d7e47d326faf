"""A rebuild that workers do, on a real database: they divide it, one is killed, an account ends meanwhile."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.meters.fan_out import FanOut, MeterRange, RangeClaim
from chalicelib.domain.meters.walks import Walk
from chalicelib.repositories.checkpoints import leave_out
from chalicelib.repositories.displayed_meters import MongoDisplayedMeters
from chalicelib.repositories.fan_out import MongoFanOutRecords
from chalicelib.services.refresh.fan_out import SILENT_SECONDS, RangeState
from tests.fakes.dead_letters import Killed
from tests.integration.deployment import GAS, POWER, Deployment

pytestmark = pytest.mark.long

PEOPLE = 30
WALK = Walk.REBUILD


@pytest.fixture
def deployed(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Thirty people, each third one with two meters, all of them to be calculated."""
    monkeypatch.setattr("chalicelib.services.refresh.fan_out.METERS_OF_A_STEP", 3)
    deployed = Deployment(migrated)
    for number in range(PEOPLE):
        user = f"{number:02}-{uuid4().hex}"
        for kind in (POWER, GAS) if number % 3 == 0 else (POWER,):
            deployed.create(user, "2024-01-31", 5, kind)
    return deployed


def documents(database: Database[Any]) -> list[dict[str, Any]]:
    return list(database["control"].find({"_id": {"$regex": "^fan_out:"}}))


def test_ranges_of_about_one_size_hold_every_meter_once_and_nobody_is_in_two(deployed: Deployment) -> None:
    meters = MongoDisplayedMeters(deployed.database, 20)
    bounds = meters.bounds(4)
    assert 1 <= len(bounds) <= 3
    assert bounds == sorted(bounds)
    everybody = list(meters.meters())
    walk = deployed.operations.fan_out._walk
    ends = zip([None, *bounds], [*bounds, None], strict=True)
    pages = [[meter for page in walk.pages(within=MeterRange(*end)) for meter in page] for end in ends]
    assert [meter for page in pages for meter in page] == everybody
    people = [{user for user, _ in page} for page in pages]
    assert sum(map(len, people)) == PEOPLE
    assert MongoDisplayedMeters(deployed.database, 20).bounds(1) == []


def test_of_no_meter_there_is_one_range(migrated: Database[Any]) -> None:
    assert MongoDisplayedMeters(migrated, 20).bounds(50) == []


def test_what_workers_calculate_is_what_is_shown(deployed: Deployment) -> None:
    begun = deployed.operations.fan_out.begin(WALK, 5)
    assert len(deployed.queue.sent) == len(begun.ranges)
    assert set(deployed.work()) == {RangeState.DONE}
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert (progress.done, progress.seen.meters, progress.seen.differences) == (len(begun.ranges), 40, 0)
    assert progress.fan_out.finished
    checked = deployed.operations.rebuild.check()
    assert (checked.meters, checked.lagging, checked.differences) == (40, 0, 0)


def test_workers_bring_up_what_lags_and_what_an_older_calculation_shows_and_nothing_else(deployed: Deployment) -> None:
    deployed.operations.fan_out.begin(Walk.SWEEP, 3)
    assert set(deployed.work()) == {RangeState.DONE}
    checked = deployed.operations.rebuild.check(restart=True)
    assert (checked.meters, checked.lagging, checked.differences) == (40, 0, 0)
    calculated = {each["_id"]: each["calculatedAt"] for each in deployed.database["display_energy_data"].find()}
    outdated = [f"{user}|power" for user in deployed.database["meters"].distinct("userId")[:7]]
    deployed.database["meters"].update_many({"_id": {"$in": outdated}}, {"$set": {"series.calculation": 1}})
    assert deployed.operations.sweeper.outdated() == 7
    deployed.operations.fan_out.begin(Walk.SWEEP, 3)
    deployed.work()
    assert deployed.operations.sweeper.outdated() == 0
    again = {each["_id"]: each["calculatedAt"] for each in deployed.database["display_energy_data"].find()}
    assert {key.rpartition("|power|")[0] for key in again if again[key] != calculated.get(key)} == {
        meter.removesuffix("|power") for meter in outdated
    }
    assert deployed.operations.rebuild.check(restart=True).differences == 0


def test_the_range_of_a_worker_that_was_killed_is_done_by_another_one(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.operations.fan_out.begin(WALK, 2)
    renewed: list[str] = []
    renew = deployed.operations.rebuild._recalculation.renew

    def die_at_the_sixth(user: str, kind: Any) -> bool:
        if len(renewed) == 5:
            renewed.append("killed")
            raise Killed
        renewed.append(f"{user}|{kind}")
        return renew(user, kind)

    monkeypatch.setattr(deployed.operations.rebuild._recalculation, "renew", die_at_the_sixth)
    message = deployed.queue.sent[0]
    with pytest.raises(Killed):
        deployed.work(claim_seconds=0)
    deployed.queue.sent.append(message)
    assert set(deployed.work()) == {RangeState.DONE}
    assert len(set(renewed) - {"killed"}) == 40
    assert len(renewed) <= 40 + 3 + 1, "three meters are a step"
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert progress.seen.meters == 40


def test_where_a_range_ends_at_somebody_whose_account_ends_the_walk_is_over(deployed: Deployment) -> None:
    begun = deployed.operations.fan_out.begin(WALK, 5)
    other = deployed.operations.fan_out.begin(Walk.CHECK, 1)
    assert deployed.operations.fan_out.work(deployed.queue.sent[0], 60, 60) is RangeState.DONE
    user = begun.bounds[0][0]
    leave_out(deployed.database, lambda text: text == user)
    assert user not in str(documents(deployed.database))
    assert deployed.operations.fan_out.progress(WALK) is None
    assert deployed.operations.fan_out.progress(Walk.CHECK) is not None
    assert set(deployed.work()) == {RangeState.PAST, RangeState.DONE}
    assert other.bounds == ()


def test_what_is_lost_is_sent_again_by_the_clock_of_the_database(deployed: Deployment) -> None:
    fan_out = deployed.operations.fan_out
    ranges = len(fan_out.begin(WALK, 4).ranges)
    deployed.queue.sent = [deployed.queue.sent[0]]
    deployed.work()
    before = {"_id": "fan_out:rebuild"}
    assert fan_out.send_lost() == 0
    deployed.database["control"].update_one(before, {"$inc": {"sent": -round(SILENT_SECONDS * 1000) + 30_000}})
    assert fan_out.send_lost() == 0
    deployed.database["control"].update_one(before, {"$inc": {"sent": -30_000}})
    assert fan_out.send_lost() == ranges - 1
    assert fan_out.send_lost() == 0
    deployed.work()
    progress = fan_out.progress(WALK)
    assert progress is not None
    assert progress.fan_out.finished
    assert progress.seen.meters == 40


@pytest.mark.parametrize(
    "change", [{"$unset": {"sent": 1}}, {"$set": {"sent": None, "later": 1}}], ids=["older", "newer"]
)
def test_a_walk_whose_document_another_release_wrote_goes_on(deployed: Deployment, change: dict[str, Any]) -> None:
    ranges = len(deployed.operations.fan_out.begin(WALK, 4).ranges)
    deployed.queue.sent.clear()
    deployed.database["control"].update_one({"_id": "fan_out:rebuild"}, change)
    assert deployed.operations.fan_out.send_lost() == ranges
    assert deployed.operations.fan_out.send_lost() == 0
    assert set(deployed.work()) == {RangeState.DONE}


@pytest.mark.parametrize("damaged", [{"bounds": 5}, {"started": "once"}, {"walk": "another"}])
def test_a_walk_that_nobody_can_read_is_none_and_is_begun_again(deployed: Deployment, damaged: dict[str, Any]) -> None:
    begun = deployed.operations.fan_out.begin(WALK, 2)
    deployed.database["control"].update_one({"_id": "fan_out:rebuild"}, {"$set": damaged})
    assert set(deployed.work()) == {RangeState.PAST}
    assert deployed.operations.fan_out.begin(WALK, 2).id != begun.id


def test_a_range_that_nobody_can_read_counts_as_not_begun(deployed: Deployment) -> None:
    deployed.operations.fan_out.begin(WALK, 2)
    first = deployed.queue.sent.pop(0)
    assert deployed.operations.fan_out.work(first, 60, 60) is RangeState.DONE
    deployed.database["control"].update_one({"number": first.number}, {"$set": {"meters": "many"}})
    deployed.work()
    progress = deployed.operations.fan_out.progress(WALK)
    assert progress is not None
    assert not progress.fan_out.finished


@pytest.mark.parametrize("what", ["begin", "forget"])
def test_ranges_of_a_walk_that_is_begun_while_the_one_before_is_taken_away_stay(
    migrated: Database[Any], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    mine, another = MongoFanOutRecords(migrated), MongoFanOutRecords(migrated)
    begun = [FanOut(WALK, key, 1, 1, SyncMode.DUAL_WRITE, "c1", 1) for key in ("before", "mine", "another")]
    mine.begin(begun[0])
    assert mine.claim(begun[0], 0, 60)
    claims: list[RangeClaim | None] = []
    take_away = Collection.delete_many

    def first(collection: Collection[Any], *given: Any) -> Any:
        monkeypatch.setattr(Collection, "delete_many", take_away)
        another.begin(begun[2])
        claims.append(another.claim(begun[2], 0, 60))
        return collection.delete_many(*given)

    monkeypatch.setattr(Collection, "delete_many", first)
    mine.begin(begun[1]) if what == "begin" else mine.forget(WALK)
    assert mine.fan_out(WALK) == begun[2]
    [claim] = claims
    assert claim is not None
    assert mine.save(claim, replace(claim.progress, done=True)), "who works on it goes on"
    assert [each["_id"] for each in documents(migrated)] == ["fan_out:rebuild", "fan_out:rebuild:another:000000"]
