"""The operator's commands against damaged data, in random order: no mistake destroys the last good copy, none goes
unnoticed by ``verify``, and what is found can be mended by a command.

Few examples in each run; ``make test-deep`` tries many, long ones, and makes a failing one short.
``DAMAGE_ONLY`` is a pattern of names of damages: nothing else is damaged then.
"""

import os
import re
from contextlib import suppress
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from chalicelib.domain.errors import EnergyMonitorError
from tests.depth import DEEP
from tests.integration.damage.commands import Said, disagreement, exists
from tests.integration.damage.damages import ANY, DAMAGES, Damage
from tests.integration.damage.household import USERS, Household
from tests.integration.damage.independent import compare, control_of

pytestmark = pytest.mark.long

COMMON = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
EVERYTHING_BUT_SHRINKING = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
PROFILE = (
    settings(COMMON, max_examples=1_000, stateful_step_count=30)
    if DEEP
    else settings(COMMON, max_examples=6, stateful_step_count=12, phases=EVERYTHING_BUT_SHRINKING)
)
CHOSEN = [damage for damage in DAMAGES if re.search(os.environ.get("DAMAGE_ONLY", ""), damage.name)]
HAS_UNDO, HAS_DIRECTION = exists("repair", "undo"), exists("repair", option="--from")

users, kinds = st.sampled_from(USERS), st.sampled_from(["power", "gas"])
days, which = st.integers(0, 800), st.integers(0, 30)
amounts = st.integers(1, 10**7).map(lambda thousandths: Decimal(thousandths) / 1000)


class Mistakes(RuleBasedStateMachine):
    """People write, things are damaged, and an operator gives commands, each at any time."""

    uri: str

    def __init__(self) -> None:
        super().__init__()
        self._database = Household.new(self.uri, f"damage_{uuid4().hex[:12]}")
        self.household = self._database.__enter__()
        self._sound = False

    @initialize(
        mode=st.sampled_from(ANY), readings=st.lists(st.tuples(users, kinds, days, amounts), min_size=4, max_size=9)
    )
    def people_have_written_in_a_mode(self, mode: str, readings: list[tuple[str, str, int, Decimal]]) -> None:
        for reading in readings[:-2]:
            self.household.create(*reading)
        if mode != "dual_write":
            self._expect(self.household.shell.set_mode(mode))
        for reading in readings[-2:]:
            self.household.create(*reading)
        self._expect(self.household.shell.sweep())

    @rule(user=users, kind=kinds, day=days, amount=amounts)
    def a_person_writes(self, user: str, kind: str, day: int, amount: Decimal) -> None:
        self._sound = False
        with suppress(EnergyMonitorError):  # refused: nothing was acknowledged
            self.household.create(user, kind, day, amount)

    @rule(number=which, amount=amounts)
    def a_person_corrects(self, number: int, amount: Decimal) -> None:
        self._sound = False
        with suppress(EnergyMonitorError):
            self.household.correct(number, amount)

    @rule(number=which)
    def a_person_deletes(self, number: int) -> None:
        self._sound = False
        with suppress(EnergyMonitorError):
            self.household.delete(number)

    @rule()
    def everybody_reads(self) -> None:
        self._sound = False
        self.household.read()

    @rule(damage=st.sampled_from(CHOSEN), number=which)
    def something_is_damaged(self, damage: Damage, number: int) -> None:
        self._sound = False
        self.household.suffer(damage, number)

    @rule()
    def verify_agrees_with_the_independent_comparison(self) -> None:
        self._sound = False
        compared = compare(self.household.database)
        assert disagreement(self.household.shell.verify(), compared) is None

    @rule(command=st.sampled_from(["plan", "repair", "rebuild", "sync", "sweep"]))
    def the_operator_gives_a_command(self, command: str) -> None:
        self._give(getattr(self.household.shell, command)())

    @rule()
    def the_operator_compares_all_with_sync(self) -> None:
        self._give(self.household.shell.sync(full=True))

    @rule(mode=st.sampled_from(ANY))
    def the_operator_sets_a_mode(self, mode: str) -> None:
        self._give(self.household.shell.set_mode(mode))

    @precondition(lambda self: control_of(self.household.raw)[2] is not None)
    @rule()
    def the_operator_recovers_the_mode(self) -> None:
        self._give(self.household.shell.recover())

    @precondition(lambda _: HAS_DIRECTION)
    @rule()
    def the_operator_repairs_in_the_other_direction(self) -> None:
        self._give(self.household.shell.repair_from_new())

    @precondition(lambda _: HAS_UNDO)
    @rule()
    def the_operator_takes_a_repair_back(self) -> None:
        if said := self.household.shell.undo():
            self._give(said)

    @rule(down=st.booleans())
    def the_operator_migrates(self, down: bool) -> None:
        self._give(self.household.shell.revert() if down else self.household.shell.migrate())

    @invariant()
    def nothing_acknowledged_is_gone(self) -> None:
        assert self.household.ledger.gone() == {}
        self._sound = True

    def teardown(self) -> None:
        """Once nothing is damaged any more, an operator mends all of it, unless the run has failed already."""
        try:
            if self._sound:
                self._mended()
        finally:
            self._database.__exit__(None, None, None)

    def _mended(self) -> None:
        for said in self.household.mend(leave_old_only=True):
            self._give(said)
        assert self.household.ledger.gone() == {}
        assert self.household.unmended() is None
        self.household.read()

    def _give(self, said: Said) -> None:
        """A command may refuse, with a sentence; it never breaks."""
        self._sound = False
        assert said.defect is None, said

    @staticmethod
    def _expect(said: Said) -> None:
        assert said.code == 0, said


def test_no_mistake_destroys_the_last_good_copy_and_none_goes_unnoticed(mongodb_uri: str) -> None:
    Mistakes.uri = mongodb_uri
    run(Mistakes, settings=PROFILE)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("mode", "recover"), None),
        (("repair", "undo"), None),
        (("repair",), "--from"),
        (("repair",), "--allow-deletes"),
        (("repair",), "--yes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_there_are_the_commands_that_the_operator_needs(command: tuple[str, ...], option: str | None) -> None:
    assert exists(*command, option=option)
