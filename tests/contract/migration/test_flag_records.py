"""The records of changes of flags, and the known users, on the fake and on MongoDB."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.migration.records.flag_history import ChangeState
from chalicelib.domain.migration.sync.reconciliation import Verified
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType
from tests.contract.migration.flag_changes import change

MOMENT = 1_700_000_000_000


def meter(ports: Ports, user_id: str, kind: EnergyType) -> None:
    def work(transaction: WriteTransaction) -> None:
        transaction.readings.add(NewReading(kind, MOMENT, Decimal(5), "manual"), MOMENT)
        transaction.meters.mark_changed(kind, MOMENT, MOMENT, MOMENT)

    ports.transactions.run(user_id, work)


def test_a_change_is_kept_whole_and_can_be_finished(ports: Ports) -> None:
    started = change(MOMENT, "one")
    ports.flag_history.save(started, b"{}")
    assert list(ports.flag_history.changes(None, 10)) == [started]
    deployed = replace(started, state=ChangeState.DEPLOYED, config_version=7, deployment=8, in_effect_ms=14_900)
    ports.flag_history.save(deployed, b"{}")
    assert list(ports.flag_history.changes(None, 10)) == [deployed]


def test_changes_come_the_newest_first_of_one_flag_or_of_all(ports: Ports) -> None:
    changes = [change(MOMENT + n, "one", *(["two"] if n % 2 else [])) for n in range(6)]
    for item in changes:
        ports.flag_history.save(item, b"{}")
    assert list(ports.flag_history.changes(None, 4)) == changes[:1:-1]
    assert list(ports.flag_history.changes("two", 10)) == changes[5:0:-2]
    assert list(ports.flag_history.changes("three", 10)) == []


def test_every_user_with_a_meter_is_known_once(ports: Ports) -> None:
    users = ["a", "a|b", "a|power", "a|gas|x", "ab", "auth0|1", "用户", "a|b|c"]
    for user_id in users:
        for kind in EnergyType:
            meter(ports, user_id, kind)
    assert sorted(ports.known_users.known_users()) == sorted(users)


def test_without_meters_nobody_is_known(ports: Ports) -> None:
    assert list(ports.known_users.known_users()) == []


@pytest.mark.parametrize("since", [None, MOMENT])
def test_the_last_verify_is_remembered(ports: Ports, since: int | None) -> None:
    assert ports.sync_control.verified() is None
    for differences in (3, 0):
        seen = MOMENT if differences else None
        verified = Verified(MOMENT, since, 12, 1, differences, MOMENT, seen, seen, "code", calculated=2)
        ports.sync_control.save_verified(verified)
        assert ports.sync_control.verified() == verified


def test_the_document_of_the_newest_deployed_change_is_kept_to_the_byte(ports: Ports) -> None:
    assert ports.flag_history.last_deployed() is None
    older, newer, failed, started = (change(MOMENT + n, "one") for n in range(4))
    for item, state in ((older, ChangeState.DEPLOYED), (newer, ChangeState.DEPLOYED), (failed, ChangeState.FAILED)):
        ports.flag_history.save(replace(item, state=state), f'{{"用户": "{item.at}"}}\n'.encode())
    ports.flag_history.save(started, b"{}")
    found = ports.flag_history.last_deployed()
    assert found is not None
    assert (found.change, found.content) == (
        replace(newer, state=ChangeState.DEPLOYED),
        f'{{"用户": "{MOMENT + 1}"}}\n'.encode(),
    )


def test_what_began_until_an_instant_comes_the_newest_first_with_its_document(ports: Ports) -> None:
    states = (ChangeState.DEPLOYED, ChangeState.FAILED, ChangeState.STARTED, ChangeState.DEPLOYED)
    changes = [replace(change(MOMENT + 10 * n, "one"), state=state) for n, state in enumerate(states)]
    for item in changes:
        ports.flag_history.save(item, f"{item.at}".encode())
    found = ports.flag_history.begun_until(MOMENT + 20, 10)
    assert [(each.change, each.content) for each in found] == [(each, f"{each.at}".encode()) for each in changes[2::-1]]
    assert [each.change for each in ports.flag_history.begun_until(MOMENT + 29, 2)] == changes[2:0:-1]
    assert list(ports.flag_history.begun_until(MOMENT - 1, 10)) == []


def test_the_first_change_after_an_instant_that_was_deployed_is_found(ports: Ports) -> None:
    states = (ChangeState.DEPLOYED, ChangeState.FAILED, ChangeState.DEPLOYED, ChangeState.DEPLOYED)
    changes = [replace(change(MOMENT + 10 * n, "one"), state=state) for n, state in enumerate(states)]
    for item in changes:
        ports.flag_history.save(item, b"{}")
    assert ports.flag_history.deployed_after(MOMENT - 1) == changes[0]
    assert ports.flag_history.deployed_after(MOMENT) == changes[2]
    assert ports.flag_history.deployed_after(MOMENT + 30) is None
