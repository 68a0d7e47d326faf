"""Towards ``new_only`` counts what verify has found, and what was written since then: that alone is compared again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chalicelib.bootstrap.operations import operations
from chalicelib.domain.errors import SyncModeError
from chalicelib.domain.readings import MeterKey
from chalicelib.domain.sides import SyncMode
from tests.integration.deployment import GAS, POWER, Deployment

NEW_ONLY = SyncMode.NEW_ONLY
READINGS, SIDES = "source_energy_readings", ("energies", "source_energy_readings")
USERS = 4
Work = Callable[[Deployment, str], object]


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def users(deployed: Deployment) -> list[str]:
    """Everybody is equal on both sides and displayed, and was compared."""
    names = sorted(uuid4().hex for _ in range(USERS))
    for name in names:
        deployed.create(name, "2024-01-31", 5)
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.consistency.verify().differences == 0
    return names


@pytest.fixture
def looked(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> set[MeterKey]:
    """The meters whose display was compared."""
    seen = set[MeterKey]()
    check = deployed.operations.consistency._check
    compared = check._compared

    def compare(meter: MeterKey, *more: Any) -> Any:
        seen.add(meter)
        return compared(meter, *more)

    monkeypatch.setattr(check, "_compared", compare)
    return seen


def set_new_only(deployed: Deployment) -> None:
    assert deployed.operations.modes.set(NEW_ONLY, "test").mode is NEW_ONLY


def test_only_what_was_written_since_the_last_verify_is_compared(
    deployed: Deployment, users: list[str], looked: set[MeterKey]
) -> None:
    kept = deployed.create(users[1], "2024-02-29", 6)
    gone = deployed.create(users[2], "2024-02-29", 6)
    deployed.container.energy.delete(users[2], gone)
    deployed.change(users[1], kept, amount=7)
    deployed.create("somebody new", "2024-02-29", 6, GAS)
    set_new_only(deployed)
    assert looked == {(users[1], POWER), (users[2], POWER), ("somebody new", GAS)}


def test_where_nothing_was_written_nothing_is_compared(
    deployed: Deployment, users: list[str], looked: set[MeterKey]
) -> None:
    assert users
    set_new_only(deployed)
    assert looked == set()


def one_side(deployed: Deployment, user: str) -> object:
    return deployed.database["energies"].update_one({"userId": user}, {"$set": {"amount": 9}})


def a_new_document(deployed: Deployment, user: str) -> object:
    document = deployed.database["energies"].find_one({"userId": user}) or {}
    return deployed.database["energies"].insert_one({**document, "_id": ObjectId(), "userId": "a stranger"})


def the_display(deployed: Deployment, user: str) -> object:
    shown = {"userId": user, "dataType": "summary"}
    return deployed.database["display_energy_data"].update_one(shown, {"$set": {"data.zone": "UTC"}})


def a_lost_view(deployed: Deployment, user: str) -> object:
    return deployed.database["display_energy_data"].delete_one({"userId": user, "dataType": "summary"})


def the_series(deployed: Deployment, user: str) -> object:
    return deployed.database["meter_series"].update_one({"userId": user}, {"$set": {"decimals": 1}})


def the_zone(deployed: Deployment, user: str) -> object:
    zone = {"_id": user, "userId": user, "zone": "Pacific/Auckland"}
    return deployed.database["user_settings"].replace_one({"_id": user}, zone, upsert=True)


def both_amounts(deployed: Deployment, user: str) -> object:
    return [deployed.database[side].update_one({"userId": user}, {"$set": {"amount": 9}}) for side in SIDES]


@pytest.mark.parametrize(
    "damage", [one_side, a_new_document, the_display, a_lost_view, the_series, the_zone, both_amounts]
)
def test_what_differs_since_then_is_found_whoever_wrote_it(
    deployed: Deployment, users: list[str], damage: Work
) -> None:
    damage(deployed, users[1])
    with pytest.raises(SyncModeError, match="verify finds differences"):
        deployed.operations.modes.set(NEW_ONLY, "test")
    assert (found := deployed.operations.consistency.last_verified()) is not None
    assert found.differences, "the gate goes by it too"
    assert deployed.operations.consistency.repair()[1].differences == 0
    set_new_only(deployed)


def both_readings(deployed: Deployment, user: str) -> object:
    return [deployed.database[side].delete_one({"userId": user}) for side in SIDES]


def the_owner(deployed: Deployment, user: str) -> object:
    return [deployed.database[side].update_one({"userId": user}, {"$set": {"userId": "a stranger"}}) for side in SIDES]


def a_collection(deployed: Deployment, _: str) -> object:
    deployed.database["meter_series"].rename("another_name")
    return deployed.database["another_name"].rename("meter_series")


@pytest.mark.parametrize("damage", [both_readings, the_owner, a_collection])
def test_where_nobody_knows_whose_it_was_all_must_be_compared_again(
    deployed: Deployment, users: list[str], damage: Work
) -> None:
    damage(deployed, users[1])
    with pytest.raises(SyncModeError, match=r"is not known: .*verify --restart"):
        deployed.operations.modes.set(NEW_ONLY, "test")
    deployed.operations.consistency.repair()
    deployed.operations.consistency.verify(restart=True)
    set_new_only(deployed)


def test_the_end_of_an_account_asks_for_no_comparison_of_all(
    deployed: Deployment, users: list[str], looked: set[MeterKey]
) -> None:
    erasures = deployed.ports.erasures
    erasure = erasures.begin(users[0], "pseudonym")
    for _ in erasures.removing(erasure, lambda: 60.0):
        pass
    erasures.finish(erasure)
    set_new_only(deployed)
    assert {user for user, _ in looked} <= {users[0]}


def test_a_verify_that_the_history_does_not_reach_back_to_says_nothing(
    deployed: Deployment, users: list[str], looked: set[MeterKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the server says it where its oplog has lost the beginning."""

    def lost(_: int) -> None:
        raise OperationFailure("the resume point may no longer be in the oplog", 286)

    monkeypatch.setattr(deployed.ports.history, "_stream", lost)
    with pytest.raises(SyncModeError, match="is not known: it does not go back so far"):
        deployed.operations.modes.set(NEW_ONLY, "test")
    assert {user for user, _ in looked} == {*users}


