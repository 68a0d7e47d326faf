"""How a history is made: it ends when it should, and what it cannot judge ends it."""

import json
from collections.abc import Sequence

import pytest

from infra.drills.api import Reply, Sent
from infra.drills.history.checker import Kind
from infra.drills.history.drive import REFUSALS_IN_A_ROW, Exercise, drive
from infra.drills.history.wishes import Flip
from infra.errors import OperatorError

EMPTY = {
    "dashboard": {"meters": [{"type": "power", "sourceVersion": 0}]},
    "energy_table": {"readings": []},
    "export": {"readings": []},
    "energy": {"readings": []},
    "energy_forms": {"type": "power", "last": None},
    "timeline_slider": {"type": "power", "sourceVersion": 0, "buckets": []},
    "monthly_charts": {"type": "power", "sourceVersion": 0},
    "display": {
        "type": "power",
        "data": {},
        "meta": {"displayVersion": 0, "sourceVersion": 0, "calculatedAt": None},
    },
}


class QuietGround:
    """Implements ``Ground``: nobody has a reading, and no write has an answer."""

    doubt_seconds = 0.0

    def __init__(self, *, flips: bool = True, differences: Sequence[str] = (), status: int = 200) -> None:
        self.settled: list[str] = []
        self._flips = flips
        self._differences = differences
        self._status = status

    def transport(self, sent: Sent) -> Reply | None:
        if sent.method != "GET":
            return None
        path = sent.path.partition("?")[0]
        backend = "old" if sent.role or not self.settled else "new"
        return Reply(self._status, backend, json.dumps(EMPTY[path.rpartition("/")[2]]).encode())

    def flip(self, flip: Flip) -> str | None:
        return flip.kind.value if self._flips else None

    def settle(self, people: Sequence[str]) -> None:
        self.settled += people

    def differences(self) -> list[str]:
        return [*self._differences]


def silent(_: str) -> None: ...


@pytest.mark.long
def test_it_goes_on_until_there_are_flips_and_operations_enough() -> None:
    ground = QuietGround()
    history = drive(ground, Exercise(3, people=2, flips=12, operations=120), silent)
    assert (len(history.flips), history.refused_flips, history.violations) == (12, 0, [])
    assert len(history.operations) >= 120
    assert ground.settled == ["history-3-00", "history-3-01"]
    assert history.outcomes["unknown"] > 0
    assert history.backends.keys() == {"old"}
    assert not history.is_right  # the new backend never answered while it flipped


def test_it_ends_when_the_time_is_up() -> None:
    history = drive(QuietGround(), Exercise(3, people=2, flips=10**6, operations=10**9, seconds=0.1), silent)
    assert len(history.flips) < 10**6
    assert history.seconds < 60


def test_what_verify_finds_in_the_end_is_a_violation() -> None:
    history = drive(QuietGround(differences=["a twin is missing"]), Exercise(3, people=1, flips=1), silent)
    (found,) = history.violations
    assert (found.kind, found.says) == (Kind.UNEQUAL, "verify finds: a twin is missing")


def test_flips_that_are_refused_for_ever_end_it() -> None:
    with pytest.raises(OperatorError, match=f"{REFUSALS_IN_A_ROW + 1} flips in a row were refused"):
        drive(QuietGround(flips=False), Exercise(3, people=1, flips=1), silent)


def test_what_ends_one_persons_life_ends_the_history() -> None:
    with pytest.raises(OperatorError, match=r"GET .*: 401"):
        drive(QuietGround(status=401), Exercise(3, people=2, flips=5, operations=10**6), silent)
