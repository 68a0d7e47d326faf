"""What it costs a request to say what it took: the client's processor time of a read, with and without.

Run: ``make bench``, or ``python -m tests.performance.bench_monitoring``. Reads alternate, so that both meet the same
machine; processor time does not depend on what else it does.
"""

import os
import time
from contextlib import redirect_stdout
from statistics import median
from typing import cast
from uuid import uuid4

from aws_lambda_powertools.metrics import EphemeralMetrics
from rich.console import Console
from rich.table import Table

from chalicelib.auth import TokenVerifier
from chalicelib.bootstrap.container import Container, compose, mongo_ports, now
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.metrics import backend_metrics, count, flush_request
from chalicelib.monitoring.names import NAMESPACE, SERVICE, MetricName
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import MongoDatabase, open_database
from infra.local.throwaway import mongod
from infra.simulation.memory.publisher import FakePublisher
from migrations import runner

READS = 2_000
BOUND_MS = 0.1
FILE = "Datum;Strom\n" + "".join(f"01.{month:02}.2022;{month * 100}\n" for month in range(1, 13))
ANSWERED = {"component": "monthly_charts", "backend": "new"}
SAID = {"user": "user-0123456789", "reason": "percentage_in", "error": ""}


def main() -> None:
    """Measure a view's read without any watching, with it, and what a request says alone."""
    name = f"bench_{uuid4().hex[:12]}"
    with mongod() as uri, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        plain = open_database(uri, name)
        runner.up(plain)
        watched = open_database(uri, name, CommandTimes())
        silent, telling = container(plain), container(watched)
        silent.imports.bulk_create("alice", FILE.encode())
        silent.calculation.refresh("alice", EnergyType.POWER)
        without, with_it, alone, others = [], [], [], []
        for _ in range(READS):
            without.append(read(silent))
            with_it.append(read(telling))
            alone.append(say())
            others.append(say_as_powertools())
        for database in (plain, watched):
            database.client.close()
    added = median(with_it) - median(without) + median(alone)
    table = Table("figure", "value", "bound", "holds")
    table.add_row("a view read by nobody's watch", f"{median(without):.3f} ms", "", "")
    table.add_row("the driver is watched", f"{median(with_it) - median(without):.3f} ms", "", "")
    table.add_row("a request says what it took", f"{median(alone):.3f} ms", "", "")
    table.add_row("Powertools' own collecting, of one answer alone", f"{median(others):.3f} ms", "", "")
    table.add_row("watch and line", f"{added:.3f} ms", f"< {BOUND_MS} ms", "yes" if added < BOUND_MS else "NO")
    Console().print(table)


def container(database: MongoDatabase) -> Container:
    """The application on a database."""
    return compose(mongo_ports(database, FakePublisher()), cast(TokenVerifier, None), now)


def read(application: Container) -> float:
    """One read of a stored view, in milliseconds of this thread's processor time."""
    began = time.thread_time()
    application.display.monthly("alice", EnergyType.POWER, 2022)
    return (time.thread_time() - began) * 1000


def say() -> float:
    """The metrics of one request and their line, printed to nowhere."""
    began = time.thread_time()
    count(MetricName.REQUESTS)
    count(MetricName.SERVER_ERRORS, 0)
    backend_metrics(ANSWERED, SAID, elapsed_ms=1.5, failed=False)
    flush_request()
    return (time.thread_time() - began) * 1000


def say_as_powertools() -> float:
    """One answer of a backend, collected and printed by Powertools."""
    began = time.thread_time()
    own = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in ANSWERED.items():
        own.add_dimension(name=name, value=value)
    for name, value in SAID.items():
        own.add_metadata(key=name, value=value)
    own.add_metric(name=MetricName.BACKEND_DURATION, unit="Milliseconds", value=1.5)
    own.add_metric(name=MetricName.BACKEND_FAILURES, unit="Count", value=0)
    own.flush_metrics()
    return (time.thread_time() - began) * 1000


if __name__ == "__main__":
    main()
