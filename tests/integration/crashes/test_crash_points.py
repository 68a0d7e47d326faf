"""A process that is killed anywhere between a write and its display leaves nothing half done, and the sweeper does the
rest: then the display documents and the compact series are what the readings say.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose
from infra.simulation.memory.publisher import FakePublisher
from tests.integration.crashes.copying import Original
from tests.integration.crashes.crash_cases import CORRECTED, FILES, JOBS, NOW, REPLACE, WRITES
from tests.integration.crashes.crashing import CrashPoint, run
from tests.integration.refresh.shown import assert_shown, published, readings
from tests.integration.repositories.database_time import timed_ports
from tests.integration.two_at_once.delivery import sweep

pytestmark = pytest.mark.long

BEFORE = b"""date,type,amount
2020-11-15,power,1000
2022-01-31,power,1100
2022-02-28,power,1150
2022-03-31,power,1300
2022-01-31,gas,10
2022-03-31,gas,30
"""
POWER_ALONE = b"".join(row for row in BEFORE.splitlines(keepends=True) if b"gas" not in row)
MEANWHILE = b"date,type,amount\n2021-06-30,power,1050\n2023-01-31,gas,40\n"
ComponentAnswer = dict[str, list[Any]]
LATER = NOW + 10 * 60_000  # any pause of the sweeper after one attempt is over


class Written(NamedTuple):
    """Readings, configuration, settings and imports; the source versions."""

    content: Any
    versions: list[int]


class Place:
    """A database on which processes are killed."""

    def __init__(self, database: Database[Any], uri: str) -> None:
        self.database = database
        self.container = self._at(NOW)
        self._uri = uri

    def shown(self, file: bytes = BEFORE) -> str:
        """Somebody with two meters, both displayed."""
        user = uuid4().hex
        for meter in self.container.imports.bulk_create(user, file).meters:
            assert self.container.calculation.refresh(user, meter.type)
        return user

    def corrected(self) -> str:
        """The same, and a file has corrected some of it and brought more."""
        user = self.shown()
        for meter in self.container.imports.bulk_create(user, CORRECTED, REPLACE).meters:
            assert self.container.calculation.refresh(user, meter.type)
        return user

    def one_shown(self) -> str:
        """Somebody with one meter."""
        return self.shown(POWER_ALONE)

    def lagging(self) -> str:
        """The same, and of what was written since, no event has arrived."""
        user = self.shown()
        self._at(NOW - 60_000).imports.bulk_create(user, MEANWHILE)
        return user

    def newcomer(self) -> str:
        """Somebody of whom nothing is known."""
        return uuid4().hex

    def play(self, case: str, user: str, crash: CrashPoint | None = None) -> list[str]:
        """Let a case run, to its end or to the crash; what the server does to a killed client's transaction is done."""
        steps = run(self._uri, self.database.name, case, user, crash)
        self.database.client.admin.command("killAllSessions", [])  # by itself, it takes 30 s
        return steps

    def killed(self, case: str, original: Original, steps: list[str]) -> Iterator[tuple[str, str]]:
        """One person after another to whom the case happens, killed at one step after another; and where.

        Behind one step is before the next one: what the server knows is the same.
        """
        points = [CrashPoint(step, after=False) for step in range(len(steps))]
        points.append(CrashPoint(len(steps) - 1, after=True))
        for point in points:
            user = original.copy()
            self.play(case, user, point)
            yield user, f"{'after' if point.after else 'before'} step {point.step}, {steps[point.step]}"
        print(f"{case}: {len(points)} crash points")  # noqa: T201 the number is part of the evidence

    def written(self, user: str) -> Written:
        """What a write changes, without ids."""
        kept = [reading[:-1] for reading in readings(self.database, user, "energies")]
        meters = list(self.database["meters"].find({"userId": user}, sort=[("type", 1)]))
        exchanges = [[exchange | {"id": None} for exchange in meter.get("exchanges", ())] for meter in meters]
        settings = list(self.database["user_settings"].find({"userId": user}, projection={"_id": 0, "userId": 0}))
        imports = sorted(
            (each["success"], each["replaced"], bool(each["undone"]))
            for each in self.database["imports"].find({"userId": user})
        )
        content = (kept, [meter.get("modulus") for meter in meters], exchanges, settings, imports)
        return Written(content, [meter["sourceVersion"] for meter in meters])

    def assert_the_sweeper_does_the_rest(self, *killed: tuple[str, str]) -> None:
        """One run later everything is displayed, of everybody to whom it happened."""
        sweep(self._at(LATER))
        for user, where in killed:
            assert_shown(self.container, self.database, user, where)
            sides = [readings(self.database, user, name) for name in ("energies", "source_energy_readings")]
            assert sides[0] == sides[1], where

    def _at(self, moment: int) -> Container:
        """The use cases at a moment, without a bus."""
        return compose(
            timed_ports(self.database, FakePublisher(), lambda _: moment), cast(TokenVerifier, None), lambda: moment
        )


