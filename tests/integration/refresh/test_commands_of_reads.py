"""How often a read asks the database, and how much it reads there: that grows neither with readings nor without any."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories import partial_snapshots
from chalicelib.repositories.database import open_database
from chalicelib.repositories.snapshot_head import head_of
from chalicelib.services.components.component_reads import ShowDashboard, ShowMonths, ShowTimeline
from chalicelib.services.display.display import Timeline
from chalicelib.services.recording.energy_crud import ReadingDraft
from infra.simulation.memory.publisher import FakePublisher

POWER, GAS = EnergyType.POWER, EnergyType.GAS
START, DAYS = datetime(2019, 1, 1, tzinfo=UTC), 5 * 365


class Looks(CommandListener):
    """The commands that were sent, and how many documents of readings and of series came back."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.documents: dict[str, int] = {}
        self._running: dict[int, str] = {}

    def clear(self) -> None:
        self.commands.clear()
        self.documents.clear()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("find", "aggregate", "getMore"):
            self.commands.append(
                f"{event.command_name} {event.command.get('collection', event.command[event.command_name])}"
            )
            self._running[event.request_id] = str(self.commands[-1].split()[1])

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if name := self._running.pop(event.request_id, None):
            cursor = event.reply["cursor"]
            found = cursor.get("firstBatch", cursor.get("nextBatch", ()))
            self.documents[name] = self.documents.get(name, 0) + len(found)

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def container(migrated: Database[Any], mongodb_uri: str, looks: Looks) -> Iterator[Container]:
    database = open_database(mongodb_uri, migrated.name, looks)
    yield compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
    database.client.close()


def household(container: Container, *types: EnergyType) -> str:
    """Daily readings of five years, shown."""
    user = uuid4().hex
    for kind in types:
        rows = [f"{START + timedelta(days=day):%Y-%m-%d},{kind},{1000 + day}" for day in range(DAYS)]
        container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
        container.calculation.refresh(user, kind)
    return user


@pytest.mark.parametrize("types", [(POWER, GAS), (POWER,), ()])
def test_a_dashboard_asks_once_whichever_meters_have_readings(
    container: Container, looks: Looks, types: tuple[EnergyType, ...]
) -> None:
    user = household(container, *types)
    looks.clear()
    shown = ShowDashboard().ask(container.new, user).body["meters"]
    assert [meter["summary"]["lastReading"] is not None for meter in shown] == [kind in types for kind in EnergyType]
    assert looks.commands == ["aggregate meters"]


@pytest.mark.parametrize("read", [ShowMonths(type=GAS, year=2021), ShowTimeline(type=GAS)])
def test_that_a_meter_has_no_readings_is_known_by_the_first_look(container: Container, looks: Looks, read: Any) -> None:
    user = household(container, POWER)
    looks.clear()
    read.ask(container.new, user)
    assert looks.commands == ["aggregate meters"]


@pytest.mark.parametrize("year", [2016, 2018, 2024])
def test_a_year_that_is_not_stored_is_known_by_the_second_look(container: Container, looks: Looks, year: int) -> None:
    """The years beside the readings, which a counter reaches, need all of a small meter, those beyond nothing."""
    user = household(container, POWER)
    looks.clear()
    container.new.monthly(user, POWER, year)
    assert looks.commands == ["aggregate meters", "aggregate control"]


@pytest.mark.parametrize(("few", "parts"), [(DAYS, 6), (DAYS - 1, 0)])
def test_the_series_of_a_small_meter_comes_with_its_head(
    container: Container, migrated: Database[Any], few: int, parts: int
) -> None:
    user = household(container, POWER)
    with migrated.client.start_session(snapshot=True) as session:
        assert len(head_of(migrated, user, POWER, session, few=few).parts) == parts


def test_readings_of_a_meter_that_was_lost_are_shown_all_the_same(
    container: Container, migrated: Database[Any]
) -> None:
    user = household(container, GAS)
    wanted = container.new.monthly(user, GAS, 2021).data
    migrated["meters"].delete_one({"_id": f"{user}|gas"})
    assert container.new.monthly(user, GAS, 2021).data == wanted


