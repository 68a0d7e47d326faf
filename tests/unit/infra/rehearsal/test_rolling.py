"""The rehearsal's checks while components are rolled out."""

from typing import Any

import pytest

from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from infra.rehearsal import rolling
from infra.rehearsal.scene import Scene, arrives, require

TABLE, GATE = "energy_table_new_backend", "new_backend_enabled"


class Seen(Scene):
    """A scene where an operator sees what is given."""

    def __init__(self, **seen: Any) -> None:
        super().__init__(Layout("nowhere", Ports()))
        self._seen = seen

    def look(self, path: str) -> Any:
        return self._seen[path.rpartition("/")[2].partition("?")[0]]


def change(flag: str, before: float | None, after: float, *, is_open: bool | None) -> dict[str, Any]:
    evidence = {} if is_open is None else {"gate": {"open": is_open}}
    was = None if before is None else {"rolloutPercent": before}
    return {"before": {flag: was}, "after": {flag: {"rolloutPercent": after}}, "evidence": evidence}


def test_rises_through_an_open_gate_are_counted_and_what_lets_nobody_in_is_no_rise() -> None:
    changes = [
        change(TABLE, 10, 50, is_open=True),
        change(TABLE, None, 10, is_open=True),
        change(TABLE, 50, 10, is_open=False),
        change(TABLE, 0, 0, is_open=None),
    ]
    assert rolling.rises_were_allowed(Seen(history={"changes": changes})) == "2 rises, each through an open gate"


@pytest.mark.parametrize("is_open", [False, None])
def test_a_rise_past_a_shut_gate_is_noticed(*, is_open: bool | None) -> None:
    changes = [change(TABLE, 0, 10, is_open=is_open), change(TABLE, 10, 50, is_open=True)]
    with pytest.raises(OperatorError, match="1 of 2 rises went past a gate that was shut"):
        rolling.rises_were_allowed(Seen(history={"changes": changes}))


def test_no_rise_at_all_proves_nothing() -> None:
    with pytest.raises(OperatorError, match="nothing has risen"):
        rolling.rises_were_allowed(Seen(history={"changes": []}))


def test_a_rollout_that_goes_on_in_a_breach_has_not_gone_back() -> None:
    with pytest.raises(OperatorError, match="energy_table is running, it has not gone back by itself"):
        rolling.went_back(Seen(energy_table={"state": "running"}))


def test_a_percentage_that_is_left_after_the_way_back_is_noticed() -> None:
    seen = Seen(
        energy_table={"state": "stopped", "reason": "differs"},
        flags={"flags": [{"name": TABLE, "rolloutPercent": 10}, {"name": GATE}]},
    )
    with pytest.raises(OperatorError, match="energy_table is at 10 % after the way back"):
        rolling.went_back(seen)


def test_what_must_hold_says_what_does_not() -> None:
    require(holds=True, problem="never seen")
    with pytest.raises(OperatorError, match="the mode is old_only"):
        require(holds=0, problem="the mode is old_only")


def test_what_must_arrive_says_what_it_was_last() -> None:
    arrives(lambda: True, 0, lambda: "never asked")
    with pytest.raises(OperatorError, match="not within 0 s: the gate is shut"):
        arrives(lambda: False, 0, lambda: "the gate is shut")
