"""Rows of the usage log are added up once each, whatever crashes or meets; nothing that is asked passes over rows."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import now
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.figures import Share
from chalicelib.domain.migration.records.hours_of_use import HOUR_MS, hour_of
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.database import open_database
from chalicelib.repositories.figures import MongoRolloutFigures
from tests.integration.crashes.crashing import CrashPoint, run
from tests.integration.repositories.explaining import WITHOUT_INDEX, planned
from tests.integration.two_at_once.interruption import Interruption

TABLE = Component.ENERGY_TABLE
PEOPLE = 7
START = hour_of(now()) - 4 * HOUR_MS
Document = dict[str, Any]


def row(number: int, chance: Random, **other: Any) -> Document:
    """A row as the usage log has it; several have one instant."""
    return {
        "at": to_datetime(START + number // 3 * 60_000),
        "component": chance.choice([*Component]),
        "backend": chance.choice([*Backend]),
        "user": f"pseudonym-{chance.randrange(PEOPLE)}",
        "userId": "somebody",
        "elapsedMs": chance.uniform(0.1, 500),
        "success": chance.random() < 0.9,
        "reason": chance.choice(["percentage_in", "percentage_out", "test_user"]),
        "documentVersion": "one",
        **other,
    }


@pytest.fixture
def used(migrated: Database[Any]) -> Database[Any]:
    chance = Random(16)
    migrated["backend_usage_logs"].insert_many([row(number, chance) for number in range(300)])
    return migrated


def figures_of(database: Database[Any], rows_at_once: int = 100) -> MongoRolloutFigures:
    return MongoRolloutFigures(database, 20, rows_at_once)


def everything(figures: MongoRolloutFigures) -> list[object]:
    """All that can be asked."""
    return [
        [figures.figures(component, START), figures.hourly(component, START), figures.share(component, "one")]
        for component in Component
    ]


def stored(database: Database[Any]) -> Document:
    """What the fold has written, without times."""
    return {
        name: sorted(database[name].find({}, {"foldedAt": 0}), key=lambda each: str(each["_id"]))
        for name in ("usage_hours", "usage_people")
    }


def folded(figures: MongoRolloutFigures) -> int:
    """Fold all; returns how many rows."""
    return sum(iter(lambda: figures.fold(now()), 0))


@pytest.fixture
def undisturbed(used: Database[Any]) -> Document:
    """What a fold writes that nothing disturbs; afterwards nothing is folded."""
    assert folded(figures_of(used)) == 300
    wanted = stored(used)
    for name in wanted:
        used[name].delete_many({})
    return wanted


def test_the_figures_are_the_same_before_and_after(used: Database[Any]) -> None:
    figures = figures_of(used)
    before = everything(figures)
    while figures.fold(now()):
        assert everything(figures) == before
    used["backend_usage_logs"].delete_many({})
    assert everything(figures) == before


def test_wherever_a_second_fold_comes_in_between_each_row_counts_once(
    mongodb_uri: str, used: Database[Any], undisturbed: Document
) -> None:
    def other() -> None:
        folded(figures_of(used))

    interruption = Interruption()
    slow = open_database(mongodb_uri, used.name, interruption)
    for command in count():
        for name in undisturbed:
            used[name].delete_many({})
        with interruption.before(command, other):
            folded(figures_of(slow))
        assert stored(used) == undisturbed, command
        if not interruption.happened:
            break
    slow.client.close()
    assert command > 10


def test_two_that_fold_side_by_side_count_each_row_once(used: Database[Any], undisturbed: Document) -> None:
    with ThreadPoolExecutor(2) as pool:
        rows = [*pool.map(folded, [figures_of(used, 10), figures_of(used, 10)])]
    assert sum(rows) == 300
    assert stored(used) == undisturbed


def test_wherever_a_fold_is_killed_the_next_one_goes_on_and_each_row_counts_once(
    mongodb_uri: str, used: Database[Any], undisturbed: Document
) -> None:
    steps = run(mongodb_uri, used.name, "fold", "nobody", None)
    assert stored(used) == undisturbed
    # Behind one step is before the next one: what the server knows is the same.
    points = [*(CrashPoint(step, after=False) for step in range(len(steps))), CrashPoint(len(steps) - 1, after=True)]
    assert len(points) > 20
    for point in points:
        for name in undisturbed:
            used[name].delete_many({})
        run(mongodb_uri, used.name, "fold", "nobody", point)
        used.client.admin.command("killAllSessions", [])  # by itself, the server takes 30 s
        folded(figures_of(used))
        assert stored(used) == undisturbed, point


def test_rows_of_one_instant_are_added_together(migrated: Database[Any]) -> None:
    chance = Random(1)
    rows = [row(0, chance, component=TABLE, backend=Backend.OLD) for _ in range(100)]
    migrated["backend_usage_logs"].insert_many(rows)
    assert [figures_of(migrated).fold(now()) for _ in range(2)] == [100, 0]


def test_what_nobody_can_read_is_passed_over(migrated: Database[Any]) -> None:
    chance, usage = Random(1), migrated["backend_usage_logs"]
    damages: list[Document] = [
        {"component": "cellar"},
        {"backend": None},
        {"user": 5},
        {"elapsedMs": "x"},
        {"success": 1},
    ]
    usage.insert_many([row(number, chance, **damage) for number, damage in enumerate(damages)])
    usage.insert_one({"at": "yesterday"})
    usage.insert_one(row(9, chance, component=TABLE, reason=None, documentVersion=None))
    figures = figures_of(migrated)
    for _ in range(2):
        assert figures.figures(TABLE, START).people == 1
        assert sum(len(figures.hourly(component, START)) for component in Component) == 1
        assert figures.share(TABLE, "one") == Share(0, 0)
        folded(figures)


def test_of_a_tail_that_is_too_long_the_latest_rows_count(used: Database[Any]) -> None:
    last_hour = MongoRolloutFigures(used, 20, tail_rows=5).hourly(TABLE, START)[-1]
    assert sum(each.answers for each in last_hour.backends.values()) == 5


def test_a_tail_that_is_too_long_is_said_to_be_part_of_the_answers(used: Database[Any]) -> None:
    of_table = used["backend_usage_logs"].count_documents({"component": TABLE.value})
    for rows, partial in ((of_table - 1, True), (of_table, False)):
        figures = MongoRolloutFigures(used, 20, tail_rows=rows)
        assert figures.figures(TABLE, START).partial is figures.share(TABLE, "one").partial is partial
    folded(figures)
    assert not MongoRolloutFigures(used, 20, tail_rows=1).figures(TABLE, START).partial


@pytest.mark.plans
def test_what_is_asked_and_what_is_folded_is_found_by_indexes(mongodb_uri: str, used: Database[Any]) -> None:
    with planned(mongodb_uri, used.name) as (watched, plans):
        figures = figures_of(watched)
        everything(figures)
        folded(figures)
        everything(figures)
    assert {str(plan) for plan in plans if plan.stages & WITHOUT_INDEX} == set()
    assert {
        plan.command.get("find") or plan.command.get("aggregate") for plan in plans if "update" not in plan.command
    } == {
        "backend_usage_logs",
        "usage_hours",
        "usage_people",
    }
