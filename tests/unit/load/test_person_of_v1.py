"""A person of version 1 finds what was acknowledged and is not there, and nothing else."""

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from infra.drills.api import Reply, Sent
from tests.load.person_of_v1 import PersonOfV1

STEPS = 60


class Store:
    """Both versions over one set of readings; ``spoil`` changes what version 2 lists, ``lost`` answers never come."""

    def __init__(self, spoil: Callable[[list[Any]], list[Any]] = list, lost: int = 0) -> None:
        self._readings: dict[str, dict[str, Any]] = {}
        self._ids = count()
        self._spoil = spoil
        self._lost = lost
        self._writes = count(1)

    def __call__(self, sent: Sent) -> Reply | None:
        if sent.method == "GET":
            return self._listed(sent)
        reply = self._written(sent)
        return None if self._lost and next(self._writes) % self._lost == 0 else reply

    def _written(self, sent: Sent) -> Reply:
        key = sent.path.rpartition("/")[2] if sent.method != "POST" else str(next(self._ids))
        if sent.method == "DELETE":
            del self._readings[key]
            return Reply(200, None, b'{"success": true}')
        self._readings[key] = {"_id": key, **json.loads(sent.body)}
        return Reply(201, None, json.dumps(self._readings[key]).encode())

    def _listed(self, sent: Sent) -> Reply:
        rows = [*self._readings.values()]
        if sent.path.startswith("/v2"):
            return Reply(200, None, json.dumps({"readings": self._spoil(rows)}).encode())
        return Reply(200, None, json.dumps(rows).encode())


def lived(store: Store) -> PersonOfV1:
    person = PersonOfV1("a name", store, 0.0, time.monotonic())
    for number in range(STEPS):
        (person.remove if number % 5 == 4 else person.keep)()
        person.look()
    return person


@pytest.mark.parametrize("lost", [0, 7])
def test_an_honest_store_is_blamed_for_nothing_whatever_answers_got_lost(lost: int) -> None:
    person = lived(Store(lost=lost))
    assert person.denied() == []
    assert len(person.operations) > STEPS


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows[1:],
        lambda rows: [*rows, {"date": "1999-01-01T00:00:00+00:00", "amount": 1}],
        lambda rows: [{**row, "amount": 0} for row in rows[:1]] + rows[1:],
    ],
    ids=["lost", "never sent", "changed"],
)
def test_what_one_backend_does_not_have_as_it_was_acknowledged_is_found(
    spoil: Callable[[list[Any]], list[Any]],
) -> None:
    assert len(lived(Store(spoil)).denied()) == 1
