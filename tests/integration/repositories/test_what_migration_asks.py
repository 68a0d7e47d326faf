"""What is asked of the server beside the conditions while there are two sides, and what migration alone asks."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Ports, mongo_ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.migration.retirement.calendar import Calendar
from chalicelib.domain.migration.retirement.calendar_parts import DAY_MS
from chalicelib.domain.ports.values import Change, NewReading, StoredReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories import status_records
from chalicelib.repositories.transactions import MongoTransactions
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.repositories.inherited_database import set_mode
from tests.integration.repositories.sent_commands import asked, sent_commands, unbounded

POWER, TABLE = EnergyType.POWER, Component.ENERGY_TABLE
T = 1_709_251_200_000
KEY = "0" * 24
Use = Callable[[Ports], Any]
Write = Callable[[WriteTransaction, StoredReading], Any]

OLD, NEW = "find energies", "find source_energy_readings"
USED = "find backend_usage_logs [at component backend user elapsedMs success reason documentVersion]"
MODE = "find control [mode since catchingUp fullDrainSeconds readAt changes opensAt erasedAt] by -_id"
WINDOW, DOUBLES = "{} [_id] by _id skip 10000 limit 1", "aggregate energies allowDiskUse True"
SHOWN = "[date amount updatedAt] by date"
READS: dict[str, tuple[Use, list[str]]] = {
    "noted reads": (
        lambda ports: ports.comparisons.requests(TABLE, 0, 5),
        ["find backend_usage_logs by -at limit 5"],
    ),
    "whether a difference was seen": (
        lambda ports: ports.comparisons.has_seen("f"),
        ["find backend_comparisons [_id] limit 1"],
    ),
    "examples": (
        lambda ports: ports.comparisons.examples("f", 5),
        ["aggregate backend_comparisons"],
    ),
    "a report": (
        lambda ports: ports.comparisons.report(0),
        [
            "aggregate backend_comparisons",
            "find backend_comparisons by -at limit 200",
            "aggregate backend_comparisons",
            "find control limit 1",
        ],
    ),
    "a person's feedback": (
        lambda ports: ports.feedback.latest_of("alice", 3),
        ["find feedback [at] by -at skip 2 limit 1"],
    ),
    "open feedback": (lambda ports: ports.feedback.open([TABLE], 5), ["find feedback by at limit 5"]),
    "a report of feedback": (
        lambda ports: ports.feedback.report(0, 5),
        ["aggregate feedback", "find feedback by -at limit 5"],
    ),
    "figures": (
        lambda ports: ports.figures.hourly(TABLE, 0),
        ["find usage_hours limit 1", f"{USED} by -at limit 10001 batchSize 10002", "find usage_hours"],
    ),
    "a fold": (
        lambda ports: ports.figures.fold(0),
        [
            "hello 1",
            "find usage_hours limit 1",
            "find backend_usage_logs [at] by at skip 4999 limit 1",
            f"{USED} by at",
            "commitTransaction 1",
        ],
    ),
    "changes of flags": (
        lambda ports: ports.flag_history.changes(None, 5),
        ["find flag_changes [-document] by -at limit 5"],
    ),
    "the last deployed": (
        lambda ports: ports.flag_history.last_deployed(),
        ["find flag_changes by -at limit 1"],
    ),
    "changes until": (
        lambda ports: ports.flag_history.begun_until(0, 5),
        ["find flag_changes by -at limit 5"],
    ),
    "the first deployed after": (
        lambda ports: ports.flag_history.deployed_after(0),
        ["find flag_changes [-document] by at limit 1"],
    ),
    "what a run took away": (
        lambda ports: list(ports.repaired.kept("run")),
        ["find repaired_readings [userId type side reading] by -run -userId -type -_id batchSize 500"] * 2,
    ),
    "measurements": (
        lambda ports: ports.measurements.measured(TABLE, Backend.NEW, MeasurementKind.FETCH, 0, 5),
        ["find page_measurements [-_id at elapsedMs] by -at limit 6"],
    ),
    "answers": (
        lambda ports: ports.usage.between("alice", TABLE, 0, 1, 5),
        ["find backend_usage_logs by at limit 5"],
    ),
    "owners": (
        lambda ports: ports.twins.owners([KEY]),
        [f"{OLD} [userId type _id]", f"{NEW} [userId type _id]"],
    ),
    "differences": (
        lambda ports: ports.twins.differences(("alice", POWER)),
        [f"{OLD} {SHOWN}", f"{NEW} {SHOWN}"],
    ),
    "meters": (
        lambda ports: list(ports.meters.meters()),
        [f"aggregate {name} batchSize 2000" for name in ("energies", "source_energy_readings", "display_energy_data")],
    ),
    "everybody": (lambda ports: list(ports.known_users.known_users()), ["find meters [_id] by _id limit 2000"]),
    "scripts": (lambda ports: ports.records.open_migrations(), ["find migrations [_id]"]),
    "differences that were counted": (lambda ports: ports.counted.known(TABLE), ["find gate_evidence [differences]"]),
    "some for the quarantine": (
        lambda ports: ports.twins.quarantine([KEY]),
        [MODE, f"{OLD} [_id]", "find quarantined_readings [_id]"],
    ),
    "all for the quarantine": (
        lambda ports: ports.twins.quarantine(),
        [MODE, WINDOW.format(OLD), f"{OLD} [_id]", DOUBLES, "find quarantined_readings [_id]"],
    ),
    "what cannot be read": (
        lambda ports: ports.twins.unreadable(),
        [WINDOW.format(OLD), OLD, WINDOW.format(NEW), NEW, DOUBLES],
    ),
    "callers of version 1": (
        lambda ports: ports.retirement.callers(0, 5),
        ["find v1_callers by -last limit 5"],
    ),
    "answers of the old backend": (
        lambda ports: ports.retirement.old_answers(0),
        ["find backend_usage_logs [at] by -at limit 1"] * 6,
    ),
    "a meter without readings": (
        lambda ports: ports.display.look_up("alice", POWER, "summary"),
        ["aggregate meters"],
    ),
    "the old side": (
        lambda ports: ports.queries.full_snapshot("alice", POWER, Backend.OLD),
        ["aggregate control", f"{OLD} {SHOWN} batchSize 10000"],
    ),
}

# Jobs that look at everything, in parts: nobody waits for all of it.
PASSES = {"what a run took away", "all for the quarantine", "what cannot be read"}


@pytest.mark.parametrize("read", READS)
def test_a_read_asks_for_no_more_than_it_shows(migrated: Database[Any], mongodb_uri: str, read: str) -> None:
    set_mode(migrated, SyncMode.DUAL_WRITE)
    use, lines = READS[read]
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        use(mongo_ports(database, FakePublisher()))
    assert asked(sent) == lines
    assert bool(unbounded(sent)) is (read in PASSES)


NAMING = """
source_energy_readings energies energies source_energy_readings imports quarantined_readings repaired_readings
backend_usage_logs usage_people backend_comparisons gate_agreements feedback page_measurements v1_callers
"""


def test_an_erasure_reads_ids_alone_of_what_it_takes_away(migrated: Database[Any], mongodb_uri: str) -> None:
    set_mode(migrated, SyncMode.DUAL_WRITE)
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        erasures = mongo_ports(database, FakePublisher()).erasures
        list(erasures.removing(erasures.begin("alice", "pseudonym"), lambda: 60.0))
    bounded = [line for line in asked(sent) if line.endswith("limit 2000")]
    assert bounded == [f"find {name} [_id] limit 2000" for name in NAMING.split()]
    keyed = {line for line in asked(sent) if "[userId]" in line}
    assert keyed == {
        f"find {name} [userId]" for name in ("meters", "user_settings", "meter_series", "display_energy_data")
    }


TWIN = f"{NEW} [revision source importBatchId]"
FREED = [f"{OLD} [date]", f"{NEW} [date]", "delete source_energy_readings"]


def of_another_amount(reading: StoredReading) -> Change:
    return Change(reading, replace(reading, amount=Decimal(6)))


# Each with what it asks where both sides are written, and where the new one is alone.
WRITES: dict[str, tuple[Write, list[str], list[str]]] = {
    "one reading": (
        lambda transaction, reading: transaction.readings.get(reading.id),
        [f"{OLD} limit 1", f"{OLD} [date updatedAt]", f"{TWIN} limit 1"],
        [f"{NEW} limit 1"],
    ),
    "instants": (
        lambda transaction, _: transaction.readings.instants_between(POWER, T, T + 5),
        [f"{OLD} [-_id date]", f"{NEW} [date]"],
        [f"{NEW} [-_id date]"],
    ),
    "other amounts": (
        lambda transaction, reading: transaction.readings.replace_many([of_another_amount(reading)], T),
        [*FREED, "update energies", f"{NEW} [type date]", "update source_energy_readings"],
        ["update source_energy_readings"],
    ),
    "readings less": (
        lambda transaction, reading: transaction.readings.remove_many([reading], T),
        ["delete energies", f"{NEW} [type date]", "delete source_energy_readings"],
        ["delete source_energy_readings"],
    ),
}


def stored(transaction: WriteTransaction) -> StoredReading:
    transaction.meters.mark_changed(POWER, T, T, T)
    return transaction.readings.add(NewReading(POWER, T, Decimal(5), "manual"), T)


@pytest.mark.parametrize("mode", [SyncMode.DUAL_WRITE, SyncMode.NEW_ONLY])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_asks_for_no_more_than_decides(
    migrated: Database[Any], mongodb_uri: str, write: str, mode: SyncMode
) -> None:
    """A second time, as where the twin of a reading that is gone is in the way: then its instant is freed first."""
    use, of_both, of_new = WRITES[write]
    set_mode(migrated, mode)
    reading = MongoTransactions(migrated, 20).run("alice", stored)
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        transactions = MongoTransactions(database, 20)
        transactions._run("alice", lambda transaction: use(transaction, reading), None, release=True)
    assert asked(sent)[1:-1] == (of_both if mode is SyncMode.DUAL_WRITE else of_new)


CALENDAR = Calendar(announced_at=T, deprecated_at=T, sunset_at=T + 60 * DAY_MS)
MEASURED = PageMeasurement(TABLE, Backend.NEW, MeasurementKind.FETCH, 1.5)
UNASKED: dict[str, Use] = {
    "measurements": lambda ports: ports.measurements.insert([MEASURED, MEASURED], "p", T),
    "events that were not published": lambda ports: ports.records.add_not_published(1),
    "a brown-out that was withheld": lambda ports: ports.retirement.mark_withheld(CALENDAR, T, "why", T),
}


@pytest.mark.parametrize("row", UNASKED)
def test_nobody_waits_for_a_row_that_may_be_lost(
    migrated: Database[Any], mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setattr(status_records, "PATIENCE_SECONDS", 10.0)
    with sent_commands(mongodb_uri, migrated.name) as (database, sent):
        UNASKED[row](mongo_ports(database, FakePublisher()))
        database.command("ping")  # on the same connection, so that the row is there before the test is over
    [command] = [command for command in sent if {"insert", "update"} & command.keys()]
    assert (command["writeConcern"], command["ordered"]) == ({"w": 0}, row != "measurements")
