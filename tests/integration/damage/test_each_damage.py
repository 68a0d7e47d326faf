"""Each kind of damage in each mode: ``verify`` names it, as the independent comparison does; reads survive it; the
commands mend it; and no acknowledged reading that another document held is gone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.depth import combined, share
from tests.integration.damage import derived
from tests.integration.damage.commands import disagreement
from tests.integration.damage.damages import ANY, DAMAGES, NOTHING, OF_DISPLAY, OF_METERS, OF_SERIES, Damage
from tests.integration.damage.figures import Views
from tests.integration.damage.household import Household, settled
from tests.integration.damage.independent import compare, figures_of
from tests.integration.damage.stored import OLD, plain
from tests.migrated_databases import filled

pytestmark = pytest.mark.long

DERIVED = [damage for damage in (*OF_METERS, *OF_SERIES) if damage.costs == NOTHING]


def cases(number: int) -> list[Any]:
    """Every damage in each of its modes; in ``make test`` in one of them, in another one in each of the tests."""
    return [
        pytest.param(mode, damage, id=f"{damage}-{mode}")
        for place, damage in enumerate(DAMAGES)
        for mode in share(damage.modes, (place + number) % len(damage.modes), len(damage.modes))
    ]


class Prepared:
    """A settled household, for one test after another: each finds it as it was."""

    def __init__(self, household: Household) -> None:
        self.household = household
        self._raw = plain(self.household.database)
        self._before = {name: list(self._raw[name].find()) for name in self._raw.list_collection_names()}
        self._known = dict(self.household.ledger.readings)

    def household_as_it_was(self) -> Household:
        """Everything as it was."""
        names = self._raw.list_collection_names()
        holding = filled(self._raw, names)
        for name in names:
            before = self._before.get(name, [])
            if (before or name in holding) and list(self._raw[name].find()) != before:
                self._raw[name].delete_many({})
                self._raw[name].insert_many(before) if before else None
        self.household.ledger.readings = dict(self._known)
        return self.household


@pytest.fixture(scope="module")
def prepared(mongodb_uri: str) -> Iterator[dict[str, Prepared]]:
    with ExitStack() as households:
        yield {mode: households.enter_context(_prepared(mongodb_uri, mode)) for mode in ANY}


@contextmanager
def _prepared(uri: str, mode: str) -> Iterator[Prepared]:
    with Household.new(uri, f"damage_{uuid4().hex[:12]}") as household:
        settled(household, mode)
        yield Prepared(household)


@pytest.fixture
def household(prepared: dict[str, Prepared], mode: str) -> Household:
    return prepared[mode].household_as_it_was()


@pytest.fixture
def damaged(household: Household, damage: Damage) -> Household:
    assert household.suffer(damage)
    return household


@pytest.mark.parametrize("mode", ANY)
def test_where_nothing_is_damaged_nothing_is_named(household: Household) -> None:
    compared = compare(household.database)
    assert compared.clean
    assert compared.unreadable == ()
    assert disagreement(household.shell.verify(), compared) is None
    household.read()


@pytest.mark.parametrize(("mode", "damage"), cases(0))
def test_verify_names_what_the_independent_comparison_names(damaged: Household, damage: Damage) -> None:
    compared = compare(damaged.database)
    assert damage.harmless == (compared.clean and not compared.unreadable and not compared.lagging), compared
    assert disagreement(damaged.shell.verify(), compared) is None


@pytest.mark.parametrize(("mode", "damage"), cases(1))
def test_everybody_can_read_all_the_same(damaged: Household) -> None:
    damaged.read()


@pytest.mark.parametrize(("mode", "damage"), cases(2))
def test_commands_mend_it_and_nothing_acknowledged_is_gone(damaged: Household) -> None:
    for said in damaged.mend():
        assert said.defect is None, said
    assert damaged.ledger.gone() == {}
    assert damaged.unmended() is None


@pytest.mark.parametrize(("damage", "mode"), combined(DERIVED, ["dual_write", "new_only"]), ids=str)
def test_the_next_write_is_taken_and_shown_whatever_happened_to_what_is_derived(damaged: Household) -> None:
    for user, kind in (("ann", "gas"), ("ann", "power"), ("bob", "power")):
        damaged.create(user, kind, 510, Decimal(5000))
    damaged.shell.sweep()
    assert damaged.ledger.gone() == {}
    for user, kind in (("ann", "gas"), ("ann", "power"), ("bob", "power")):
        expected = figures_of(damaged.database, (user, kind))
        assert same(damaged.consistent(user, kind, 2023), expected, 2023)


def same(shown: Any, expected: Views, year: int) -> bool:
    return derived.same(shown, expected["monthly", year])


LOSSES = [damage for damage in DAMAGES if damage.name in (f"no twin in {OLD}", f"an amount as string in {OLD}")]


@pytest.mark.parametrize("mode", ["dual_write"])
@pytest.mark.parametrize("damage", LOSSES, ids=str)
def test_a_migration_that_is_reverted_does_not_take_the_last_copy_along(damaged: Household) -> None:
    damaged.shell.set_mode("old_only")
    damaged.shell.revert()  # 002 deletes what should be in energies too
    assert damaged.ledger.gone() == {}


@pytest.mark.parametrize("mode", ["dual_write"])
@pytest.mark.parametrize("damage", OF_DISPLAY, ids=str)
def test_a_rebuild_alone_mends_the_display(damaged: Household) -> None:
    damaged.shell.rebuild()
    assert damaged.unmended() is None
