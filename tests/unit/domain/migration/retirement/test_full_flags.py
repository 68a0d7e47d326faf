"""Since when a flag sends everybody to the new backend, and whom the old one still answers."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.flag_history import ChangeState, FlagChange
from chalicelib.domain.migration.retirement.full_flags import GLOBAL, full_since, partly_old
from chalicelib.domain.migration.status.flags import FlagSeen, FlagsSeen
from chalicelib.flags.document.names import COMPONENT_FLAGS
from chalicelib.flags.document.names import GLOBAL as NAME_OF_THE_GATE

NAME = "energy_table_new_backend"
FULL = {"enabled": True, "rolloutPercent": 100, "blockedUserIds": [], "retired": False}
SEEN = FlagSeen(NAME, True, Decimal(100), False, 0, 0, False)
ALL_FULL = FlagsSeen("v", "v", True, None, dict.fromkeys(Component, SEEN), {}, "shape")
TABLE = Component.ENERGY_TABLE


def changes(*found: tuple[int, dict[str, Any], ChangeState]) -> list[FlagChange]:
    """Each as when, what the flag says then, how far it came; the newest first."""
    return [
        FlagChange(str(at), at, "olga", "set", "why", {}, {NAME: FULL | after}, "", "", state=state)
        for at, after, state in found
    ]


DONE, STARTED, FAILED = ChangeState.DEPLOYED, ChangeState.STARTED, ChangeState.FAILED


@pytest.mark.parametrize(
    ("recorded", "since"),
    [
        ([], None),
        ([(5, {}, DONE)], 5),
        ([(5, {}, DONE), (4, {"rolloutPercent": 99.999}, DONE)], 5),
        ([(7, {"testUserIds": ["tim"]}, DONE), (5, {}, DONE), (4, {"enabled": False}, DONE)], 5),
        ([(5, {}, DONE), (4, {"enabled": False}, DONE), (3, {}, DONE)], 5),
        ([(7, {"rolloutPercent": 50}, FAILED), (5, {}, DONE)], 5),
        ([(7, {"rolloutPercent": 50}, STARTED), (5, {}, DONE)], None),
        ([(5, {}, STARTED), (4, {"rolloutPercent": 50}, DONE)], None),
        ([(5, {"blockedUserIds": ["bob"]}, DONE), (4, {}, DONE)], None),
        ([(5, {"retired": True, "enabled": False}, DONE), (4, {}, DONE)], None),
    ],
)
def test_the_time_begins_with_the_change_that_brought_everybody_and_ends_with_any_other(
    recorded: list[tuple[int, dict[str, Any], ChangeState]], since: int | None
) -> None:
    assert full_since(NAME, changes(*recorded)) == since


def test_a_change_of_other_flags_says_nothing() -> None:
    other = replace(changes((7, {}, DONE))[0], after={"dashboard_new_backend": FULL | {"rolloutPercent": 0}})
    assert full_since(NAME, [other, *changes((5, {}, DONE))]) == 5


def test_the_gate_has_no_percentage() -> None:
    [change] = changes((5, {}, DONE))
    assert full_since(GLOBAL, [replace(change, after={GLOBAL: {"enabled": True}})]) == 5
    assert full_since(GLOBAL, [replace(change, after={GLOBAL: {"enabled": False}})]) is None


def test_flags_are_called_as_the_document_calls_them() -> None:
    assert GLOBAL == NAME_OF_THE_GATE
    assert {component: f"{component}_new_backend" for component in Component} == COMPONENT_FLAGS


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ({}, None),
        ({"percent": Decimal("99.9")}, "its flag is at 99.9 %"),
        ({"enabled": False}, "its flag is off"),
        ({"retired": True}, "its flag is retired: it sends nobody to the new backend"),
        ({"blocked_users": 2}, "2 people blocked from the new backend"),
    ],
)
def test_whom_the_old_backend_still_answers_is_said_with_the_reason(flag: dict[str, Any], said: str | None) -> None:
    seen = replace(ALL_FULL, flags={**ALL_FULL.flags, TABLE: replace(SEEN, **flag)})
    assert dict(partly_old(seen)) == ({} if said is None else {TABLE: said})
    assert dict(partly_old(replace(seen, overruled="in new_only everybody gets the new backend"))) == {}


def test_a_closed_gate_and_a_flag_that_nobody_can_read_are_old() -> None:
    assert set(dict(partly_old(replace(ALL_FULL, global_enabled=False))).values()) == {"the global gate is off"}
    broken = replace(ALL_FULL, malformed={TABLE: "no flag"})
    assert dict(partly_old(broken)) == {TABLE: "its flag cannot be read: no flag"}
