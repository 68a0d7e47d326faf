"""Inherited documents with bytes that are no UTF-8: damaged like each other one where a figure needs the field.

They stay as they are, byte for byte; who reads, compares or copies the others goes past them and names them.
"""

from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from bson import Code, DBRef, ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.errors import NotFoundError
from chalicelib.repositories import quarantine
from chalicelib.repositories.displayed_meters import DOCUMENTS_AT_ONCE
from migrations import roundtrip
from migrations.backfill import Backfill
from migrations.inherited import defects
from tests.depth import combined
from tests.integration.deployment import POWER, Deployment, contents
from tests.integration.infra.operator_shell import Shell
from tests.integration.sync.test_damaged_originals import MENDERS, amounts
from tests.integration.undecodable import BYTES, stored_bytes, with_bytes

backfill_display_data: Any = import_module("migrations.002_backfill_display_data")
OLD, NEW, QUARANTINE = "energies", "source_energy_readings", "quarantined_readings"
JANUARY, MARCH = datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 3, 31, tzinfo=UTC)
SHOWN = "\\xff\\xe9"  # the bytes, for people
# What a document says, and why it is none of a reading.
DAMAGES: dict[str, tuple[dict[str, Any], str]] = {
    "user": ({"userId": "annaQQ"}, "no user"),
    "type": ({"type": "powerQQ"}, "unknown type"),
    "id": ({"_id": "idQQ"}, "unusable id"),
    "amount": ({"amount": "5QQ"}, "unusable amount"),
    "date": ({"date": "2024QQ"}, "unusable date"),
}


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def deployed(migrated: Database[Any], user: str) -> Deployment:
    """With two readings on both sides."""
    deployment = Deployment(migrated)
    deployment.create(user, "2024-01-31T00:00Z", 55)
    deployment.create(user, "2024-02-29T00:00Z", 66)
    deployment.operations.sweeper.run_at_once(60)
    deployment.sync()
    return deployment


def inherited(database: Database[Any], user: str, **said: Any) -> None:
    document = {"_id": ObjectId(), "userId": user, "type": "power", "date": MARCH, "amount": 77.0}
    database[OLD].insert_one(with_bytes(document | said))


def figures(deployed: Deployment, user: str) -> list[Any]:
    backends = (deployed.container.old, deployed.container.new)
    return [
        *(amounts(deployed, user, backend) for backend in Backend),
        *(backend.summary(user, POWER, consistent=True) for backend in backends),
        *(backend.monthly(user, POWER, 2024, consistent=True) for backend in backends),
    ]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_persons_other_figures_are_shown(deployed: Deployment, user: str, damage: str) -> None:
    before = figures(deployed, user)
    inherited(deployed.database, user, **DAMAGES[damage][0])
    assert figures(deployed, user) == before


@pytest.mark.parametrize(("mender", "damage"), combined(MENDERS, DAMAGES))
def test_every_job_goes_past_it_and_names_it(deployed: Deployment, user: str, mender: str, damage: str) -> None:
    said, reason = DAMAGES[damage]
    before = contents(deployed.database, NEW)
    inherited(deployed.database, user, **said)
    stood = stored_bytes(deployed.database, OLD)
    if mender == "backfill":
        quarantine.quarantine_all(deployed.database, Side.OLD)  # as script 001 does
    for _ in range(2):
        MENDERS[mender](deployed)
    assert (stored_bytes(deployed.database, OLD), contents(deployed.database, NEW)) == (stood, before)
    [kept] = deployed.database[QUARANTINE].find()
    assert (kept["reasons"], "resolvedAt" in kept) == ([reason], False)
    assert stood[-1][4:] in stored_bytes(deployed.database, QUARANTINE)[0]  # the copy is faithful
    assert defects(deployed.database)[reason] == 1
    seen = deployed.operations.consistency.verify()
    assert (seen.meters, seen.differences, seen.unreadable.count) == (1, 0, 1)


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_command_line_names_it(deployed: Deployment, shell: Shell, user: str, damage: str) -> None:
    inherited(deployed.database, user, **DAMAGES[damage][0])
    code, seen = shell.run("verify")
    [named] = seen["unreadable"]["documents"]
    assert (code, seen["differences"], named["collection"]) == (0, 0, OLD)
    assert named["document"] == f"id{SHOWN}" or damage != "id"
    assert named["user"] == ("" if damage == "user" else user)
    assert named["document"] in shell.say("verify")[1]


def test_a_user_who_cannot_be_read_is_nobody(deployed: Deployment, user: str) -> None:
    """Neither who has the name in other bytes, nor who is called as the bytes are shown; and no walk ends there."""
    for each in (f"a{SHOWN}", "a��", "b"):
        deployed.create(each, "2024-01-31T00:00Z", 5)
    before = [amounts(deployed, each, Backend.OLD) for each in (f"a{SHOWN}", "a��", "b")]
    foreign = {"userId": "aQQ", "type": "power", "amount": 1.0}
    deployed.database[OLD].insert_many(
        with_bytes({"_id": ObjectId(), **foreign, "date": datetime.fromtimestamp(day * 3600, UTC)})
        for day in range(DOCUMENTS_AT_ONCE + 1)
    )
    assert [amounts(deployed, each, Backend.OLD) for each in (f"a{SHOWN}", "a��", "b")] == before
    assert {meter[0] for meter in deployed.ports.twins.meters()} == {user, f"a{SHOWN}", "a��", "b"}
    assert set(deployed.ports.twins.bounds(4)) <= {(each, POWER) for each in (user, f"a{SHOWN}", "a��", "b")}


