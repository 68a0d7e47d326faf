"""``rebuild`` on a real database: where the display shows something else than the readings say, it is found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Operations, operations
from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import (
    SyncModeError,
    UnavailableError,
)
from chalicelib.domain.meters.walks import Verification
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.repositories import whole_meters
from chalicelib.repositories.history import points_of
from tests.integration.deployment import (
    GAS,
    POWER,
    Deployment,
    held,
    writers,
)
from tests.integration.infra.operator_shell import Shell
from tests.integration.refresh.shown import OURS

pytestmark = pytest.mark.long

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
DISPLAY, SERIES = "display_energy_data", "meter_series"
READINGS = (("2022-12-31", 1000), ("2023-01-31", 1100), ("2023-06-30", 1600), ("2024-01-31", 2300))
Damage = Callable[[Database[Any], str], str]


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    return Deployment(migrated)


@pytest.fixture
def user(deployed: Deployment) -> str:
    """A household with a power meter, displayed."""
    return household(deployed)


def household(deployed: Deployment) -> str:
    name = uuid4().hex
    for date, amount in READINGS:
        deployed.create(name, date, amount)
    assert deployed.container.calculation.refresh(name, POWER)
    return name


def test_what_is_written_while_a_meter_is_looked_at_is_no_difference(
    deployed: Deployment, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is compared is of one moment: from before the write, or from behind its refresh."""
    read = points_of

    def written_meanwhile(*arguments: Any) -> CompactReadings:
        deployed.create(user, "2024-05-31", 2600)
        assert deployed.container.calculation.refresh(user, POWER)
        return read(*arguments)

    monkeypatch.setattr(whole_meters, "points_of", written_meanwhile)
    assert deployed.operations.rebuild.check(user) == Verification(DUAL_WRITE, meters=1)


def change(collection: str, key: str, update: dict[str, Any]) -> Damage:
    """Change one document of the user's power meter; the damage returns the id of what must be found."""

    def damage(database: Database[Any], user: str) -> str:
        changed = database[collection].update_one({"_id": f"{user}|power{key}"}, update)
        assert changed.modified_count == 1
        return f"{user}|power" if collection == SERIES else f"{user}|power{key}"

    return damage


def lose(database: Database[Any], user: str) -> str:
    database[DISPLAY].delete_one({"_id": f"{user}|power|monthly|2022{OURS}"})
    return f"{user}|power|monthly|2022{OURS}"


def keep_another_year(database: Database[Any], user: str) -> str:
    extra = database[DISPLAY].find_one({"_id": f"{user}|power|monthly|2023{OURS}"}) or {}
    database[DISPLAY].insert_one(extra | {"_id": f"{user}|power|monthly|1999{OURS}", "year": 1999})
    return f"{user}|power|monthly|1999{OURS}"


def lose_a_year_of_the_series(database: Database[Any], user: str) -> str:
    database[SERIES].delete_one({"_id": f"{user}|power|2023"})
    database["meters"].update_one({"_id": f"{user}|power"}, {"$inc": {"series.count": -2}})
    return f"{user}|power"


DAMAGES = {
    "a figure that is too high": change(DISPLAY, f"|monthly|2023{OURS}", {"$inc": {"data.months.3.meterReading": 1}}),
    "a figure off by a thousandth": change(
        DISPLAY, f"|monthly|2023{OURS}", {"$inc": {"data.months.3.meterReading": Decimal("0.001")}}
    ),
    "a double": change(DISPLAY, f"|monthly|2023{OURS}", {"$set": {"data.months.0.meterReading": 1100.0}}),
    "a text for a number": change(DISPLAY, f"|monthly|2023{OURS}", {"$set": {"data.months.0.meterReading": "1100"}}),
    "null for a number": change(DISPLAY, f"|monthly|2023{OURS}", {"$set": {"data.months.0.meterReading": None}}),
    "a member that is missing": change(DISPLAY, f"|monthly|2023{OURS}", {"$unset": {"data.months.11.flags": ""}}),
    "a member too many": change(DISPLAY, f"|monthly|2023{OURS}", {"$set": {"data.more": None}}),
    "the wrong timeline": change(DISPLAY, f"|histogram|-{OURS}", {"$inc": {"data.buckets.0.count": 1}}),
    "the wrong summary": change(DISPLAY, f"|summary|-{OURS}", {"$set": {"data.zone": "UTC"}}),
    "no data at all": change(DISPLAY, f"|summary|-{OURS}", {"$set": {"data": {}}}),
    "a document that is missing": lose,
    "a document of another year": keep_another_year,
    "a series without a year": lose_a_year_of_the_series,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_whatever_is_damaged_is_found_by_name_and_mended(deployed: Deployment, user: str, damage: Damage) -> None:
    other = household(deployed)
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=2)
    wrong = damage(deployed.database, user)
    seen = deployed.operations.rebuild.check()
    assert [(finding.user_id, finding.type, finding.document) for finding in seen.findings] == [(user, POWER, wrong)]
    assert (seen.meters, seen.lagging, seen.differences) == (2, 0, 1)
    assert deployed.operations.rebuild.check(other) == Verification(DUAL_WRITE, meters=1)
    assert deployed.operations.rebuild.rebuild(user) == Verification(DUAL_WRITE, meters=1)
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=2)