@pytest.mark.parametrize("read", [ShowMonths(type=POWER, year=2021), ShowTimeline(type=POWER)])
def test_the_zone_comes_with_the_view(container: Container, looks: Looks, read: Any) -> None:
    user = household(container, POWER)
    looks.clear()
    assert str(read.ask(container.new, user).zone) == "Europe/Berlin"
    assert looks.commands == ["aggregate meters"]


@pytest.mark.parametrize("damaged", ["Europe/Atlantis", "../etc", 7, None, ["UTC"]])
def test_a_stored_view_is_shown_although_the_zone_cannot_be_read(
    container: Container, migrated: Database[Any], damaged: object
) -> None:
    user = household(container, POWER)
    wanted = container.display.monthly(user, POWER, 2021).data
    migrated["user_settings"].insert_one({"_id": user, "userId": user, "zone": damaged})
    shown = container.display.monthly(user, POWER, 2021)
    assert (shown.data, shown.zone) == (wanted, None)


@pytest.mark.parametrize("damaged", ["Europe/Atlantis", "../etc", 7, None, ["UTC"]])
def test_a_year_that_nothing_reaches_is_shown_although_the_zone_cannot_be_read(
    container: Container, migrated: Database[Any], damaged: object
) -> None:
    user = household(container, POWER)
    wanted = container.display.monthly(user, POWER, 2016)
    migrated["user_settings"].insert_one({"_id": user, "userId": user, "zone": damaged})
    shown = container.display.monthly(user, POWER, 2016)
    assert (shown.data, shown.state, shown.zone) == (wanted.data, wanted.state, None)


def test_a_range_reads_the_years_that_it_touches(container: Container, looks: Looks) -> None:
    user = household(container, POWER)
    looks.clear()
    container.new.histogram(user, POWER, Timeline(*(to_ms(datetime(2021, month, 1, tzinfo=UTC)) for month in (3, 4))))
    assert looks.documents["meter_series"] == 1
    assert "source_energy_readings" not in looks.documents


def test_what_lags_reads_a_few_readings_of_a_large_meter(
    container: Container, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", 100)
    user = household(container, POWER)
    container.energy.create(user, ReadingDraft(POWER, "2023-12-31T23:30", Decimal(10**6), confirm=True))
    looks.clear()
    assert not container.new.monthly(user, POWER, 2021, consistent=True).state.stale
    assert looks.commands == ["aggregate meters", "aggregate control"]  # nothing reaches so far back
    for read in (partial(container.new.monthly, user, POWER, 2023), partial(container.new.summary, user, POWER)):
        looks.clear()
        assert not read(consistent=True).state.stale
        assert looks.commands == ["aggregate meters", "aggregate control", "aggregate source_energy_readings"]
        assert looks.documents["source_energy_readings"] < 10


@pytest.mark.parametrize("damage", ["a reading less", "no digest", "no year"])
def test_a_year_that_cannot_be_believed_is_read_from_the_readings(
    container: Container, migrated: Database[Any], damage: str
) -> None:
    user = household(container, POWER)
    asked = Timeline(*(to_ms(datetime(2021, month, 1, tzinfo=UTC)) for month in (3, 4)))
    wanted = container.new.histogram(user, POWER, asked).data
    part, parts = {"_id": f"{user}|power|2021"}, migrated["meter_series"]
    stored = parts.find_one(part)
    assert stored is not None
    if damage == "a reading less":
        kept = stored["instants"][8 * 100 :], stored["amounts"][8 * 100 :]
        parts.update_one(part, {"$set": {"instants": kept[0], "amounts": kept[1]}})
    elif damage == "no year":
        parts.delete_one(part)
    else:
        migrated["meters"].update_one({"_id": f"{user}|power"}, {"$unset": {"series.parts": ""}})
    assert container.new.histogram(user, POWER, asked).data == wanted
