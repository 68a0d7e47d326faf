"""A short history on the deployed system: AppConfig, the sync mode and functions' lives flip under people.

**Shortened:** the database lets a transaction live two seconds meanwhile, so that a change of mode drains in four.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from chalicelib.flags.document.flag_document import written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.repositories.sync_control import LIFETIME
from infra.drills.history.deployed import deployed_ground
from infra.drills.history.drive import Exercise, drive
from infra.drills.history.wishes import ALL, Flip, FlipKind
from infra.targets.flags import flags_at
from tests.e2e.conftest import Deployed

pytestmark = pytest.mark.long

MODE = Flip(FlipKind.MODE, 0, 0, forward=True)
LIFE = Flip(FlipKind.LIFE, 1, 0, forward=True)
TO_NEW = Flip(FlipKind.PERCENT, ALL, 100, forward=True)
FLIPS = (MODE, LIFE, MODE, TO_NEW, LIFE)  # through new_only and back to dual_write, then by flags
ENOUGH = 150


@pytest.fixture
def hasty(fragile: Deployed) -> Iterator[Deployed]:
    """A stack whose changes of mode drain in seconds; its flags are off again afterwards."""
    with MongoClient[dict[str, Any]](fragile.layout.mongodb_uri) as client:
        before = client.admin.command({"getParameter": 1, LIFETIME: 1})[LIFETIME]
        client.admin.command({"setParameter": 1, LIFETIME: 2})
        yield fragile
        client.admin.command({"setParameter": 1, LIFETIME: before})
    with flags_at(fragile.layout) as flags:
        deployment = flags.operations.changes.publishing.deployment
        deployment.complete(deployment.deploy(written(first_document()), deployment.settled(stop=True), "a test"))


def test_on_the_deployed_system_no_answer_denies_an_earlier_one(hasty: Deployed) -> None:
    with deployed_ground(hasty.layout) as ground:
        exercise = Exercise(5, people=4, flips=len(FLIPS), operations=ENOUGH, schedule=FLIPS)
        history = drive(ground, exercise, lambda _: None)
    assert [violation.as_document() for violation in history.violations] == []
    assert history.is_right
    assert len(history.flips) + history.refused_flips == len(FLIPS)
    assert len(history.operations) > ENOUGH
