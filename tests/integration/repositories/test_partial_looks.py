"""Which readings a snapshot of a part takes from the store, and when it takes all or refuses."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import REQUEST_SECONDS, Container
from chalicelib.domain.errors import LostModeError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import MeterSnapshot
from chalicelib.domain.readings import EnergyType, to_ms
from chalicelib.repositories import near_readings, partial_snapshots
from chalicelib.repositories.queries import MongoReadingQueries
from chalicelib.repositories.snapshot_head import head_of
from chalicelib.services.recording.energy_crud import ReadingDraft
from tests.integration.repositories.sent_commands import sent_commands

POWER = EnergyType.POWER
FIRST = datetime(2022, 1, 1, tzinfo=UTC)
Around = Callable[..., MeterSnapshot | None]


def moment(days: int, ms: int = 0) -> datetime:
    return FIRST + timedelta(days=days, milliseconds=ms)


def record(container: Container, *readings: tuple[datetime, int]) -> None:
    for date, amount in readings:
        draft = ReadingDraft(POWER, date.isoformat(timespec="milliseconds"), Decimal(amount), confirm=True)
        container.energy.create("alice", draft)


def days_of(snapshot: MeterSnapshot | None) -> list[float] | None:
    """Days and milliseconds of its readings, as the distance from the first moment."""
    if snapshot is None:
        return None
    return [(reading.instant - to_ms(FIRST)) / 86_400_000 for reading in snapshot.readings]


@pytest.fixture
def around(container: Container, monkeypatch: pytest.MonkeyPatch) -> Around:
    """Snapshots around some days, however few readings the meter has."""
    monkeypatch.setattr(partial_snapshots, "FEW", -1)

    def look(*instants: datetime) -> MeterSnapshot | None:
        return container.queries.snapshot_around("alice", POWER, lambda _: [*map(to_ms, instants)])

    return look


@pytest.fixture
def displayed(container: Container, migrated: Database[Any]) -> Database[Any]:
    """Readings every ten days, all shown, from 0 to 200."""
    rows = [f"{moment(days).isoformat()},power,{1000 + days}" for days in range(0, 201, 10)]
    container.imports.bulk_create("alice", "\n".join(["date,type,amount", *rows]).encode())
    assert container.calculation.refresh("alice", POWER)
    return migrated


@pytest.mark.usefixtures("displayed")
def test_it_takes_the_neighbours_of_each_instant(around: Around) -> None:
    assert days_of(around(moment(55), moment(91))) == [50, 60, 90, 100]
    assert days_of(around(moment(60))) == [50, 60], "what is at the instant is behind it"
    assert days_of(around(moment(60, 1))) == [60, 70]


@pytest.mark.usefixtures("displayed")
def test_beyond_the_readings_it_takes_the_ends_of_slopes_of_four_weeks(around: Around) -> None:
    assert days_of(around(moment(-5))) == [0, 20, 30]
    assert days_of(around(moment(290))) == [170, 180, 200]


@pytest.mark.usefixtures("displayed")
def test_beyond_where_a_slope_says_something_it_takes_the_nearest_reading_alone(around: Around) -> None:
    assert days_of(around(moment(-92))) == [0, 20, 30]
    assert days_of(around(moment(-92, -1))) == [0]
    assert days_of(around(moment(292))) == [170, 180, 200]
    assert days_of(around(moment(292, 1), moment(500), moment(2000))) == [200]


@pytest.mark.usefixtures("displayed")
def test_such_a_slope_begins_behind_the_first_reading_and_ends_at_the_last(around: Around) -> None:
    assert days_of(around(moment(0))) == [0, 20, 30]
    assert days_of(around(moment(0, 1))) == [0, 10]
    assert days_of(around(moment(200))) == [190, 200]
    assert days_of(around(moment(200, 1))) == [170, 180, 200]


@pytest.mark.parametrize(("most", "taken"), [(2, [50, 60, 90, 100, 140, 150]), (1, None)])
def test_of_a_meter_with_more_exchanges_than_are_looked_up_all_are_read(
    displayed: Database[Any], around: Around, monkeypatch: pytest.MonkeyPatch, most: int, taken: list[float] | None
) -> None:
    monkeypatch.setattr(partial_snapshots, "EXCHANGES", most)
    exchanges = [
        {"id": f"e{day}", "date": moment(day), "finalOld": 1000 + day, "initialNew": 1000 + day} for day in (95, 145)
    ]
    displayed["meters"].update_one({"_id": "alice|power"}, {"$set": {"exchanges": exchanges}})
    assert days_of(around(moment(55))) == taken


def test_of_a_register_that_runs_backwards_all_are_read(displayed: Database[Any], around: Around) -> None:
    displayed["meters"].update_one({"_id": "alice|power"}, {"$set": {"runsBackwards": True}})
    assert around(moment(55)) is None


def test_at_the_end_of_such_a_slope_the_reading_at_its_instant_counts_and_none_behind_it(
    container: Container, around: Around
) -> None:
    last = moment(100)
    begins = last - timedelta(days=28)
    record(container, (moment(0), 1), (begins, 5), (begins + timedelta(milliseconds=1), 6), (last, 9))
    assert container.calculation.refresh("alice", POWER)
    assert days_of(around(moment(190))) == [72, 72 + 1 / 86_400_000, 100]


@pytest.mark.usefixtures("displayed")
def test_what_has_changed_is_taken_with_its_neighbours(container: Container, around: Around) -> None:
    record(container, (moment(125), 1124), (moment(127), 1126))
    assert days_of(around(moment(55))) == [50, 60, 120, 125, 127, 130]


@pytest.mark.parametrize("day", [57, 126, 129])
def test_what_cannot_be_read_is_passed_over(
    displayed: Database[Any], container: Container, around: Around, day: int
) -> None:
    record(container, (moment(125), 1124), (moment(127), 1126))
    damaged = {"userId": "alice", "type": "power", "date": moment(day), "amount": "much"}
    displayed["source_energy_readings"].insert_one(damaged)
    assert days_of(around(moment(55))) == [50, 60, 120, 125, 127, 130]
    displayed["source_energy_readings"].update_one({"date": moment(120)}, {"$set": {"amount": "much"}})
    assert days_of(around(moment(55))) == [50, 60, 110, 125, 127, 130], "nor is a neighbour of what has changed"


@pytest.mark.parametrize(("most", "taken"), [(2, [50, 60, 120, 125, 127, 130]), (1, None)])
@pytest.mark.usefixtures("displayed")
def test_of_more_changes_than_are_looked_up_nothing_is_taken(
    container: Container, around: Around, monkeypatch: pytest.MonkeyPatch, most: int, taken: list[float] | None
) -> None:
    monkeypatch.setattr(near_readings, "CHANGED", most)
    record(container, (moment(125), 1124), (moment(127), 1126))
    assert days_of(around(moment(55))) == taken


def test_where_nothing_was_displayed_the_register_did_not_fall(container: Container, around: Around) -> None:
    recorded = container.energy.create("alice", ReadingDraft(POWER, FIRST.isoformat(), Decimal(1)))
    container.energy.delete("alice", recorded.reading.id)
    assert container.calculation.refresh("alice", POWER)
    assert days_of(around(moment(40))) == [], "nor is there anything to take"
    record(container, (moment(50), 7))
    assert days_of(around(moment(40))) == [50]


@pytest.mark.parametrize(
    "change", [{"series.calculation": 1}, {"displayVersion": 0}, {"dirtyFrom": "x"}, {"userId": "bob"}]
)
def test_a_meter_of_another_calculation_or_a_damaged_one_says_nothing(
    displayed: Database[Any], around: Around, change: dict[str, Any]
) -> None:
    displayed["meters"].update_one({"_id": "alice|power"}, {"$set": change})
    assert around(moment(55)) is None


@pytest.mark.parametrize("view", ["histogram|-|c2", "monthly|2022|c2"])
def test_without_a_view_that_says_that_the_register_grew_all_are_read(
    displayed: Database[Any], around: Around, view: str
) -> None:
    assert displayed["display_energy_data"].delete_one({"_id": f"alice|power|{view}"}).deleted_count
    assert around(moment(55)) is None


def test_its_looks_read_dates_and_amounts_alone_at_one_moment(
    displayed: Database[Any], container: Container, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", -1)
    record(container, (moment(125), 1124))
    with sent_commands(mongodb_uri, displayed.name) as (database, sent):
        MongoReadingQueries(database, REQUEST_SECONDS).snapshot_around("alice", POWER, lambda _: [to_ms(moment(55))])
    [command] = [command for command in sent if command.get("aggregate") == "source_energy_readings"]
    changed = [stage for stage in command["pipeline"] if "$unionWith" not in stage]
    nearest = [stage["$unionWith"]["pipeline"] for stage in command["pipeline"] if "$unionWith" in stage]
    assert [next(iter(stage)) for stage in changed] == ["$match", "$limit", "$project"]
    assert changed[1:] == [{"$limit": 2001}, {"$project": {"_id": 0, "date": 1, "amount": 1}}]
    fields = {"$project": {"userId": 1, "type": 1, "date": 1, "amount": 1}}
    assert [each[-2:] for each in nearest] == [[{"$limit": 1}, fields]] * 4
    assert len({str(command["lsid"]) for command in sent if "lsid" in command}) == 1
    reads = [command for command in sent if "find" in command or "aggregate" in command]
    assert {command["readConcern"]["level"] for command in reads} == {"snapshot"}


@pytest.mark.usefixtures("displayed")
def test_of_a_small_meter_it_takes_all(container: Container) -> None:
    snapshot = container.queries.snapshot_around("alice", POWER, lambda _: [to_ms(moment(55))])
    assert days_of(snapshot) == [*range(0, 201, 10)]
    record(container, (moment(125), 1124))
    snapshot = container.queries.snapshot_around("alice", POWER, lambda _: [to_ms(moment(55))])
    assert days_of(snapshot) == [*range(0, 121, 10), 125, *range(130, 201, 10)]


@pytest.mark.parametrize(
    ("falls", "days", "taken"),
    [
        (190, (290,), None),
        (190, (91,), [90, 100]),
        (20, (-5,), None),
        (20, (91,), [90, 100]),
        (100, (55, 151), None),
        (100, (95,), None),
        (100, (55,), [50, 60]),
        (100, (290,), [170, 180, 200]),
        (190, (300,), [200]),
    ],
)
def test_where_the_register_fell_in_between_all_are_read(
    container: Container, around: Around, falls: int, days: Sequence[int], taken: list[float] | None
) -> None:
    rows = [f"{moment(day).isoformat()},power,{day + 1000 * (day < falls)}" for day in range(0, 201, 10)]
    container.imports.bulk_create("alice", "\n".join(["date,type,amount", *rows]).encode(), ImportOptions(confirm=True))
    assert container.calculation.refresh("alice", POWER)
    assert days_of(around(*map(moment, days))) == taken


@pytest.mark.parametrize(("few", "years"), [(21, [2022]), (20, []), (-1, [])])
def test_only_a_small_meters_parts_are_read_with_the_head(displayed: Database[Any], few: int, years: list[int]) -> None:
    views = [f"alice|power|{name}" for name in ("histogram|-|c2", "summary|-|c2", "none")]
    with displayed.client.start_session(snapshot=True) as session:
        head = head_of(displayed, "alice", POWER, session, readings=True, views=views, few=few)
        others = [
            head_of(displayed, user, kind, session, readings=True, few=99)
            for user, kind in (("alice", EnergyType.GAS), ("x", POWER))
        ]
    assert [part["year"] for part in head.parts] == years
    assert [(view["_id"], sealed) for view, sealed in head.views or ()] == [(view, True) for view in views[:2]]
    assert (head.has_readings, head.meter["_id"], head.sync.mode) == (True, "alice|power", "dual_write")
    assert [(other.has_readings, other.meter, other.views, other.parts) for other in others] == [
        (False, {}, None, [])
    ] * 2


READINGS = {
    "from": "source_energy_readings",
    "pipeline": [{"$match": {"userId": "alice", "type": "power"}}, {"$limit": 1}, {"$project": {"_id": 1}}],
    "as": "readings",
}


@pytest.mark.parametrize(("few", "found"), [(21, ["summary"]), (20, ["histogram", "monthly", "summary"])])
def test_some_views_of_a_large_meter_alone_come_with_its_head(
    displayed: Database[Any], few: int, found: list[str]
) -> None:
    views = {name: f"alice|power|{name}|c2" for name in ("histogram|-", "monthly|2022", "summary|-")}
    of_large = [views["histogram|-"], views["monthly|2022"]]
    with displayed.client.start_session(snapshot=True) as session:
        head = head_of(displayed, "alice", POWER, session, views=[views["summary|-"]], few=few, of_large=of_large)
        none = head_of(displayed, "alice", POWER, session, few=21, of_large=of_large)
    assert sorted(view["dataType"] for view, _ in head.views or ()) == found
    assert none.views == []


@pytest.mark.parametrize("user", ["$$NOW", "$$", "$userId", "$.", "$a..b"])
@pytest.mark.parametrize("few", [30, 20])
@pytest.mark.usefixtures("displayed")
def test_a_persons_id_is_no_variable_of_the_server(
    container: Container, monkeypatch: pytest.MonkeyPatch, user: str, few: int
) -> None:
    """A token may name any person, and the ids of all documents begin with that name."""
    monkeypatch.setattr(partial_snapshots, "FEW", few)
    rows = [f"{moment(days).isoformat()},power,{1000 + days}" for days in range(0, 201, 10)]
    container.imports.bulk_create(user, "\n".join(["date,type,amount", *rows]).encode())
    assert container.calculation.refresh(user, POWER)
    found = list[object]()
    for person in ("alice", user):
        container.energy.create(person, ReadingDraft(POWER, moment(195).isoformat(), Decimal(1195), confirm=True))
        of_year = container.queries.snapshot_of_year(person, POWER, 2022)
        around = container.queries.snapshot_around(person, POWER, lambda _: [to_ms(moment(55))])
        assert of_year is not None
        found.append((of_year.months, days_of(of_year), days_of(around)))
    assert found[0] == found[1]


@pytest.mark.parametrize("readings", [True, False])
def test_whether_there_is_any_reading_is_known_where_it_is_asked(
    displayed: Database[Any], mongodb_uri: str, readings: bool
) -> None:
    with sent_commands(mongodb_uri, displayed.name) as (database, sent), database.client.start_session() as session:
        assert head_of(database, "alice", POWER, session, readings=readings).has_readings is readings
    lookups = [stage["$lookup"] for stage in sent[0]["pipeline"] if "$lookup" in stage]
    assert [lookup["as"] for lookup in lookups[:3]] == ["others", "meters", "settings"]
    assert lookups[3:] == ([READINGS] if readings else [])


@pytest.mark.parametrize("few", [21, 0, -1])
def test_of_a_meter_that_does_not_say_how_many_readings_it_has_no_parts_are_read(
    displayed: Database[Any], few: int
) -> None:
    displayed["meters"].update_one({"_id": "alice|power"}, {"$unset": {"series.count": ""}})
    with displayed.client.start_session(snapshot=True) as session:
        assert list(head_of(displayed, "alice", POWER, session, few=few).parts) == []


@pytest.mark.parametrize(("few", "has_all"), [(21, True), (20, False)])
@pytest.mark.usefixtures("displayed")
def test_a_meter_is_small_up_to_a_number_of_readings(
    container: Container, monkeypatch: pytest.MonkeyPatch, few: int, has_all: bool
) -> None:
    monkeypatch.setattr(partial_snapshots, "FEW", few)
    snapshot = container.queries.snapshot_around("alice", POWER, lambda _: [to_ms(moment(55))])
    assert days_of(snapshot) == ([*range(0, 201, 10)] if has_all else [50, 60])


def of_year(container: Container, year: int) -> list[float] | None:
    return days_of(container.queries.snapshot_of_year("alice", POWER, year))


@pytest.mark.usefixtures("displayed")
def test_a_year_beyond_the_readings_is_without_them_and_one_that_is_reached_has_all(container: Container) -> None:
    assert [of_year(container, year) for year in (2020, 2023, 2024)] == [[], [], []]
    record(container, (moment(205), 1205))
    assert of_year(container, 2022) == [*range(0, 201, 10), 205]


@pytest.mark.usefixtures("displayed")
def test_of_a_year_that_is_displayed_with_every_write_nothing_is_read(container: Container) -> None:
    snapshot = container.queries.snapshot_of_year("alice", POWER, 2022)
    assert snapshot is not None
    assert (days_of(snapshot), [*snapshot.months]) == ([], [*range(1, 13)])


@pytest.mark.parametrize(
    "damage",
    [{"data.dateRange": {"min": "x", "max": "y"}}, {"data.dateRange": 5}, {"dataType": "x"}, {"userId": "bob"}],
)
def test_a_damaged_view_says_of_no_year_that_it_is_empty(
    displayed: Database[Any], container: Container, damage: dict[str, Any]
) -> None:
    displayed["display_energy_data"].update_one({"_id": "alice|power|histogram|-|c2"}, {"$set": damage})
    assert of_year(container, 2024) != []


def test_of_an_empty_year_damaged_settings_hinder_nobody(displayed: Database[Any], container: Container) -> None:
    snapshot = container.queries.snapshot_of_year("alice", POWER, 2024)
    assert snapshot is not None
    assert (snapshot.zoned, snapshot.settings.zone) == (True, ZoneInfo("Europe/Berlin"))
    displayed["user_settings"].replace_one({"_id": "alice"}, {"userId": "alice", "zone": "Mars"}, upsert=True)
    snapshot = container.queries.snapshot_of_year("alice", POWER, 2024)
    assert snapshot is not None
    assert snapshot.zoned is False


@pytest.mark.usefixtures("displayed")
def test_between_two_instants_are_those_at_them_too(container: Container) -> None:
    def between(first: datetime, last: datetime) -> list[float] | None:
        return days_of(container.queries.snapshot_between("alice", POWER, to_ms(first), to_ms(last)))

    assert between(moment(50), moment(70)) == [50, 60, 70]
    assert between(moment(50, 1), moment(70, -1)) == [60]
    record(container, (moment(65), 1064), (moment(70, 1), 1070), (moment(90, 1), 1090))
    assert between(moment(50), moment(70)) == [50, 60, 65, 70]
    assert between(moment(100), moment(110)) == [100, 110]


def test_of_the_history_the_last_change_decides_whether_the_mode_is_lost(
    displayed: Database[Any], container: Container
) -> None:
    """A mode that was put back from before a change is an outage for each read."""

    def change(mode: str, year: int) -> dict[str, Any]:
        return {"mode": mode, "at": FIRST.replace(year=year), "reason": "why"}

    def remember(changes: object) -> None:
        displayed["control"].replace_one({"_id": "sync_mode_changes"}, {"changes": changes}, upsert=True)

    for said in ("no list", None, [change("new_only", 2023), change("dual_write", 2024)]):
        remember(said)
        assert of_year(container, 2022) == []
    remember([change("dual_write", 2023), change("new_only", 2024)])
    with pytest.raises(LostModeError, match="older than the last change"):
        of_year(container, 2022)