@pytest.fixture
def place(migrated: Database[Any], mongodb_uri: str) -> Place:
    return Place(migrated, mongodb_uri)


PERSONS: dict[str, Callable[[Place], str]] = {
    **dict.fromkeys(WRITES, Place.shown),
    **dict.fromkeys(JOBS, Place.one_shown),
    "undo_import": Place.corrected,
    "newcomer": Place.newcomer,
    "sweeper": Place.lagging,
}


@pytest.mark.parametrize("case", WRITES)
def test_wherever_a_write_or_its_handler_dies_both_are_whole_or_not_done_and_the_sweeper_does_the_rest(
    case: str, place: Place
) -> None:
    original = Original(place.database, PERSONS[case](place))
    whole = original.copy()
    written, shown = [place.written(whole)], [published(place.database, whole)]
    steps = place.play(case, whole)
    written, shown = [*written, place.written(whole)], [*shown, published(place.database, whole)]
    assert written[0] != written[1]
    assert "PutEvents" in steps
    assert_shown(place.container, place.database, whole)
    killed = [*place.killed(case, original, steps)]
    for user, where in killed:
        assert place.written(user) in written, f"half written: {where}"
        assert_each_meter_is_shown_as(shown, published(place.database, user), where)
    place.assert_the_sweeper_does_the_rest(*killed)
    if case in FILES:
        for user, where in killed:
            place.play(case, user)
            assert place.written(user).content == written[1].content, f"done again: {where}"
        place.assert_the_sweeper_does_the_rest(*killed)


@pytest.mark.parametrize("case", JOBS)
def test_wherever_a_job_dies_no_meter_is_half_shown_and_the_sweeper_does_the_rest(case: str, place: Place) -> None:
    original = Original(place.database, PERSONS[case](place))
    whole = original.copy()
    written, shown = place.written(whole), [published(place.database, whole)]
    steps = place.play(case, whole)
    shown.append(published(place.database, whole))
    assert shown[0] != shown[1]
    assert_shown(place.container, place.database, whole)
    for user, where in place.killed(case, original, steps):
        assert place.written(user).content == written.content, f"a job has written: {where}"
        assert_each_meter_is_shown_as(shown, published(place.database, user), where)
        place.assert_the_sweeper_does_the_rest((user, where))


def test_wherever_a_refresh_in_steps_dies_nothing_is_half_shown_and_another_one_goes_on(place: Place) -> None:
    original = Original(place.database, place.one_shown())
    whole = original.copy()
    shown = [figures(place, whole)]
    steps = place.play("in_steps", whole)
    assert steps.count("commitTransaction") > 3, "a mark, a beginning, a step and what publishes"
    assert_shown(place.container, place.database, whole)
    shown.append(figures(place, whole))
    killed = [*place.killed("in_steps", original, steps)]
    for user, where in killed:
        assert figures(place, user) in shown, f"half shown: {where}"
    place.assert_the_sweeper_does_the_rest(*killed)


def figures(place: Place, user: str) -> list[Any]:
    """What is displayed, without the versions."""
    found = place.database["display_energy_data"].find({"userId": user}, sort=[("_id", 1)])
    return [(document["_id"].removeprefix(user), document["data"]) for document in found]


def assert_each_meter_is_shown_as(states: list[ComponentAnswer], now: ComponentAnswer, where: str) -> None:
    for kind, documents in now.items():
        assert documents in [state[kind] for state in states], f"{kind} is half published: {where}"
