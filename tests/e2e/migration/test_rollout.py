"""The rollout as infra/README.md describes it, on the deployed stack: the table moves for ten percent of the people, a
planted bug shows up in the report, the table goes to everybody and back; then the drill, which loses nothing.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from uuid import uuid4

import pytest
from bson import Decimal128
from pymongo.database import Database

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.readings import EnergyType
from chalicelib.flags.document.bucketing import PER_PERCENT, bucket
from chalicelib.repositories.database import open_database
from infra.drills.ground import laptop_ground
from infra.drills.rollback import Exercise, drill
from infra.operations.drill import print_drilled
from infra.simulation.memory.publisher import FakePublisher
from infra.targets.flags import Flags
from tests.e2e.conftest import TABLE, Deployed, deploy_table, eventually
from tests.e2e.migration.runbook import CHART, PLACE, Readme, damage, look, reported

pytestmark = pytest.mark.long

PEOPLE = 60
AT_ONCE = 8
FILE = b"date,type,amount\n2023-01-31,power,1000\n2023-02-28,power,1100.5\n2023-04-30,power,1300\n"
PAGE = "/components/energy_table?type=power"
PLACE_IN_TABLE = "readings[].amount"


@pytest.fixture
def readme(deployed: Deployed) -> Readme:
    return Readme(deployed.layout.name)


@pytest.fixture
def database(deployed: Deployed) -> Iterator[Database[Any]]:
    """The stack's database, its sync mode put back afterwards as it was."""
    database = open_database(deployed.layout.mongodb_uri, deployed.layout.database)
    wanted = {"_id": "sync_mode"}
    before = database["control"].find_one(wanted)
    assert before is not None
    yield database
    database["control"].replace_one(wanted, before)
    database.client.close()


@pytest.fixture
def people(database: Database[Any]) -> list[str]:
    """People all over the buckets, with readings, their display up to date."""
    container: Container = compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)
    run = uuid4().hex
    drawn = [f"person-{run}-{number}" for number in range(PEOPLE * 10)]
    users = sorted(drawn, key=lambda user: bucket(TABLE, user))[::10]
    for user in users:
        container.imports.bulk_create(user, FILE)
        container.calculation.refresh(user, EnergyType.POWER)
    return users


def on_the_new_backend(deployed: Deployed, people: list[str]) -> set[str]:
    """Who gets the table from the new backend, by the header that each of them gets."""

    def backend(user: str) -> str:
        answer = deployed.request("GET", PAGE, user=user)
        assert answer.status == 200, answer.body
        return answer.headers["X-Backend"]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answered = zip(people, threads.map(backend, people), strict=True)
        return {user for user, said in answered if said == "new"}


def share(people: list[str], percent: int) -> set[str]:
    """Who is in by the buckets."""
    return {user for user in people if bucket(TABLE, user) < percent * PER_PERCENT}


def damage_table(database: Database[Any], user: str) -> None:
    """The bug of the README: the new backend reads another figure."""
    change = {"$set": {"amount": Decimal128("99999")}}
    assert database["source_energy_readings"].update_one({"userId": user, "type": "power"}, change).modified_count == 1


def compared(deployed: Deployed, readme: Readme, user: str, path: str, place: str) -> dict[str, Any]:
    """What the report says of the damaged place, once somebody has read it and the deployed comparer has looked.

    Of many reads it takes a sample, and a read is noted without waiting for it: who was left out reads again.
    """

    def seen() -> dict[str, Any]:
        assert deployed.request("GET", path, user=user).status == 200
        look(deployed)
        return reported(readme, place)

    return eventually(seen, lambda found: found.get("open", False), 60)  # an earlier test's is mended


def test_whoever_follows_the_readme_moves_the_table_sees_the_bug_and_comes_back(
    deployed: Deployed, database: Database[Any], people: list[str], readme: Readme, flags: Flags
) -> None:
    readme.run("verify")
    readme.run("flags set global")
    readme.run("flags set energy_table --percent 10")
    few = on_the_new_backend(deployed, people)
    assert few == share(people, 10) != set()

    look(deployed)  # of what others have read it takes a sample: they come first
    damage(database, people[0])
    bug = compared(deployed, readme, people[0], CHART, PLACE)
    assert (bug["component"], bug["kind"], bug["open"]) == ("monthly_charts", "value", True)
    assert readme.shell(f"$I compare replay {bug['fingerprint']}")[0] == 1
    assert readme.shell(f"$I rebuild --user {people[0]}")[0] == 0
    assert readme.shell(f"$I compare replay {bug['fingerprint']}")[0] == 0
    assert reported(readme)["open"] is False

    wrong = min(few)
    damage_table(database, wrong)
    bug = compared(deployed, readme, wrong, PAGE, PLACE_IN_TABLE)
    assert (bug["component"], bug["kind"], bug["open"]) == ("energy_table", "value", True)
    code, verdict = readme.shell("$I status --component energy_table")
    assert code == 1
    assert "stop, because the backends differ" in verdict
    assert "flags rollback energy_table" in verdict
    assert readme.shell(f"$I repair --user {wrong} --apply --yes")[0] == 0
    assert readme.shell(f"$I compare replay {bug['fingerprint']}")[0] == 0

    readme.run("flags set energy_table --percent 50")
    half = on_the_new_backend(deployed, people)
    assert half == share(people, 50) > few
    readme.run("flags set energy_table --percent 100")
    assert on_the_new_backend(deployed, people) == set(people)
    back = readme.run("flags rollback energy_table")
    assert re.search(r"in effect everywhere after \d+\.\d s", back)
    assert on_the_new_backend(deployed, people) == set()


def test_the_drill_loses_nothing_and_shows_that_it_would_have_seen_it(
    deployed: Deployed, database: Database[Any], flags: Flags, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy_table(flags, enabled=True)  # and the gate before it, so that the drill need not wait for that
    exercise = Exercise("energy_forms", writes=60, control_writes=40, moves=1)
    with laptop_ground(deployed.layout, exercise.component) as ground:
        drilled = drill(ground, exercise, lambda _: None)
    print_drilled(drilled)
    assert "lost writes: 0" in capsys.readouterr().out
    assert (drilled.control.lost > 0, drilled.drill.lost, drilled.passed) == (True, 0, True)
    assert 0 <= drilled.last_new_answer_seconds <= drilled.in_effect_seconds + exercise.quiet_seconds