@pytest.mark.parametrize("changed", [{"code": "another"}, {"since": 5}, {"differences": 1}, {"at": 5}, {"up_to": None}])
def test_a_verify_of_other_code_or_another_mode_or_one_that_found_something_says_nothing(
    deployed: Deployment, users: list[str], looked: set[MeterKey], changed: dict[str, Any]
) -> None:
    control = deployed.ports.sync_control
    last = control.verified()
    assert last is not None
    control.save_verified(replace(last, **changed))
    set_new_only(deployed)
    assert {user for user, _ in looked} == {*users}


def test_a_display_that_cannot_be_brought_up_to_date_stands_in_the_way(deployed: Deployment, users: list[str]) -> None:
    stuck = {"_id": f"{users[0]}|heat", "userId": users[0], "type": "heat", "sourceVersion": 1, "displayVersion": 0}
    deployed.database["meters"].insert_one({**stuck, "dirtySince": ObjectId().generation_time})
    deployed.clock.drain()
    with pytest.raises(SyncModeError, match=r"the displays of 1 meters .*infra sweep"):
        deployed.operations.modes.set(NEW_ONLY, "test")


def test_who_waits_for_some_seconds_only_goes_on_where_the_last_call_was(
    deployed: Deployment, users: list[str], looked: set[MeterKey]
) -> None:
    again = operations(deployed.ports, deployed.clock, lambda: "another").consistency
    with pytest.raises(SyncModeError, match="has seen 4 of about 4 meters; try again"):
        again.count_differences_within(-1)
    assert again.count_differences_within(60) == 0
    assert (found := again.last_verified()) is not None
    assert (found.code, found.meters) == ("another", len(users))
    assert looked == set()
