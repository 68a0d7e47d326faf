"""Which reads are asked again, for whom, and which years of a meter are asked for."""

from typing import Any, ClassVar, cast

import pytest

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import ComparisonError
from chalicelib.domain.migration.records.comparison_log import Example, Examples, Request
from chalicelib.domain.people.pseudonyms import Pseudonyms
from chalicelib.domain.ports.values import PageRequest
from chalicelib.domain.readings import EnergyType
from chalicelib.services.migration.comparison.reads_of_user import years_of_meter
from chalicelib.services.migration.comparison.replays import ComparisonMemory

HIDDEN = Pseudonyms(b"key")
PARAMETERS = {"type": "power"}


class Kept:
    """Everything that a memory asks: what is kept, and two users."""

    def __init__(self, *examples: Example) -> None:
        self.kept = [*examples]

    def examples(self, fingerprint: str, most: int) -> Examples:
        kept = self.kept if fingerprint == "f1" else []
        return Examples(kept[:most], len(kept))

    def request(self, noted: str) -> Request | None:
        return Request(Component.DASHBOARD, "alice", {"noted": noted}) if noted == "still there" else None

    def known_users(self) -> list[str]:
        return ["alice", "bob"]

    def requests(self) -> list[tuple[str, Any]]:
        everything = cast(Any, self)
        found = ComparisonMemory(everything, everything, everything, HIDDEN).requests("f1", 20)
        return [(request.user_id, request.parameters) for request in found.requests]


def example(user: str, usage: str | None = None, feedback: str | None = None, *, on_demand: bool = True) -> Example:
    parameters = PARAMETERS if on_demand else None
    return Example(Component.DASHBOARD, HIDDEN.of("user", user), usage, parameters, feedback)


def test_a_read_on_demand_is_asked_again_for_the_user_behind_its_pseudonym() -> None:
    assert Kept(example("bob"), example("nobody"), example("alice")).requests() == [
        ("bob", PARAMETERS),
        ("alice", PARAMETERS),
    ]


def test_a_read_that_somebody_made_is_asked_again_while_its_note_is_kept() -> None:
    kept = Kept(
        example("bob", usage="still there", on_demand=False),
        example("bob", feedback="still there", on_demand=False),
        example("bob", usage="forgotten", on_demand=False),
    )
    assert kept.requests() == [("alice", {"noted": "still there"})] * 2


def test_where_nobody_is_known_by_the_pseudonym_nothing_can_be_asked() -> None:
    with pytest.raises(ComparisonError, match="the key for pseudonyms is another"):
        Kept(example("nobody")).requests()


def test_the_years_of_a_meter_reach_from_its_first_to_its_last_reading_of_either_side_and_one_more() -> None:
    class Readings:
        """The old side begins in 2021, the new one ends in 2024."""

        years: ClassVar = {Backend.OLD: (2021, 2023), Backend.NEW: (2022, 2024)}

        def page(self, user_id: str, request: PageRequest, backend: Backend) -> list[Any]:
            year = self.years[backend][request.descending]
            assert (user_id, request.limit) == ("alice", 1)
            return [Reading((year - 1970) * 31_556_952_000 + 15 * 86_400_000)]

    class Reading:
        def __init__(self, instant: int) -> None:
            self.instant = instant

    assert years_of_meter(cast(Any, Readings()), "alice", EnergyType.POWER) == range(2020, 2026)