def test_doubles_of_nobody_stop_no_job(deployed: Deployment) -> None:
    for _ in range(2):
        inherited(deployed.database, "aQQ")
    deployed.operations.sync.run(60, full=True)
    assert deployed.operations.consistency.verify().unreadable.count == 2


@pytest.mark.parametrize("name", ["comment", "comQQment"])
def test_what_no_figure_needs_does_no_harm(deployed: Deployment, user: str, name: str) -> None:
    inherited(deployed.database, user, **{name: {"deep": ["QQ", {"er": "QQ"}]}, "source": "QQ", "amount": 77.0})
    for mender in MENDERS.values():
        mender(deployed)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[55, 66, 77]] * 2
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().unreadable.count == 0
    [key] = [item["_id"] for item in deployed.database[NEW].find({"amount": Decimal(77)})]
    deployed.change(user, str(key), amount=78)
    assert stored_bytes(deployed.database, OLD)[-1].count(BYTES) == (4 if name == "comQQment" else 3)
    assert [amounts(deployed, user, backend) for backend in Backend] == [[55, 66, 78]] * 2


def commented(deployed: Deployment, user: str) -> ObjectId:
    """A reading of both sides whose old document has bytes in a comment."""
    inherited(deployed.database, user, comment="seen by Ren\u00e9 QQ")
    deployed.sync()
    [key] = [item["_id"] for item in deployed.database[NEW].find({"amount": Decimal(77)})]
    return ObjectId(key)


def test_what_repair_overwrites_comes_back_byte_for_byte(deployed: Deployment, user: str) -> None:
    key = commented(deployed, user)
    before = stored_bytes(deployed.database, OLD)
    deployed.database[NEW].update_one({"_id": key}, {"$set": {"amount": Decimal(80)}})
    deployed.operations.consistency.repair(source=Side.NEW)
    assert amounts(deployed, user, Backend.OLD) == [55, 66, 80]
    [run] = deployed.operations.undo.runs()
    deployed.operations.undo.undo(run.id)
    assert sorted(stored_bytes(deployed.database, OLD)) == sorted(before)


def test_a_damaged_document_that_the_good_copy_overwrites_is_kept_byte_for_byte(
    deployed: Deployment, user: str
) -> None:
    key = commented(deployed, user)
    damaged = {"_id": key, "userId": "QQ", "type": "power", "date": MARCH, "amount": 1.0, "comment": "QQ"}
    deployed.database[OLD].delete_one({"_id": key})
    deployed.database[OLD].insert_one(with_bytes(damaged))
    before = stored_bytes(deployed.database, OLD)
    deployed.operations.consistency.repair(source=Side.NEW)
    assert amounts(deployed, user, Backend.OLD) == [55, 66, 77]
    [run] = deployed.operations.undo.runs()
    deployed.operations.undo.undo(run.id)
    assert sorted(stored_bytes(deployed.database, OLD)) == sorted(before)


@pytest.mark.parametrize("by", [DBRef("peopleQQ", 1), Code("QQ", {"of": "QQ"})])
def test_repair_mends_what_refers_to_others(deployed: Deployment, user: str, by: object) -> None:
    inherited(deployed.database, user, by=by)
    deployed.sync()
    deployed.database[NEW].update_one({"amount": Decimal(77)}, {"$set": {"amount": Decimal(80)}})
    deployed.operations.consistency.repair(source=Side.NEW)
    assert amounts(deployed, user, Backend.OLD) == [55, 66, 80]


def test_the_twins_go_whatever_their_ids_are(deployed: Deployment, user: str) -> None:
    deployed.database[NEW].insert_one(with_bytes({"_id": "idQQ", "userId": user, "type": "power", "date": MARCH}))
    deployed.database["control"].update_one({"_id": "sync_mode"}, {"$set": {"mode": "old_only"}})
    backfill_display_data.down(deployed.database)
    assert deployed.database[NEW].count_documents({}) == 0


def test_an_id_that_nobody_can_ask_for_is_not_found(deployed: Deployment, user: str) -> None:
    inherited(deployed.database, user, _id="idQQ")
    with pytest.raises(NotFoundError):
        deployed.container.energy.delete(user, f"id{SHOWN}")


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "WINDOW", 1)


@pytest.mark.usefixtures("small_windows")
def test_a_part_of_the_walk_does_not_end_at_an_id_that_cannot_be_sent(deployed: Deployment, user: str) -> None:
    for number in range(3):
        inherited(deployed.database, user, _id=f"id{number}QQ")
    inherited(deployed.database, user, _id="zzz", amount="much")
    deployed.operations.sync.run(60, full=True)
    assert deployed.database[QUARANTINE].count_documents({}) == 4
    assert deployed.operations.consistency.verify().unreadable.count == 4


def test_a_round_trip_of_the_migrations_changes_no_byte(deployed: Deployment, user: str) -> None:
    for said, _ in DAMAGES.values():
        inherited(deployed.database, user, comment="QQ", **said)
    assert roundtrip.verify(deployed.database).differences == ()


def test_backfill_of_a_database_that_has_nothing_else(migrated: Database[Any], user: str) -> None:
    assert Deployment(migrated).operations.modes.show().state.mode is SyncMode.DUAL_WRITE
    for said, _ in DAMAGES.values():
        inherited(migrated, user, **said)
    assert Backfill(migrated).run() == 0