def test_a_number_that_is_written_otherwise_is_no_difference(deployed: Deployment, user: str) -> None:
    year, first = {"_id": f"{user}|power|monthly|2023{OURS}"}, "data.months.0.meterReading"
    before = (deployed.database[DISPLAY].find_one(year) or {})["data"]["months"][0]["meterReading"]
    deployed.database[DISPLAY].update_one(year, {"$set": {first: before + Decimal("0.000000")}})
    deployed.database[DISPLAY].update_one(year, {"$set": {"data.year": Decimal("2023.0")}})
    assert deployed.operations.rebuild.check(user).differences == 0


def test_a_meter_that_lags_is_counted_apart(deployed: Deployment, user: str) -> None:
    deployed.database[DISPLAY].delete_many({})
    deployed.create(user, "2024-02-29", 2400)
    deployed.create(user, "2024-02-29", 5, GAS)
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=2, lagging=2)
    assert deployed.operations.rebuild.rebuild() == Verification(DUAL_WRITE, meters=2)
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=2)


def test_the_command_line_says_how_many_meters_it_did_not_compare_and_fails_where_it_compared_none(
    deployed: Deployment, shell: Shell, user: str
) -> None:
    deployed.create(user, "2024-02-29", 2400)
    code, seen = shell.run("rebuild", "--check")
    assert (code, seen["meters"], seen["lagging"], seen["differences"]) == (1, 1, 1, 0)
    code, said = shell.say("rebuild", "--check")
    assert (code, said) == (1, "1 meter, 0 differences; display not compared, because it lags: 1\n")
    household(deployed)
    code, said = shell.say("rebuild", "--check")
    assert (code, said) == (0, "2 meters, 0 differences; display not compared, because it lags: 1\n")
    deployed.operations.sweeper.run_at_once(60)
    assert shell.say("rebuild", "--check") == (0, "2 meters, 0 differences\n")


def test_where_there_is_no_meter_nothing_is_wrong(shell: Shell) -> None:
    assert shell.say("rebuild", "--check") == (0, "0 meters, 0 differences\n")


def test_the_command_line_says_how_many_meters_an_older_calculation_version_shows(
    deployed: Deployment, shell: Shell, user: str
) -> None:
    deployed.database["meters"].update_one({"_id": f"{user}|power"}, {"$set": {"series.calculation": 1}})
    left = "1 meter left that an older calculation version shows; the sweeper goes on\n"
    code, said = shell.say("rebuild", "--check")
    assert (code, said) == (1, f"1 meter, 0 differences; display not compared, because it lags: 1\n{left}")
    assert shell.run("rebuild", "--check")[1]["outdated"] == 1
    assert shell.say("sweep", "--list")[1].endswith(left)
    assert shell.run("sweep")[1]["swept"]["brought_up"] == 1
    assert shell.say("rebuild", "--check") == (0, "1 meter, 0 differences\n")


def broken(deployed: Deployment, *, lagging: bool = False) -> str:
    """A household whose time zone is none, so that nothing can be calculated."""
    name = household(deployed)
    if lagging:
        deployed.create(name, "2024-02-29", 2400)
    settings = {"$set": {"userId": name, "zone": "much"}}
    deployed.database["user_settings"].update_one({"_id": name}, settings, upsert=True)
    return name


