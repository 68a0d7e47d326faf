"""Speed of a flag decision with a warm cache, as a deployed function makes it: sync mode, store, Powertools.

Run: ``make bench``, or ``python -m tests.performance.bench_flags``. Each figure is the median of many short batches, so
that what else the machine does falls out; the promise is 50 microseconds. The document bears a thousand people by id,
the most that a flag takes. Beside it stands what a bare call of Powertools' ``evaluate`` costs, and reading a document.
"""

import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from aws_lambda_powertools.utilities.feature_flags import FeatureFlags
from rich.console import Console
from rich.table import Table

from chalicelib.bootstrap.container import now
from chalicelib.domain.components import Component
from chalicelib.domain.sides import SyncMode, SyncState
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.reports import SilentReports
from chalicelib.flags.decisions.store import AppConfigFlagStore, Loaded
from chalicelib.flags.document.bucketing import bucket
from chalicelib.flags.document.feature_models import MOST_IDS
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument, read, written
from chalicelib.flags.document.json_schema import first_document
from chalicelib.flags.document.names import COMPONENT_FLAGS, GLOBAL
from chalicelib.services.backends.decisions import RolloutService

TABLE, DASHBOARD = COMPONENT_FLAGS[Component.ENERGY_TABLE], COMPONENT_FLAGS[Component.DASHBOARD]
PROMISE_US = 50.0
BATCHES, CALLS = 400, 25
USER = "auth0|5f7c8ec7c33c6c004bbafe82"


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


def microseconds(call: Callable[[], object]) -> float:
    """The median cost of one call."""
    return median(timeit.repeat(call, number=CALLS, repeat=BATCHES)) / CALLS * 1e6


def main() -> None:
    """Print the figures."""
    content = written(document())
    store = AppConfigFlagStore(OneDocument(content), SilentReports(), time.time)
    flags = FlagDecisions(store)
    whole = RolloutService(flags, lambda: SyncState(SyncMode.DUAL_WRITE), now)
    powertools = FeatureFlags(store)
    context = {"user_id": USER, "bucket": bucket(DASHBOARD, USER)}
    table = Table("a decision, warm", "microseconds", "promise")
    for name, call in {
        "by percentage": lambda: whole.should_use_new_backend(USER, Component.DASHBOARD),
        "by id, 1,000 test users and 1,000 exact": lambda: whole.should_use_new_backend(USER, Component.ENERGY_TABLE),
    }.items():
        cost = microseconds(call)
        table.add_row(name, f"{cost:.1f}", f"< {PROMISE_US:.0f} {'kept' if cost < PROMISE_US else 'BROKEN'}")
    bare = microseconds(lambda: powertools.evaluate(name=DASHBOARD, context=context, default=""))
    table.add_row("Powertools' evaluate alone", f"{bare:.1f}", "")
    table.add_row("the bucket alone", f"{microseconds(lambda: bucket(DASHBOARD, USER)):.1f}", "")
    reading = median(timeit.repeat(lambda: Loaded.of(read(content)), number=1, repeat=20)) * 1e6
    table.add_row("reading a changed document, once per change", f"{reading:.0f}", "")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
