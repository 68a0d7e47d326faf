"""What several commands read of a meter they read at one moment: a write in between is in all or in none."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.domain.meters.packing import Packed
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.packing import MongoSeriesPacking
from chalicelib.repositories.queries import MongoReadingQueries
from tests.integration.repositories.sent_commands import Command, sent_commands

POWER = EnergyType.POWER
AT = 1_672_531_200_000
LOOKS: dict[str, Callable[[MongoReadingQueries], Any]] = {
    "snapshot": lambda queries: queries.snapshot("alice", POWER, Backend.NEW),
    "snapshot of the old side": lambda queries: queries.snapshot("alice", POWER, Backend.OLD),
    "full snapshot": lambda queries: queries.full_snapshot("alice", POWER, Backend.NEW),
    "snapshot within": lambda queries: queries.snapshot_within("alice", POWER, 100),
    "snapshot between": lambda queries: queries.snapshot_between("alice", POWER, AT, AT + 1),
    "snapshot around": lambda queries: queries.snapshot_around("alice", POWER, lambda _: [AT]),
    "snapshot of a year": lambda queries: queries.snapshot_of_year("alice", POWER, 2023),
    "whole": lambda queries: queries.whole("alice", POWER, CALCULATION_VERSION),
}


@pytest.fixture
def displayed(container: Container, migrated: Database[Any]) -> Database[Any]:
    container.imports.bulk_create("alice", b"date,type,amount\n2022-01-01,power,1\n2023-01-01,power,2\n")
    assert container.calculation.refresh("alice", POWER)
    return migrated


def levels(sent: list[Command]) -> list[str]:
    """How each read was asked to read, and whether all of them were in one session."""
    reads = [command for command in sent if "find" in command or "aggregate" in command]
    assert len({command["lsid"]["id"] for command in reads}) == 1
    return [command["readConcern"].get("level") for command in reads]


@pytest.mark.parametrize("look", LOOKS)
def test_each_look_at_a_meter_is_at_one_moment(displayed: Database[Any], mongodb_uri: str, look: str) -> None:
    with sent_commands(mongodb_uri, displayed.name) as (database, sent):
        assert LOOKS[look](MongoReadingQueries(database, 20)) is not None
    assert set(levels(sent)) == {"snapshot"}


def test_so_is_the_look_of_a_packing(displayed: Database[Any], mongodb_uri: str) -> None:
    with sent_commands(mongodb_uri, displayed.name) as (database, sent):
        assert MongoSeriesPacking(database, 20).pack("alice", POWER, 5) is Packed.DONE
    assert set(levels(sent)) == {"snapshot"}
