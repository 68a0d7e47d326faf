"""The soak's own judgement: its ledger finds every loss, its figures are right, its length is checked."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from tests.soak.__main__ import main
from tests.soak.figures import Figures, Verdict, percentiles
from tests.soak.ledger import DOUBTED_SECONDS, Ledger

SLOT = ("power", datetime(2023, 1, 31, tzinfo=UTC))
OTHER = ("gas", datetime(2023, 1, 31, tzinfo=UTC))
ONE, TWO = Decimal(1), Decimal(2)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock)


@pytest.mark.parametrize("stored", [{}, {SLOT: TWO}, {SLOT: ONE, OTHER: TWO}])
def test_what_is_not_as_it_was_acknowledged_is_found(
    ledger: Ledger, stored: dict[tuple[str, datetime], Decimal]
) -> None:
    ledger.appeared(SLOT, ONE, "a")
    ledger.compare("energies", stored)
    assert len(ledger.contradictions) == 1


def test_what_is_as_it_was_acknowledged_is_fine(ledger: Ledger) -> None:
    ledger.appeared(SLOT, ONE, "a")
    ledger.changed(SLOT, TWO, "a")
    ledger.compare("energies", {SLOT: TWO})
    ledger.vanished(SLOT)
    ledger.compare("energies", {})
    assert ledger.contradictions == []


@pytest.mark.parametrize("stored", [{SLOT: ONE}, {SLOT: TWO}, {}])
def test_after_a_correction_and_a_deletion_of_unknown_outcome_every_state_may_be(
    ledger: Ledger, stored: dict[tuple[str, datetime], Decimal]
) -> None:
    ledger.appeared(SLOT, ONE, "a")
    ledger.doubt(SLOT, TWO)
    ledger.doubt(SLOT, None)
    ledger.compare("energies", stored)
    assert ledger.contradictions == []


def test_a_third_state_is_none_of_them(ledger: Ledger) -> None:
    ledger.doubt(SLOT, ONE)
    ledger.compare("energies", {SLOT: TWO})
    assert ledger.contradictions == ["energies: 2 at power 2023-01-31T00:00Z, not 1 or nothing"]


def test_a_slot_in_doubt_is_left_alone_until_the_request_must_have_ended(ledger: Ledger, clock: Clock) -> None:
    ledger.appeared(SLOT, ONE, "a")
    ledger.doubt(SLOT, None)
    ledger.found(SLOT, ONE, "a")
    assert ledger.known() == []
    assert ledger.possible(SLOT) == frozenset({ONE, None})
    clock.now += DOUBTED_SECONDS
    ledger.found(SLOT, ONE, "a")
    assert ledger.known() == [SLOT]
    assert ledger.possible(SLOT) == frozenset({ONE})


@pytest.mark.parametrize(
    "deny",
    [
        lambda ledger: ledger.found(SLOT, None),
        lambda ledger: ledger.appeared(SLOT, TWO, "b"),
        lambda ledger: ledger.taken(OTHER),
        lambda ledger: ledger.vanished(OTHER),
        lambda ledger: ledger.changed(OTHER, TWO, "b"),
        lambda ledger: ledger.require(False, "behind"),
    ],
)
def test_an_answer_that_denies_an_acknowledged_write_is_found_at_once(
    ledger: Ledger, deny: Callable[[Ledger], None]
) -> None:
    ledger.appeared(SLOT, ONE, "a")
    deny(ledger)
    assert len(ledger.contradictions) == 1


def test_an_imported_row_is_stored_only_where_there_was_no_reading(ledger: Ledger) -> None:
    ledger.appeared(SLOT, ONE, "a")
    ledger.imported(SLOT, TWO)
    ledger.imported(OTHER, TWO)
    assert (*ledger.possible(SLOT), *ledger.possible(OTHER)) == (ONE, TWO)


def test_a_request_without_an_answer_and_one_with_5xx_are_of_unknown_outcome() -> None:
    figures = Figures()
    for status in (201, 409, 502, 0):
        with figures.timing("create") as timed:
            timed.status = status
    with figures.timing("list") as timed:
        timed.status = 200
    assert figures.statuses["create"] == Counter((201, 409, 502, 0))
    assert (figures.requests, figures.acknowledged, figures.unknown) == (5, 1, 2)


def test_percentiles_are_in_milliseconds() -> None:
    assert percentiles([number / 1000 for number in range(101)]) == ("50 ms", "95 ms", "99 ms")
    assert percentiles([1.0]) == ("-", "-", "-")


def test_the_last_lines_say_what_differs_and_what_is_lost_and_before_them_whatever_else_is_wrong() -> None:
    well = Verdict(unexpected=0, lagging=0, unchecked=(), differences=0, lost=0)
    assert well.is_well
    assert well.lines() == ["differences: 0", "lost acknowledged writes: 0"]
    bad = Verdict(unexpected=3, lagging=2, unchecked=("verify: the database did not answer",), differences=0, lost=0)
    assert not bad.is_well
    assert bad.lines() == [
        "NOT WELL: unexpected answers: 3",
        "NOT WELL: meters whose display still lags: 2",
        "NOT WELL: verify: the database did not answer",
        "differences: 0 or more",
        "lost acknowledged writes: 0",
    ]


@pytest.mark.parametrize(
    "wrong", [{"unexpected": 1}, {"lagging": 1}, {"unchecked": ("verify",)}, {"differences": 1}, {"lost": 1}]
)
def test_it_is_well_only_where_nothing_is_wrong(wrong: dict[str, Any]) -> None:
    assert not Verdict(**{"unexpected": 0, "lagging": 0, "unchecked": (), "differences": 0, "lost": 0, **wrong}).is_well


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "1e9", "five", "1,5"])
def test_a_length_of_time_that_cannot_be_is_refused(minutes: str) -> None:
    refused = CliRunner().invoke(main, env={"MINUTES": minutes})
    assert refused.exit_code == 2
    assert "make soak MINUTES=5" in refused.output
    assert minutes in refused.output
