"""Databases for tests: whatever a test has left, the next one gets a migrated database."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo.database import Database

from migrations import runner
from tests.migrated_databases import MigratedDatabases

Leave = Callable[[Database[Any]], Any]
USED_AGAIN: dict[str, Leave] = {
    "nothing": lambda _: None,
    "documents": lambda database: database["energies"].insert_many([{"amount": 1}, {"amount": 2}]),
    "a changed record": lambda database: database["migrations"].update_many({}, {"$set": {"state": "reverted"}}),
    "a deleted record": lambda database: database["migrations"].delete_many({}),
    "a collection of its own": lambda database: database["mine"].insert_one({}),
}
SHAPES: dict[str, Leave] = {
    "no collection": lambda database: database["energies"].drop(),
    "no indexes": lambda database: database["energies"].drop_indexes(),
    "one index more": lambda database: database["energies"].create_index([("mine", 1)]),
    "a validator": lambda database: database.command("collMod", "energies", validator={"amount": {"$gt": 0}}),
}


@pytest.fixture
def databases(mongodb_uri: str) -> Iterator[MigratedDatabases]:
    with closing(MigratedDatabases(mongodb_uri)) as databases:
        yield databases


def left(databases: MigratedDatabases, leave: Leave) -> str:
    """The name of a database in which a test has left something."""
    with databases.one() as database:
        leave(database)
        return database.name


def contents(database: Database[Any]) -> dict[str, list[Any]]:
    return {name: list(database[name].find()) for name in database.list_collection_names()}


@pytest.mark.parametrize("what", USED_AGAIN)
def test_a_database_is_used_again_as_the_migrations_leave_it(databases: MigratedDatabases, what: str) -> None:
    with databases.one() as database:
        before = contents(database)
    name = left(databases, USED_AGAIN[what])
    with databases.one() as database:
        assert database.name == name
        assert contents(database) == before


@pytest.mark.parametrize("what", SHAPES)
def test_a_collection_that_has_another_shape_is_made_again(databases: MigratedDatabases, what: str) -> None:
    with databases.one() as database:
        before, indexes = contents(database), database["energies"].index_information()
    name = left(databases, SHAPES[what])
    with databases.one() as database:
        assert database.name == name
        assert contents(database) == before
        assert (database["energies"].index_information(), database["energies"].options()) == (indexes, {})
        assert runner.pending(database) == []


def test_a_copy_has_what_the_migrations_make(databases: MigratedDatabases) -> None:
    with databases.one() as migrated, databases.one() as copy:
        assert contents(copy) == contents(migrated)
        for name in contents(migrated):
            assert copy[name].index_information() == migrated[name].index_information()
            assert copy[name].options() == migrated[name].options()


def test_two_tests_at_once_have_two_databases(databases: MigratedDatabases) -> None:
    with databases.one() as one, databases.one() as other:
        assert one.name != other.name
