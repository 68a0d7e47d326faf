"""Faults with a name: events that get lost; and two at once, at every place where one can meet the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container
from chalicelib.domain.events.contracts import EnergyReadingsImportUndone
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import open_database
from chalicelib.services.recording.energy_crud import ReadingCorrection
from tests.depth import combined
from tests.integration.refresh.shown import readings
from tests.integration.two_at_once.happenings import (
    AddExchange,
    Change,
    ChangeElsewhere,
    Create,
    Delete,
    Deliver,
    Import,
    UndoImport,
    Update,
)
from tests.integration.two_at_once.interruption import Interruption
from tests.integration.two_at_once.unreliable import Action, Household, sweep

pytestmark = pytest.mark.long

POWER, GAS = EnergyType
NEWEST, THE_ONE_BEFORE = Deliver(0), Deliver(1)


def create(date: str, amount: int, kind: EnergyType = POWER) -> Create:
    return Create(kind, date, Decimal(amount))


@dataclass
class Place:
    """A database for households whose functions can be interrupted."""

    database: Database[Any]
    slow: Database[Any]
    interruption: Interruption

    def newcomer(self) -> Household:
        """Nothing is stored of them yet."""
        return Household(self.database, self.slow, self.interruption)

    def household(self) -> Household:
        """Readings of three years, displayed."""
        household = self.newcomer()
        rows = [
            (POWER, f"{year}-{month:02}-15", Decimal(100 * year)) for year in (2020, 2021, 2022) for month in (1, 7)
        ]
        household.let(Import((*rows, (GAS, "2021-03-31", Decimal(7)))))
        household.let(NEWEST)
        household.check()
        return household


@pytest.fixture
def place(migrated: Database[Any], mongodb_uri: str) -> Iterator[Place]:
    interruption = Interruption()
    slow = open_database(mongodb_uri, migrated.name, interruption)
    yield Place(migrated, slow, interruption)
    slow.client.close()


LOST: dict[str, Sequence[Action]] = {
    "the event of the first of two writes": [create("2019-05-31", 1), create("2022-12-31", 900_000), NEWEST],
    "the event of the second": [create("2019-05-31", 1), create("2022-12-31", 900_000), THE_ONE_BEFORE],
    "none, and the reading moves to another year": [Update(0, "2022-03-31", None), NEWEST],
    "none, and the first year goes with its only readings": [Delete(1), Delete(1), NEWEST],
    "all events": [create("2019-05-31", 1), Update(3, None, Decimal(5)), Delete(0), Change("UTC")],
    "none, but they come in the wrong order": [create("2019-05-31", 1), Delete(1), NEWEST, THE_ONE_BEFORE],
    "none, and another application has moved the reading that goes": [
        ChangeElsewhere(1, POWER, "2022-05-31", 204_000),
        Delete(5),
        NEWEST,
    ],
    "none, and another application has made it another meter's": [
        ChangeElsewhere(1, GAS, "2022-05-31", 9),
        Update(1, None, Decimal(8)),
        NEWEST,
    ],
    "none, but one comes twice": [create("2019-05-31", 1), NEWEST, NEWEST, Delete(1), NEWEST, THE_ONE_BEFORE],
}


@pytest.mark.parametrize("lost", LOST)
def test_whatever_gets_lost_the_display_shows_what_it_says_and_the_sweeper_the_rest(lost: str, place: Place) -> None:
    household = place.household()
    for action in LOST[lost]:
        household.let(action)
        household.check()
    household.settle()


@dataclass(frozen=True)
class Meeting:
    """Something happens, and before one of its commands other things do."""

    before: Sequence[Action]
    action: Action
    meanwhile: Sequence[Action]
    newcomer: bool = False


MEETINGS: dict[str, Meeting] = {
    "a function, and a faster one that takes a year away": Meeting(
        [create("2019-05-31", 1)], NEWEST, [Delete(1), NEWEST]
    ),
    "a function, and a correction of what it is about": Meeting(
        [create("2021-05-31", 203_000)], NEWEST, [Update(4, None, Decimal(203_500))]
    ),
    "a function, and a write into another year": Meeting(
        [create("2019-05-31", 1)], NEWEST, [Update(6, None, Decimal(9))]
    ),
    "a function, and the same one": Meeting([create("2019-05-31", 1)], NEWEST, [NEWEST]),
    "a function, and other settings": Meeting(
        [create("2021-01-01", 202_050)], NEWEST, [Change("America/New_York", Decimal(500_000), runs_backwards=True)]
    ),
    "a function that knows no such event, and a write": Meeting(
        [create("2019-05-31", 1)], Deliver(0, unknown=True), [Delete(1), NEWEST]
    ),
    "the sweeper, and a function": Meeting([create("2019-05-31", 1)], sweep, [Delete(1), NEWEST]),
    "the sweeper, and another one": Meeting([create("2019-05-31", 1), create("2019-05-31", 1, GAS)], sweep, [sweep]),
    "a write, and the function of the one before": Meeting(
        [create("2019-05-31", 1)], create("2022-12-31", 900_000), [NEWEST]
    ),
    "a write, and another one with its function": Meeting(
        [], create("2022-12-31", 900_000), [AddExchange(POWER, "2021-05-31", Decimal(203_000), Decimal(1)), NEWEST]
    ),
    "an import, and one of its readings": Meeting(
        [],
        Import(((POWER, "2019-05-31", Decimal(1)), (GAS, "2022-03-31", Decimal(9)))),
        [create("2019-05-31", 1), NEWEST],
    ),
    "other settings, and the first reading with its function": Meeting(
        [], Change("Pacific/Kiritimati"), [create("2021-01-01T00:00Z", 5), NEWEST], newcomer=True
    ),
    "the first reading, and other settings with their function": Meeting(
        [], create("2021-01-01T00:00Z", 5), [Change("Pacific/Kiritimati"), NEWEST], newcomer=True
    ),
}


@pytest.mark.parametrize("meeting", MEETINGS)
def test_wherever_two_meet_the_display_shows_what_it_says_and_is_right_in_the_end(meeting: str, place: Place) -> None:
    places = 0
    while met_at(MEETINGS[meeting], place, places):
        places += 1
    assert places > 1
    print(f"{meeting}: {places} places")  # noqa: T201 the number is part of the evidence


def met_at(meeting: Meeting, place: Place, command: int) -> bool:
    """Let it happen with a meeting before the command of this number; whether there was one."""
    household = place.newcomer() if meeting.newcomer else place.household()
    for action in meeting.before:
        household.let(action)
    met = household.let_interrupted(meeting.action, command, meeting.meanwhile)
    household.check()
    household.settle()
    return met


CREATED, REPLACED = (POWER, "2021-05-31", Decimal(202_120)), (POWER, "2021-07-15", Decimal(202_150))
CORRECTION = Import((CREATED, REPLACED), "replace")
UNDO = UndoImport(1)  # behind the household's first import


def edit(reading_id: str) -> Action:
    def action(household: Household, container: Container) -> None:
        correction = ReadingCorrection(amount=Decimal(202_130), confirm=True)
        container.energy.update(household.user, reading_id, correction)

    return action


def delete(reading_id: str) -> Action:
    def action(household: Household, container: Container) -> None:
        container.energy.delete(household.user, reading_id)

    return action


BESIDE_AN_UNDO: dict[str, tuple[Decimal, Callable[[str], Action]]] = {
    "an edit of a reading that it created": (CREATED[2], edit),
    "an edit of a reading that it replaced": (REPLACED[2], edit),
    "a delete of a reading that it created": (CREATED[2], delete),
    "a delete of a reading that it replaced": (REPLACED[2], delete),
    "an import of the same file": (CREATED[2], lambda _: CORRECTION),
    "an import over it": (CREATED[2], lambda _: Import(((*CREATED[:2], Decimal(202_125)),), "replace")),
    "another undo of it": (CREATED[2], lambda _: UNDO),
    "an undo of the import before": (CREATED[2], lambda _: UndoImport(0)),
}


@pytest.mark.parametrize(("beside", "undo_waits"), combined(BESIDE_AN_UNDO, [True, False]))
def test_an_undo_and_what_meets_it_end_as_one_after_the_other(beside: str, place: Place, undo_waits: bool) -> None:
    amount, made = BESIDE_AN_UNDO[beside]

    def corrected() -> tuple[Household, Action]:
        household = place.household()
        household.let(CORRECTION)
        [reading] = household.database["energies"].find({"userId": household.user, "amount": amount})
        return household, made(str(reading["_id"]))

    def one_after_the_other(undo_first: bool) -> tuple[Any, ...]:
        household, other = corrected()
        for action in (UNDO, other) if undo_first else (other, UNDO):
            household.let(action)
        return outcome(household)

    orders = [one_after_the_other(undo_first) for undo_first in (True, False)]
    places, met = 0, True
    while met:
        household, other = corrected()
        action, meanwhile = (UNDO, other) if undo_waits else (other, UNDO)
        met = household.let_interrupted(action, places, [meanwhile])
        if not met:
            household.let(meanwhile)
        assert outcome(household) in orders
        household.settle()
        places += 1
    assert places > 2


def outcome(household: Household) -> tuple[Any, ...]:
    """Readings, imports and how they were undone, and how often an undo was reported."""
    stored = [reading[:-1] for reading in readings(household.database, household.user, "energies")]
    imports = household.database["imports"].find({"userId": household.user}, sort=[("at", 1), ("_id", 1)])
    undone = [{**(record["undone"] or {}), "at": None, "kept": None} for record in imports]
    events = [event.import_id for event in household.publisher.events if isinstance(event, EnergyReadingsImportUndone)]
    assert len(set(events)) == len(events), "an import was undone twice"
    return stored, undone, len(events)
