"""The end of an account, on the fake and on MongoDB alike."""

from decimal import Decimal

import pytest

from chalicelib.bootstrap.container import Ports
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import AccountErasedError, InvalidInputError
from chalicelib.domain.people.account import CLOSED_MS, Erasure
from chalicelib.domain.ports.values import NewReading
from chalicelib.domain.ports.writing import WriteTransaction
from chalicelib.domain.readings import EnergyType

POWER = EnergyType.POWER


def record(ports: Ports, user: str, instant: int = 0) -> None:
    def work(transaction: WriteTransaction) -> None:
        transaction.meters.mark_changed(POWER, instant, instant, 1)
        transaction.readings.add(NewReading(POWER, instant, Decimal(1), "manual"), 1)

    ports.transactions.run(user, work)


def erased(ports: Ports, user: str) -> Erasure:
    erasure = ports.erasures.begin(user, "pseudonym")
    for _ in ports.erasures.removing(erasure, lambda: 60.0):
        pass
    ports.erasures.finish(erasure)
    done = ports.erasures.standing(erasure.fence)
    assert done
    return done


def test_the_fence_stands_from_the_beginning_and_who_asks_again_gets_the_same(ports: Ports, user: str) -> None:
    first = ports.erasures.begin(user, "pseudonym")
    assert (first.user_id, first.pseudonym, first.erased_at) == (user, "pseudonym", None)
    assert first.opens_at - first.requested_at == CLOSED_MS
    assert ports.erasures.begin(user, "pseudonym").receipt == first.receipt
    assert [each.user_id for each in ports.erasures.unfinished()] == [user]
    with pytest.raises(AccountErasedError) as refused:
        record(ports, user)
    assert refused.value.opens_at == first.opens_at


def test_where_no_fence_stands_nobody_is_erased(ports: Ports) -> None:
    assert ports.erasures.closed() is None


def test_everything_goes_and_who_it_was_is_forgotten(ports: Ports, user: str) -> None:
    for instant in (0, 1, 2):
        record(ports, user, instant)
        record(ports, f"{user}|other", instant)
    done = erased(ports, user)
    assert done.user_id is None
    assert done.erased_at is not None
    assert (done.deleted["meters"], done.deleted["source_energy_readings"]) == (1, 3)
    assert list(ports.erasures.unfinished()) == []
    assert len(ports.queries.full_snapshot(user, POWER, Backend.NEW).readings) == 0
    assert len(ports.queries.full_snapshot(f"{user}|other", POWER, Backend.NEW).readings) == 3


def test_a_place_beside_the_store_is_counted_and_nothing_is_over_before_its_time(ports: Ports, user: str) -> None:
    erasure = ports.erasures.begin(user, "pseudonym")
    ports.erasures.note(erasure, "lists of the flags", 3)
    done = erased(ports, user)
    assert done.deleted["lists of the flags"] == 3
    assert ports.erasures.tidy(opens=True) == 0
    assert ports.erasures.standing(done.fence) == done
    assert ports.meters.erased_among([user, "somebody else"]) == {user}
    is_erased = ports.erasures.closed()
    assert is_erased
    assert (is_erased(user), is_erased("somebody else")) == (True, False)
    assert ports.erasures.standing("no fence") is None


def test_an_export_has_parts_and_takes_no_cursor_of_others(ports: Ports, user: str) -> None:
    assert ports.account_export.page(user, "pseudonym", None).following is None
    record(ports, user)
    [reading] = ports.account_export.page(user, "pseudonym", None).documents["source_energy_readings"]
    assert reading["_id"]
    with pytest.raises(InvalidInputError):
        ports.account_export.page(user, "pseudonym", "mine")
