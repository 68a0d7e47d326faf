"""A new calculation version: no figure of another one is ever shown, though old code still runs and stores.

The deployed side of this is in ``tests/e2e/test_calculation_version.py``.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports, now
from chalicelib.domain.meters.invariants import calculation_of
from chalicelib.domain.migration.records.comparison_log import Outcome
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.calculation_marks import SHOWN_BY
from chalicelib.repositories.database import open_database
from chalicelib.repositories.lagging import MongoLaggingMeters
from tests.integration.calculation_versions.release_1 import spoil
from tests.integration.calculation_versions.two_functions import (
    GAS,
    NEXT,
    OURS,
    POWER,
    SECONDS,
    YEARS,
    another,
    displayed,
    views,
)
from tests.integration.repositories.explaining import Commands, explanation
from tests.integration.versions.both_versions import V1, V2, BothVersions

# from the first request on


def test_both_versions_of_the_api_agree_on_what_the_former_release_has_stored(former: Database[Any], user: str) -> None:
    before, both = displayed(former), BothVersions(former, stored=False)
    assert both.answers(V2, [user]) == both.answers(V1, [user])
    assert displayed(former) == before, "no refresh has run"


def test_both_backends_agree_on_every_component_before_any_refresh(
    former: Database[Any], user: str, container: Container
) -> None:
    before = displayed(former)
    outcomes = [compared.outcome for compared in container.comparer.of_user(user)]
    assert len(outcomes) > 2 * len(YEARS)
    assert set(outcomes) == {Outcome.EQUAL}
    assert displayed(former) == before


@pytest.mark.usefixtures("former")
def test_what_is_calculated_on_the_spot_is_not_stale_and_its_etag_begins_with_the_calculation_version(
    user: str, container: Container
) -> None:
    version = container.display.monthly(user, POWER, 2023).state.source_version
    for kind in EnergyType:
        for view in views(container.display, user, kind).values():
            assert not view.state.stale
            assert view.etag.startswith(f'"{OURS}.')
    assert container.display.monthly(user, POWER, 2023).etag == f'"{OURS}.{version}"'


@pytest.mark.usefixtures("former")
def test_what_an_older_version_shows_is_no_damage_and_counts_as_not_compared(
    user: str, ports: Ports, container: Container
) -> None:
    check = container.operations.rebuild.check
    found = ports.queries.whole(user, POWER, OURS)
    assert found is not None
    assert found.violations == ()
    seen = check(user)
    assert (seen.meters, seen.lagging, seen.findings) == (2, 2, ())
    container.operations.sweeper.run_at_once(SECONDS)
    assert (check(user).lagging, check(user).findings) == (0, ())


def test_a_view_of_ours_that_is_left_beside_a_meter_without_a_mark_is_not_shown(
    former: Database[Any], user: str, container: Container
) -> None:
    container.operations.sweeper.run_at_once(SECONDS)
    right = container.display.monthly(user, POWER, 2023)
    spoil(former, user)
    assert container.display.monthly(user, POWER, 2023).data != right.data, "it is stored, and believed"
    former["meters"].update_one({"_id": f"{user}|power"}, {"$unset": {"series": ""}})
    shown = container.display.monthly(user, POWER, 2023)
    assert (shown.data, shown.etag, shown.calculated_at) == (right.data, right.etag, None)


# the sweeper brings the stored documents up


def test_the_sweeper_brings_up_what_is_outdated_behind_what_lags_and_no_more_than_its_limit(
    former: Database[Any], user: str, container: Container
) -> None:
    people = [user, another(former, uuid4().hex), another(former, uuid4().hex)]
    sweeper = container.operations.sweeper
    assert sweeper.outdated() == 3
    first = sweeper.run(SECONDS, limit=4)
    assert (first.state, first.refreshed, first.brought_up, first.outdated) == ("unfinished", 3, 1, 2)
    second = sweeper.run(SECONDS, limit=4)
    assert (second.state, second.refreshed, second.brought_up, second.outdated) == ("swept", 0, 2, 0)
    assert container.operations.rebuild.check().differences == 0
    for person in people:
        for kind in EnergyType:
            assert container.display.monthly(person, kind, 2023).calculated_at is not None, "it is stored"


def test_a_run_without_time_brings_nothing_up_and_the_next_one_goes_on(
    former: Database[Any], container: Container
) -> None:
    sweeper = container.operations.sweeper
    container.calculation.refresh(former["meters"].find_one({"type": "gas"})["userId"], GAS)  # type: ignore[index]
    assert (sweeper.run(0.0).state, sweeper.outdated()) == ("unfinished", 1)
    assert sweeper.run(SECONDS).brought_up == 1


def test_a_meter_that_cannot_be_brought_up_is_named_and_the_others_have_their_turn(
    former: Database[Any], user: str, container: Container
) -> None:
    other = another(former, uuid4().hex)
    meter = {"_id": f"{min(user, other)}|power"}
    exchanges = former["meters"].find_one(meter)["exchanges"]  # type: ignore[index]
    former["meters"].update_one(meter, {"$set": {"exchanges": "lost"}})
    sweeper = container.operations.sweeper
    report = sweeper.run(SECONDS)
    assert (report.brought_up, report.failed, report.failing, report.outdated) == (1, 1, 1, 1)
    count, [failing] = sweeper.failing()
    assert (count, failing.meter.id, failing.dirty_since) == (1, meter["_id"], None)
    assert failing.as_document()["dirtySince"] is None
    assert sweeper.run(SECONDS).failed == 0, "it rests for a while"
    former["meters"].update_one(meter, {"$set": {"exchanges": exchanges}})
    assert sweeper.run_at_once(SECONDS).brought_up == 1
    assert (sweeper.failing(), sweeper.outdated()) == ((0, []), 0)


def test_where_none_is_left_nothing_is_looked_at_however_many_meters_there_are(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    shown = {"displayVersion": 1, "series": {"version": 1, "calculation": OURS}}
    migrated["meters"].insert_many([{"_id": f"{number}|power", **shown} for number in range(2_000)])
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.outdated()) == 0
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.waiting_outdated(now(), 10)) == 0
    assert looked_at(mongodb_uri, migrated, lambda meters: list(meters.every_outdated())) == 0


def test_however_many_fail_the_sweeper_looks_at_no_more_outdated_meters_than_it_takes(
    mongodb_uri: str, migrated: Database[Any]
) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    fails = {"displayVersion": 1, "sweep": {"attempts": 1, "nextAttempt": later, "error": "ValueError"}}
    migrated["meters"].insert_many([{"_id": f"{number}|power", **fails} for number in range(1_000)])
    migrated["meters"].insert_many([{"_id": f"{number}|gas", "displayVersion": 1} for number in range(5)])
    assert looked_at(mongodb_uri, migrated, lambda meters: meters.waiting_outdated(now(), 10)) == 5


def looked_at(uri: str, database: Database[Any], work: Callable[[MongoLaggingMeters], Any]) -> int:
    """How many documents the server looks at; of keys hardly more."""
    commands = Commands()
    watched = open_database(uri, database.name, commands)
    work(MongoLaggingMeters(watched, 20))
    watched.client.close()
    looks = [explanation(database, command, "executionStats") for command in commands.seen]
    stats = [look.get("executionStats") or look["stages"][0]["$cursor"]["executionStats"] for look in looks]
    assert stats
    documents = sum(each["totalDocsExamined"] for each in stats)
    assert sum(each["totalKeysExamined"] for each in stats) <= documents + 4 * len(stats)
    return int(documents)


# what the mark says

MARKS = [
    None,
    "x",
    [],
    {},
    {"version": 3},
    *({"version": 3, "calculation": value} for value in (0, 1, OURS, NEXT, True, 2.0, "2", None, -1, 1 << 60, [2])),
    {"version": 2, "calculation": OURS},
    [{"version": 3, "calculation": OURS}],
]


@pytest.mark.parametrize("display_version", [0, 3])
def test_the_server_reads_every_mark_as_the_code_does(migrated: Database[Any], display_version: int) -> None:
    meters = [
        {"_id": str(number), "displayVersion": display_version, "series": mark} for number, mark in enumerate(MARKS)
    ]
    migrated["meters"].insert_many(meters)
    pipeline: list[dict[str, Any]] = [{"$sort": {"_id": 1}}, {"$set": {"shownBy": SHOWN_BY}}]
    for meter in migrated["meters"].aggregate(pipeline):
        assert meter["shownBy"] == calculation_of(meter), meter["series"]
