"""Speed of a flag decision with a warm cache, as a deployed function makes it, and of a plan for very many people.

The document bears a thousand people by id, the most that a flag takes. Beside it are the costs of a bare call of
Powertools' ``evaluate`` and of reading a document. A plan asks the database for everybody who has a meter.
"""

import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from aws_lambda_powertools.utilities.feature_flags import FeatureFlags

from chalicelib.bootstrap.container import mongo_ports, now
from chalicelib.domain.backends.component import Component
from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.flags.changes.planning import plan_between
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, Loaded
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.feature_models import MOST_IDS
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.repositories.database import Collections
from chalicelib.services.migration.backends.decisions import RolloutService
from infra.simulation.memory.publisher import FakePublisher
from tests.performance.form import Figure, Target
from tests.performance.setting import server, timed

TITLE = "Flags"
TABLE, DASHBOARD = COMPONENT_FLAGS[Component.ENERGY_TABLE], COMPONENT_FLAGS[Component.DASHBOARD]
BATCHES, CALLS, READS = 400, 25, 20
PEOPLE = 100_000
USER = "auth0|5f7c8ec7c33c6c004bbafe82"
BY_PERCENTAGE, BY_ID = "decision by percentage", f"decision by id, among {MOST_IDS:,} people"
PLAN = f"plan for {PEOPLE:,} people"
TARGETS = {
    BY_PERCENTAGE: Target(50, "the rules of Powertools are walked in Python"),
    BY_ID: Target(50, "the rules of Powertools are walked in Python, over lists of people"),
    PLAN: Target(2, "each person's bucket is a SHA-256, and each id comes from the database"),
}


@dataclass
class OneDocument:
    """A session that has one document."""

    content: bytes
    wait_seconds: float = 15.0

    def poll(self) -> bytes:
        """The document."""
        return self.content


def document() -> FlagDocument:
    """The dashboard for half of all users, the table for as many people as can be named."""
    people = tuple(f"auth0|{number:024}" for number in range(MOST_IDS))
    return first_document().with_flags(
        Flag(GLOBAL, 0, 0, enabled=True),
        Flag(DASHBOARD, 0, 0, enabled=True, rollout_percent=Decimal(50)),
        Flag(TABLE, 0, 0, enabled=True, rollout_percent=Decimal(50), test_user_ids=people, exact_user_ids=people),
    )


def microseconds(name: str, call: Callable[[], object]) -> Figure:
    """The median cost of one call."""
    return Figure(name, median(timeit.repeat(call, number=CALLS, repeat=BATCHES)) / CALLS * 1e6, "us")


def measure() -> Iterator[Figure]:
    """Decisions, what they are made of, and a plan."""
    content = written(document())
    store = AppConfigFlagStore(OneDocument(content), SilentReports(), time.time)
    whole = RolloutService(FlagDecisions(store), lambda: SyncState(SyncMode.DUAL_WRITE), now)
    powertools, context = FeatureFlags(store), {"user_id": USER, "bucket": bucket(DASHBOARD, USER)}
    yield microseconds(BY_PERCENTAGE, lambda: whole.should_use_new_backend(USER, Component.DASHBOARD))
    yield microseconds(BY_ID, lambda: whole.should_use_new_backend(USER, Component.ENERGY_TABLE))
    evaluated = microseconds(
        "Powertools' evaluate alone", lambda: powertools.evaluate(name=DASHBOARD, context=context, default="")
    )
    yield evaluated
    reading = median(timeit.repeat(lambda: Loaded(read(content)).features, number=1, repeat=READS)) * 1e6
    yield Figure("reading a changed document, once per change", reading, "us")
    yield plan()


def plan() -> Figure:
    """From a tenth of the people to half of them."""
    tenth = Flag(DASHBOARD, 0, 0, enabled=True, rollout_percent=Decimal(10))
    with server() as (_, database):
        database[Collections.METERS].insert_many(
            {"_id": f"auth0|{number:024}|power", "userId": f"auth0|{number:024}", "type": "power"}
            for number in range(PEOPLE)
        )
        users = mongo_ports(database, FakePublisher()).known_users.known_users
        began = time.process_time()
        passed, planned = timed(lambda: plan_between(tenth, replace(tenth, rollout_percent=Decimal(50)), users()))
        worked = time.process_time() - began
    assert planned.known == PEOPLE
    return Figure(PLAN, passed, "s", f"processor time {worked:.2f} s")