def test_a_meter_that_cannot_be_calculated_is_a_finding_and_the_others_have_their_turn(deployed: Deployment) -> None:
    name = broken(deployed)
    fine = [household(deployed) for _ in range(3)]
    seen = deployed.operations.rebuild.check()
    assert [(finding.collection, finding.document, finding.problem) for finding in seen.findings] == [
        ("user_settings", name, "zone is a string that names no time zone")
    ]
    deployed.database[DISPLAY].delete_many({"userId": {"$in": fine}})
    seen = deployed.operations.rebuild.rebuild()
    assert (seen.meters, [finding.user_id for finding in seen.findings]) == (4, [name])
    assert "much" not in str(seen.findings)
    left = deployed.operations.rebuild.check()
    assert (left.differences, [finding.user_id for finding in left.findings]) == (1, [name]), "not passed over as lag"
    assert deployed.operations.sweeper.run_at_once(60).failing == 1


def test_repair_says_of_a_meter_that_cannot_be_calculated_that_it_is_not_mended(deployed: Deployment) -> None:
    deployed.to(NEW_ONLY)
    name = broken(deployed)
    found, left = deployed.operations.consistency.repair()
    assert [finding.user_id for finding in found.findings] == [name]
    assert [finding.user_id for finding in left.findings] == [name]


@dataclass
class Late:
    """A database that does not manage one user's meters within its time; ``dying``: it answers nobody after that."""

    user: str
    dying: bool = False
    away: bool = False

    def ask(self, is_slow: bool) -> None:
        self.away = self.away or (is_slow and self.dying)
        if self.away or is_slow:
            raise UnavailableError("out of time")


class LatePort:
    """A port on it, with its slow methods."""

    def __init__(self, late: Late, port: Any, *slow: str) -> None:
        self._late = late
        self._port = port
        self._slow = slow

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._late.ask(name in self._slow and self._late.user in str(arguments))
            return getattr(self._port, name)(*arguments)

        return call


def on(late: Late, deployed: Deployment) -> Operations:
    ports = deployed.ports
    slow: dict[str, Any] = {
        "queries": LatePort(late, ports.queries, "whole"),
        "transactions": LatePort(late, ports.transactions, "run"),
        "twins": LatePort(late, ports.twins, "digests", "differences", "reconcile"),
        "sync_control": LatePort(late, ports.sync_control),
        "meters": LatePort(late, ports.meters),
        "walks": LatePort(late, ports.walks),
    }
    return operations(replace(ports, **slow), deployed.clock)


def test_a_meter_that_is_always_out_of_time_is_a_finding_and_the_others_have_their_turn(
    deployed: Deployment, user: str
) -> None:
    others = [household(deployed) for _ in range(4)]
    deployed.database[DISPLAY].delete_many({"userId": others[0], "dataType": "summary"})
    late = on(Late(user), deployed)
    problems = {finding.document: finding.problem for finding in late.rebuild.check().findings}
    assert problems == {
        f"{user}|power": "was out of time, though the database answers",
        f"{others[0]}|power|summary|-{OURS}": "is missing",
    }
    rebuilt = late.rebuild.rebuild()
    assert (rebuilt.meters, [finding.user_id for finding in rebuilt.findings]) == (5, [user])
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=5)


def test_such_a_meter_holds_up_neither_verify_nor_repair(deployed: Deployment, user: str) -> None:
    others = [household(deployed) for _ in range(4)]
    deployed.database["source_energy_readings"].delete_many({"userId": others[0]})
    late = on(Late(user), deployed)
    seen = late.consistency.verify()
    assert (seen.meters, {finding.user_id for finding in seen.findings}) == (5, {user, others[0]})
    found, left = late.consistency.repair()
    assert (found.meters, found.findings) == (5, seen.findings)
    assert [finding.user_id for finding in left.findings] == [user]
    assert deployed.operations.consistency.verify() == Verification(DUAL_WRITE, meters=5)


@pytest.mark.parametrize("command", ["check", "rebuild", "verify", "repair"])
def test_a_database_that_answers_nobody_any_more_is_no_finding_and_ends_the_run(
    deployed: Deployment, user: str, command: str
) -> None:
    late = on(Late(user, dying=True), deployed)
    with pytest.raises(UnavailableError):
        getattr(late.rebuild if command in ("check", "rebuild") else late.consistency, command)()


def interrupted(run: Callable[..., Verification]) -> None:
    """Ctrl-C after the first page."""

    def interrupt(_: Verification) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt)


