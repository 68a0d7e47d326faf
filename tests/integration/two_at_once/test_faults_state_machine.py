"""Whatever happens to writes, events and functions, in whatever order and at once: every meter displays exactly the
version that it says, and once nothing happens any more, the sweeper has everything displayed.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pymongo.database import Database

from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database
from tests.depth import depth
from tests.integration.two_at_once.happenings import (
    AddExchange,
    Change,
    ChangeElsewhere,
    Create,
    Delete,
    DeleteElsewhere,
    Deliver,
    Import,
    RemoveExchange,
    UndoImport,
    Update,
    WriteElsewhere,
)
from tests.integration.two_at_once.interruption import Interruption
from tests.integration.two_at_once.unreliable import Action, Household, sweep, sync

pytestmark = pytest.mark.long

NEWEST = Deliver(0)
COMMANDS = 16  # more than a refresh sends
kinds = st.sampled_from(EnergyType)
days = st.dates(date(2019, 11, 1), date(2023, 2, 28)).map(date.isoformat)
moments = st.sampled_from(["2020-12-31T23:00Z", "2020-12-31T23:30Z", "2021-01-01T00:00Z", "2021-06-15T12:00Z"])
dates = days | moments
usual = st.integers(1, 10**6).map(lambda thousandths: Decimal(thousandths) / 1000)
extreme = st.sampled_from([Decimal("0.00000000000001"), Decimal(999_999_999_999)])  # no 64 bits hold both
amounts = st.one_of(*[usual] * 9, extreme)
which = st.integers(0, 30)
writes: st.SearchStrategy[Action] = st.one_of(
    st.builds(Create, kinds, dates, amounts),
    st.builds(Update, which, st.none() | dates, st.none() | amounts),
    st.builds(Delete, which),
    st.builds(
        Import,
        st.lists(st.tuples(kinds, dates, amounts), min_size=1, max_size=6).map(tuple),
        st.sampled_from(["skip", "replace"]),
    ),
    st.builds(UndoImport, which),
    st.builds(AddExchange, kinds, dates, amounts, usual),
    st.builds(RemoveExchange, kinds, which),
    st.builds(
        Change,
        st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Kiritimati"]),
        st.sampled_from([None, Decimal(10) ** 12]),  # above every amount
        st.booleans(),
    ),
)
elsewhere: st.SearchStrategy[Action] = st.one_of(
    st.builds(WriteElsewhere, kinds, dates, st.integers(1, 1000)),
    st.builds(ChangeElsewhere, which, kinds, dates, st.integers(1, 1000)),
    st.builds(DeleteElsewhere, which),
)
deliveries: st.SearchStrategy[Action] = st.just(NEWEST) | st.builds(
    Deliver, which, st.sampled_from([False] * 9 + [True])
)
schedules: st.SearchStrategy[Action] = st.sampled_from([sweep, sync])
functions = deliveries | schedules


class Faults(RuleBasedStateMachine):
    """Random happenings to one household, one after the other or in the middle of each other."""

    deployed: Callable[[], Household]

    def __init__(self) -> None:
        super().__init__()
        self.household = type(self).deployed()

    @rule(write=writes)
    def write(self, write: Action) -> None:
        self.household.let(write)

    @rule(write=elsewhere)
    def write_elsewhere(self, write: Action) -> None:
        self.household.let(write)

    @rule(delivery=deliveries)
    def deliver(self, delivery: Action) -> None:
        self.household.let(delivery)

    @rule(schedule=schedules)
    def call(self, schedule: Action) -> None:
        self.household.let(schedule)

    @rule(write=writes, command=st.integers(0, 7), other=writes)
    def two_functions_at_once(self, write: Action, command: int, other: Action) -> None:
        self.household.let(write)
        self.household.let_interrupted(NEWEST, command, [other, NEWEST])

    @rule(
        function=functions,
        command=st.integers(0, COMMANDS),
        meanwhile=st.lists(writes | deliveries, min_size=1, max_size=4),
    )
    def interrupt_a_function(self, function: Action, command: int, meanwhile: Sequence[Action]) -> None:
        self.household.let_interrupted(function, command, meanwhile)

    @rule(write=writes, command=st.integers(0, 6), meanwhile=st.lists(writes | functions, min_size=1, max_size=3))
    def interrupt_a_write(self, write: Action, command: int, meanwhile: Sequence[Action]) -> None:
        self.household.let_interrupted(write, command, meanwhile)

    @invariant()
    def every_meter_displays_the_version_that_it_says(self) -> None:
        self.household.check()

    def teardown(self) -> None:
        self.household.settle()


def test_whatever_happens_to_events_and_functions_the_display_is_right_in_the_end(
    migrated: Database[Any], mongodb_uri: str
) -> None:
    interruption = Interruption()
    slow = open_database(mongodb_uri, migrated.name, interruption)
    Faults.deployed = lambda: Household(migrated, slow, interruption)
    run_state_machine_as_test(
        Faults,
        settings=settings(
            max_examples=depth(6, 500),
            stateful_step_count=25,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    slow.client.close()
