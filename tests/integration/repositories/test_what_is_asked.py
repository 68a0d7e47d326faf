"""What is asked of the server beside the conditions: fields, order, how many. More would be sent for nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports, mongo_ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.meters.walks import Walk
from chalicelib.domain.readings import EnergyType
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.sent_commands import asked, sent_commands, unbounded

POWER = EnergyType.POWER
TO_TRY = "find meters [sweep dirtySince]"
MODE = "find control [mode since catchingUp fullDrainSeconds readAt changes opensAt erasedAt] by -_id"
OF_METER = ["find display_energy_data [_id]", "find meter_series [_id]"]
T = 1_709_251_200_000
RANGE = POWER, 0, 0, 0
Use = Callable[[Ports], Any]

READS: dict[str, tuple[Use, list[str]]] = {
    "outdated meters to try": (
        lambda ports: ports.lagging.waiting_outdated(0, 5),
        [f"{TO_TRY} limit 5", f"{TO_TRY} limit 5"],
    ),
    "all that are outdated": (lambda ports: list(ports.lagging.every_outdated()), [f"{TO_TRY} batchSize 20"]),
    "failing meters": (
        lambda ports: ports.lagging.failing(5),
        ["aggregate meters"] * 2 + ["find meters by sweep.nextAttempt limit 5", "find meters limit 5"],
    ),
    "imports": (
        lambda ports: ports.imports.page("alice", 5),
        ["find imports [-meters.replaced -meters.configured -meters.written] by -at -_id limit 5"],
    ),
    "actions of operators": (lambda ports: ports.operator_actions.newest(5), ["find control [actions] limit 1"]),
    "a meter that begins again": (
        lambda ports: ports.display.begin_again("alice", POWER),
        [MODE, "findAndModify meters", *OF_METER, "delete display_energy_data", "commitTransaction 1"],
    ),
    "the first write to a meter": (
        lambda ports: ports.transactions.run("alice", lambda transaction: transaction.meters.mark_changed(*RANGE)),
        [MODE, "findAndModify meters", "aggregate 1", "findAndModify meters", "commitTransaction 1"],
    ),
    "a walk in ranges that is forgotten": (
        lambda ports: ports.fan_outs.forget(Walk.CHECK),
        ["find control [_id]", "delete control", "delete control"],
    ),
    "who is erased": (lambda ports: ports.meters.erased_among(["alice"]), ["find control [_id]"]),
    "a piece": (
        lambda ports: ports.queries.piece("alice", POWER, 0, 5),
        ["find source_energy_readings [-_id date amount] by date limit 5 batchSize 10000"],
    ),
}


@pytest.mark.parametrize("read", READS)
def test_a_read_asks_for_no_more_than_it_shows(migrated: Database[Any], mongodb_uri: str, read: str) -> None:
    use, lines = READS[read]
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        use(mongo_ports(database, FakePublisher()))
    assert (asked(sent), unbounded(sent)) == (lines, [])


SERIES_READS: dict[str, Use] = {
    "all of a series": lambda ports: ports.queries.snapshot("alice", POWER, Backend.NEW),
    "a part of it": lambda ports: ports.queries.snapshot_between("alice", POWER, T, T + 1),
    "what a write finds of it": lambda ports: ports.transactions.run(
        "alice", lambda transaction: transaction.readings.between(POWER, T, T + 1)
    ),
    "what a packing has": lambda ports: ports.packing.pack("alice", POWER, 5),
}


@pytest.mark.parametrize("read", SERIES_READS)
def test_the_parts_of_a_series_are_asked_for_in_their_order(
    container: Container, migrated: Database[Any], mongodb_uri: str, read: str
) -> None:
    container.imports.bulk_create("alice", b"date,type,amount\n2023-01-01,power,1\n2024-03-01,power,2\n")
    assert container.calculation.refresh("alice", POWER)
    if read == "what a packing has":
        packed = {"version": 1, "step": "s", "parts": [{"year": 2023, "digest": b"d"}], "ranges": []}
        migrated["meters"].update_one({}, [{"$set": {"packing": {**packed, "version": "$sourceVersion"}}}])
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        SERIES_READS[read](mongo_ports(database, FakePublisher()))
    assert [line for line in asked(sent) if "meter_series" in line][:1] == ["find meter_series by _id"]
