"""A page of a list in memory: filtered, sorted and cut as the server does it by its index."""

from decimal import Decimal

import pytest

from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.backends.listing import page_of

POWER, GAS = EnergyType.POWER, EnergyType.GAS
ID = "0123456789abcdef01234567"
LATER_ID = "0123456789abcdef01234568"
EARLY, INHERITED, OWN, LATER, GASES = LIST = tuple(
    StoredReading(name, energy_type, instant, Decimal(1), "manual", 1, 0, 0)
    for name, energy_type, instant in (
        ("zz", POWER, 1),
        ("zz-inherited", POWER, 5),
        (ID, POWER, 5),
        (LATER_ID, POWER, 5),
        ("gas", GAS, 9),
    )
)


def page(after: StoredReading | None = None, *, descending: bool = False, limit: int = 0, **wanted: int) -> list[str]:
    place = None if after is None else (after.instant, after.id)
    request = PageRequest(ReadingFilter(None, wanted.get("first"), wanted.get("last")), descending, limit, place)
    return [reading.id for reading in page_of(LIST, request)]


def ids(*readings: StoredReading) -> list[str]:
    return [reading.id for reading in readings]


def test_without_a_limit_everything_comes_in_the_order_of_its_dates_or_the_other_way_round() -> None:
    assert page() == ids(*LIST)
    assert page(descending=True) == ids(*reversed(LIST))


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_a_limit_cuts_the_page(limit: int) -> None:
    assert page(limit=limit) == ids(*LIST[:limit])
    assert page(limit=limit, descending=True) == ids(*list(reversed(LIST))[:limit])


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (5, 5, (INHERITED, OWN, LATER)),
        (1, 4, (EARLY,)),
        (2, 8, (INHERITED, OWN, LATER)),
        (6, 9, (GASES,)),
        (10, 99, ()),
    ],
)
def test_both_ends_of_a_range_belong_to_it(first: int, last: int, found: tuple[StoredReading, ...]) -> None:
    assert page(first=first, last=last) == ids(*found)


def test_one_type_leaves_the_others_out() -> None:
    request = PageRequest(ReadingFilter(GAS), descending=False, limit=0)
    assert page_of(LIST, request) == [GASES]


@pytest.mark.parametrize(
    ("after", "behind", "before"),
    [
        (EARLY, (INHERITED, OWN, LATER, GASES), ()),
        (INHERITED, (OWN, LATER, GASES), (EARLY,)),
        (OWN, (LATER, GASES), (INHERITED, EARLY)),
        (LATER, (GASES,), (OWN, INHERITED, EARLY)),
        (GASES, (), (LATER, OWN, INHERITED, EARLY)),
    ],
)
def test_a_page_begins_behind_a_place_texts_before_ids_of_the_server(
    after: StoredReading, behind: tuple[StoredReading, ...], before: tuple[StoredReading, ...]
) -> None:
    assert page(after) == ids(*behind)
    assert page(after, descending=True) == ids(*before)
