"""Cost of monitoring: the processor time of a read with and without measuring.

Reads alternate, so that both meet the same machine; processor time does not depend on what else it does.
"""

from collections.abc import Iterator
from statistics import median

from aws_lambda_powertools.metrics import EphemeralMetrics

from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.metrics import backend_metrics, count, flush_request
from chalicelib.monitoring.names import NAMESPACE, SERVICE, MetricName
from chalicelib.repositories.command_times import CommandTimes
from chalicelib.repositories.database import open_database
from tests.performance.form import Figure, Target
from tests.performance.setting import Call, in_turn, server, use_cases

TITLE = "Watching"
READS = 2_000
FILE = "Datum;Strom\n" + "".join(f"01.{month:02}.2022;{month * 100}\n" for month in range(1, 13))
ANSWERED = {"component": "monthly_charts", "backend": "new"}
SAID = {"user": "user-0123456789", "reason": "percentage_in", "error": ""}
ADDED = "watch and line of a request"
TARGETS = {ADDED: Target(0.1, "one line of JSON for all metrics, and a listener called for each command")}


def measure() -> Iterator[Figure]:
    """A view's read without any watching, with it, and what a request says alone; all of processor time."""
    with server() as (uri, plain):
        watched = open_database(uri, plain.name, CommandTimes())
        silent, telling = use_cases(plain), use_cases(watched)
        silent.imports.bulk_create("alice", FILE.encode())
        silent.calculation.refresh("alice", EnergyType.POWER)
        calls: dict[str, Call] = {
            "a read that nobody watches": lambda: silent.display.monthly("alice", EnergyType.POWER, 2022),
            "watched": lambda: telling.display.monthly("alice", EnergyType.POWER, 2022),
            "a request says what it took": say,
            "Powertools' own collecting, of one answer alone": say_as_powertools,
        }
        worked = {name: median(times) for name, times in in_turn(calls, READS).worked.items()}
        watched.client.close()
    unwatched, with_it, said, _ = worked.values()
    yield Figure(ADDED, with_it - unwatched + said, "ms", f"of it {with_it - unwatched:.3f} ms to watch the driver")
    yield from (Figure(name, value, "ms") for name, value in worked.items() if name != "watched")


def say() -> None:
    """The metrics of one request and their line, printed to nowhere."""
    count(MetricName.REQUESTS)
    count(MetricName.SERVER_ERRORS, 0)
    backend_metrics(ANSWERED, SAID, elapsed_ms=1.5, failed=False)
    flush_request()


def say_as_powertools() -> None:
    """One answer of a backend, collected and printed by Powertools."""
    own = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in ANSWERED.items():
        own.add_dimension(name=name, value=value)
    for name, value in SAID.items():
        own.add_metadata(key=name, value=value)
    own.add_metric(name=MetricName.BACKEND_DURATION, unit="Milliseconds", value=1.5)
    own.add_metric(name=MetricName.BACKEND_FAILURES, unit="Count", value=0)
    own.flush_metrics()
