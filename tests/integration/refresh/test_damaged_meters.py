"""Documents of a meter that contradict each other: readers see the right figures, verify says it, repair mends it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.json.canonical import canonical_bytes
from chalicelib.repositories.database import open_database
from chalicelib.services.components.component_reads import ShowDashboard, ShowMonths, ShowTimeline
from chalicelib.services.display.display import Timeline, View
from chalicelib.services.display.view_data import histogram_data, monthly_data, series_of, summary_data
from migrations import runner
from tests.depth import share
from tests.integration.deployment import GAS, POWER, Deployment
from tests.integration.refresh.damages import DAMAGES, EARLIER, HARMLESS, Damage

pytestmark = pytest.mark.long

YEARS = (2021, 2022, 2023, 2024)


class Household:
    """Somebody with two meters, and every ETag that was ever given out, with its answer."""

    def __init__(self, deployed: Deployment) -> None:
        self.deployed = deployed
        self.user = uuid4().hex
        self.seen: dict[tuple[str, str], bytes] = {}
        rows = [f"{year}-{month:02}-01,{kind},{(year - 2020) * 120 + month * 10}.25" for year, month, kind in months()]
        deployed.container.imports.bulk_create(self.user, "\n".join(["date,type,amount", *rows]).encode())
        self.refresh()
        for day in (10, 20):
            self.write(f"2023-11-{day}", day)
            self.refresh()
            self.look()

    def write(self, date: str, amount: int) -> int:
        self.deployed.create(self.user, date, 500 + amount)
        return self.deployed.ports.display.state(self.user, POWER).source_version

    def refresh(self) -> None:
        for kind in (POWER, GAS):
            self.deployed.container.calculation.refresh(self.user, kind)

    def look(self) -> None:
        """Every way of reading shows what the readings say, and no ETag belongs to two answers."""
        right = self.right()
        for consistent in (False, True):
            for name, view in self.views(consistent=consistent):
                if not view.state.stale:
                    assert canonical_bytes(view.data) == right[name], (name, consistent)
                    assert self.seen.setdefault((name, view.etag), right[name]) == right[name], (name, view.etag)
                else:
                    assert not consistent
            self.look_at_components(right, consistent=consistent)

    def views(self, *, consistent: bool) -> Iterator[tuple[str, View]]:
        display = self.deployed.container.display
        for year in YEARS:
            yield str(year), display.monthly(self.user, POWER, year, consistent=consistent)
        yield "histogram", display.histogram(self.user, POWER, Timeline(), consistent=consistent)
        yield "summary", display.summary(self.user, POWER, consistent=consistent)

    def look_at_components(self, right: dict[str, bytes], *, consistent: bool) -> None:
        new = self.deployed.container.new
        months = ShowMonths(type=POWER, year=2023, consistent=consistent).ask(new, self.user).body
        timeline = ShowTimeline(type=POWER, consistent=consistent).ask(new, self.user).body
        cards = ShowDashboard(consistent=consistent).ask(new, self.user).body["meters"]
        if consistent:
            assert canonical_bytes({"year": 2023, "months": months["months"]}) == right["2023"]
            assert canonical_bytes(_without_head(timeline)) == right["histogram"]
            assert [canonical_bytes(card["summary"]) for card in cards if card["type"] == POWER] == [right["summary"]]

    def right(self) -> dict[str, bytes]:
        """From the readings alone."""
        read = self.deployed.ports.queries.full_snapshot(self.user, POWER, Backend.NEW)
        series = series_of(read)
        figures = {str(year): monthly_data(read, series, year) for year in YEARS}
        figures["histogram"] = histogram_data(read)
        figures["summary"] = summary_data(read, series, self.deployed.clock())[0]
        return {name: canonical_bytes(data) for name, data in figures.items()}

    def broken(self) -> list[tuple[str, str, str]]:
        found = self.deployed.operations.consistency.verify(self.user).findings
        return [(each.collection, each.document, each.problem) for each in found]


def months() -> Iterator[tuple[int, int, str]]:
    """Power of three years, gas of two: a view of 2023 can be called one of gas."""
    years = {"power": (2021, 2022, 2023), "gas": (2021, 2022)}
    return ((year, month, kind) for kind in years for year in years[kind] for month in range(1, 11))


def _without_head(body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("type", "sourceVersion")}


@pytest.fixture(scope="module")
def shared(mongodb_uri: str) -> Iterator[Database[Any]]:
    """One database for all of them: each damages the documents of a user of its own."""
    database = open_database(mongodb_uri, f"test_{uuid4().hex[:12]}")
    runner.up(database)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def household(shared: Database[Any]) -> Household:
    return Household(Deployment(shared))


@pytest.fixture
def alone(migrated: Database[Any]) -> Household:
    return Household(Deployment(migrated))


def damages(number: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("damage", share(DAMAGES, number, 3), ids=lambda damage: damage.name)


@damages(0)
def test_a_damage_is_read_over_named_and_mended(household: Household, damage: Damage) -> None:
    damage.do(household.deployed.database, household.user)
    household.look()
    collection, document, field = damage.where
    names = [
        (where, key)
        for where, key, problem in household.broken()
        if (problem.startswith(field) or field in problem.split(":")[0] or field in problem.split()[0])
    ]
    assert (collection, f"{household.user}|{document}") in names or (not document and names), household.broken()
    _, left = household.deployed.operations.consistency.repair(household.user)
    assert left.differences == 0
    assert_sound(household)


@damages(1)
def test_rebuild_mends_it_too(household: Household, damage: Damage) -> None:
    damage.do(household.deployed.database, household.user)
    assert household.deployed.operations.rebuild.check(household.user).differences
    household.deployed.operations.rebuild.rebuild(household.user)
    assert household.deployed.operations.rebuild.check(household.user).differences == 0
    assert_sound(household)


@damages(2)
def test_a_write_and_its_refresh_work_and_show_the_right_figures(household: Household, damage: Damage) -> None:
    damage.do(household.deployed.database, household.user)
    for day in (5, 15):
        household.write(f"2023-12-{day:02}", 100 + day)
        household.look()
        household.refresh()
        household.look()
    household.deployed.operations.consistency.repair(household.user)
    assert_sound(household)


def assert_sound(household: Household) -> None:
    """Nothing is broken any more, what is stored is shown, and it goes on so with the next write."""
    for amount in (50, 60):
        state = household.deployed.ports.display.state(household.user, POWER)
        assert (state.stale, state.damaged) == (False, False)
        assert household.broken() == []
        household.look()
        assert household.deployed.ports.queries.snapshot(household.user, POWER, Backend.NEW).kept
        household.write(f"2024-01-{amount - 40}", 200 + amount)
        household.refresh()


@pytest.mark.parametrize("also", [(), ("meter_series",)], ids=str)
def test_after_a_restore_of_a_part_no_version_comes_back(household: Household, also: tuple[str, ...]) -> None:
    """Meter and readings are those of an hour ago, what is displayed is of now."""
    database, mine = household.deployed.database, {"userId": household.user, "type": "power"}
    restored = ("meters", "energies", "source_energy_readings", *also)
    backup = {name: list(database[name].find(mine)) for name in restored}
    for day in (1, 2, 3):
        household.write(f"2023-12-{day:02}", day)
        household.refresh()
        household.look()
    for name, documents in backup.items():
        database[name].delete_many(mine)
        database[name].insert_many(documents)
    household.look()
    assert household.broken()
    for day in (11, 12, 13):
        household.write(f"2023-12-{day:02}", 2 * day)
        household.look()
        household.refresh()
        household.look()
    assert_sound(household)


@pytest.mark.parametrize("left", HARMLESS)
def test_what_a_release_before_has_left_is_no_damage(household: Household, left: str) -> None:
    HARMLESS[left](household.deployed.database, household.user)
    assert not household.deployed.ports.queries.snapshot(household.user, POWER, Backend.NEW).kept
    assert_no_difference_and_kept_after_a_write(household)


def assert_no_difference_and_kept_after_a_write(household: Household) -> None:
    assert household.broken() == []
    household.write("2023-12-05", 100)
    household.refresh()
    household.look()
    assert household.deployed.ports.queries.snapshot(household.user, POWER, Backend.NEW).kept


def test_the_sweeper_mends_a_damaged_meter_that_is_dirty(alone: Household) -> None:
    alone.deployed.database["meters"].update_one(
        {"_id": f"{alone.user}|power"}, {"$set": {"displayVersion": 900, "dirtySince": EARLIER}}
    )
    assert alone.deployed.operations.sweeper.run(60).refreshed == 1
    assert_sound(alone)


def test_a_date_that_is_none_does_not_stop_the_sweeper(alone: Household) -> None:
    alone.deployed.database["meters"].update_one({"_id": f"{alone.user}|gas"}, {"$set": {"dirtySince": "x"}})
    alone.write("2023-12-05", 100)
    assert alone.deployed.operations.sweeper.run_at_once(60).refreshed == 1


def test_exchanges_that_cannot_be_read_are_said_and_nothing_is_guessed(household: Household) -> None:
    household.write("2023-12-05", 100)
    household.deployed.database["meters"].update_one(
        {"_id": f"{household.user}|power"}, {"$set": {"exchanges": [{"id": "x", "date": "never"}]}}
    )
    with pytest.raises(UnavailableError, match=f"meters, _id {household.user}"):
        household.write("2023-12-06", 101)
    with pytest.raises(UnavailableError, match=f"meters, _id {household.user}"):
        household.deployed.container.display.monthly(household.user, POWER, 2023, consistent=True)
    assert household.broken()