@pytest.fixture
def many(deployed: Deployment) -> list[str]:
    """Enough meters for two pages; of the first and the last one nothing is shown."""
    users = sorted(uuid4().hex for _ in range(105))
    for name in users:
        deployed.create(name, "2023-01-31", 1000)
    deployed.operations.sweeper.run_at_once(60)
    deployed.database[DISPLAY].delete_many({"userId": {"$in": [users[0], users[-1]]}, "dataType": "monthly"})
    return users


def test_an_interrupted_check_goes_on_and_remembers_what_it_had_found(deployed: Deployment, many: list[str]) -> None:
    interrupted(deployed.operations.rebuild.check)
    seen = deployed.operations.rebuild.check()
    assert (seen.meters, seen.resumed) == (105, (many[99], POWER))
    assert [finding.user_id for finding in seen.findings] == [many[0], many[-1]]
    assert deployed.operations.rebuild.check().resumed is None


def test_an_interrupted_rebuild_goes_on_and_calculates_no_meter_twice(deployed: Deployment, many: list[str]) -> None:
    interrupted(deployed.operations.rebuild.rebuild)
    assert deployed.operations.rebuild.rebuild().meters == 105
    assert {deployed.ports.display.state(name, POWER).source_version for name in many} == {2}
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=105)


def test_while_people_write_nothing_differs_and_a_rebuild_loses_nothing(deployed: Deployment) -> None:
    with writers(deployed) as working:
        for _ in range(3):
            deployed.operations.sweeper.run_at_once(60)
            assert deployed.operations.rebuild.check(restart=True).findings == ()
            assert deployed.operations.rebuild.rebuild(restart=True).findings == ()
    deployed.operations.sweeper.run_at_once(60)
    assert deployed.operations.rebuild.check() == Verification(DUAL_WRITE, meters=len(working))
    assert deployed.operations.consistency.verify().differences == 0


def test_while_the_new_side_rests_it_is_refused_with_the_reason(deployed: Deployment) -> None:
    deployed.to(OLD_ONLY)
    for run in (deployed.operations.rebuild.check, deployed.operations.rebuild.rebuild):
        with pytest.raises(SyncModeError, match="the mode is old_only"):
            run()


def test_the_command_line_checks_rebuilds_and_says_how_far_it_is(deployed: Deployment, shell: Shell, user: str) -> None:
    assert shell.run("rebuild", "--check")[0] == 0
    wrong = keep_another_year(deployed.database, user)
    code, seen = shell.run("rebuild", "--check", "--user", user)
    assert (code, [finding["document"] for finding in seen["findings"]]) == (1, [wrong])
    code, seen = shell.run("rebuild")
    assert (code, seen["meters"], seen["differences"]) == (0, 1, 0)
    assert "1 meter calculated again" in shell.errors
    assert shell.run("rebuild", "--check")[0] == 0


def test_the_command_line_sweeps_and_lists_what_cannot_be_refreshed(deployed: Deployment, shell: Shell) -> None:
    lagging = household(deployed)
    deployed.create(lagging, "2024-02-29", 2400)
    nothing: dict[str, object] = {"swept": None, "failing": 0, "meters": [], "outdated": 0, "byWorkers": None}
    assert shell.run("sweep", "--list") == (0, nothing)
    code, done = shell.run("sweep")
    assert (code, done["swept"]["refreshed"], done["failing"]) == (0, 1, 0)
    name = broken(deployed, lagging=True)
    assert shell.run("sweep")[0] == 1, "its JSON is all that there is on standard output"
    assert f'"meter":"{name}|power"' in shell.errors
    code, done = shell.run("sweep", "--list")
    assert (code, done["failing"]) == (1, 1)
    (meter,) = done["meters"]
    assert (meter["meter"], meter["attempts"], meter["error"]) == (f"{name}|power", 1, "ZoneInfoNotFoundError")


def test_a_meter_that_an_open_write_holds_is_named_and_no_success(deployed: Deployment, shell: Shell) -> None:
    name, other = household(deployed), household(deployed)
    for user in (name, other):
        deployed.create(user, "2024-02-29", 2400)
    with held(deployed.database, name):
        code, done = shell.run("sweep")
    assert (code, done["swept"]["refreshed"], done["swept"]["failed"]) == (1, 1, 1)
    assert f'"meter":"{name}|power"' in shell.errors
    assert shell.run("sweep")[0] == 0
