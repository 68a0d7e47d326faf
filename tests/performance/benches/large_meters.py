"""A meter with a million readings: imported in files of 50,000, refreshed and compared as functions do it.

Not among ``make bench``, because it takes minutes. Refresh and comparison run in a process of their own each, whose
memory is what one function would use. Then the same over HTTP on a laptop stack, whose functions refresh by themselves.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import urllib3

from chalicelib.bootstrap.container import Container
from chalicelib.bootstrap.operations import shell_operations
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.readings import to_datetime
from chalicelib.monitoring.memory import MEGABYTE, peak_bytes
from chalicelib.repositories.database import Collections, open_database
from infra.local import laptop
from infra.local.layout import Layout
from infra.local.throwaway import stack
from infra.local.waiting import wait_until
from tests.performance.form import Figure, Target
from tests.performance.setting import POWER, server, use_cases

READINGS = 1_000_000
TITLE = f"A meter with {READINGS:,} readings"
START, STEP_MS = 1_420_070_400_000, 120_000  # 2015 begins in UTC; every other minute
ROWS_OF_A_FILE = 50_000
IMPORT, SUMMARY = "/v2/energy/import?onConflict=skip&confirm=true", "/v2/display?type=power&dataType=summary"
FUNCTION_SECONDS, FUNCTION_MB = 60.0, 512.0
WORKS = {"refresh": "first refresh", "compare": "comparison"}
FILE, SHOWN, WRONG = (
    "over HTTP: the slowest of twenty files",
    "over HTTP: from the last file's answer to a display that shows all",
    "over HTTP: readings that are missing, and differences of the display",
)
SHOWN_SECONDS, GATEWAY_SECONDS = 300.0, 29.0
Ask = Callable[[str, str, bytes | None], urllib3.BaseHTTPResponse]
_STEP = "100,000 readings are read and packed in a step, and the last one publishes all years"
TARGETS = {
    f"{name}: {what}": target
    for name in WORKS.values()
    for what, target in {
        "the longest call": Target(FUNCTION_SECONDS / 2, _STEP),
        "memory of the process": Target(FUNCTION_MB, _STEP),
    }.items()
} | {
    FILE: Target(GATEWAY_SECONDS, "API Gateway waits so long; the server inserts 100,000 documents"),
    SHOWN: Target(SHOWN_SECONDS, _STEP),
    WRONG: Target(0, "see what verify says"),
}


def measure() -> Iterator[Figure]:
    """Import, then refresh and compare."""
    with server() as (uri, database):
        container, user = use_cases(database), uuid4().hex
        began = time.perf_counter()
        for file in files():
            imported(container, user, file)
        yield Figure(f"import in files of {ROWS_OF_A_FILE:,}", time.perf_counter() - began, "s")
        for work, name in WORKS.items():
            seen = alone(work, uri, database.name, user)
            yield Figure(f"{name}: calls", len(seen["seconds"]), "", f"{sum(seen['seconds']):.1f} s together")
            yield Figure(f"{name}: the longest call", max(seen["seconds"]), "s")
            yield Figure(f"{name}: memory of the process", seen["mb"], "MB")
    yield from over_http()


def over_http() -> Iterator[Figure]:
    """A person sends the files one after another, and waits until the display shows all of them."""
    user = uuid4().hex
    with stack() as layout:
        ask, began = asking(layout, user), time.perf_counter()
        taken = [posted(ask, file) for file in files()]
        yield Figure(FILE, max(taken), "s", f"all of them {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        wait_until(lambda: not is_stale(ask), SHOWN_SECONDS)
        yield Figure(SHOWN, time.perf_counter() - began, "s")
        database = open_database(layout.mongodb_uri, layout.database)
        seen = shell_operations(database).rebuild.check(user)
        missing = READINGS - database[Collections.READINGS].count_documents({"userId": user, "type": POWER.value})
        yield Figure(WRONG, missing + seen.differences + seen.lagging, "")
        database.client.close()


def asking(layout: Layout, user: str) -> Ask:
    """Asks a stack as somebody, for longer than its gateway waits."""
    pool = urllib3.PoolManager(retries=False, timeout=2 * GATEWAY_SECONDS)
    own = {"Authorization": f"Bearer {laptop.token(layout, user)}", "Content-Type": "text/csv"}
    return lambda method, path, body: pool.request(method, layout.base_url + path, body=body, headers=own)


def posted(ask: Ask, file: bytes) -> float:
    """Send a file until it is taken; returns how many seconds the answer took that says so."""
    for _ in range(5):
        began = time.perf_counter()
        answer = ask("POST", IMPORT, file)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return time.perf_counter() - began
    raise UnavailableError(f"no file is taken: {answer.status} {answer.data[:300]!r}")


def is_stale(ask: Ask) -> bool:
    """Whether the display lags behind what was acknowledged."""
    answer = ask("GET", SUMMARY, None)
    return answer.status != HTTPStatus.OK or bool(json.loads(answer.data)["meta"]["stale"])


def imported(container: Container, user: str, file: bytes) -> None:
    """Import a file; what a busy machine does not do in a request's time is sent again, as a client does."""
    for _ in range(5):
        try:
            container.imports.bulk_create(user, file, ImportOptions(confirm=True))
        except UnavailableError:
            continue
        return
    raise UnavailableError("the database does not answer in the time of a request, five times")


def files() -> Iterator[bytes]:
    """CSV files of a meter that is read every other minute."""
    for first in range(0, READINGS, ROWS_OF_A_FILE):
        numbers = range(first, min(first + ROWS_OF_A_FILE, READINGS))
        rows = (f"{to_datetime(START + n * STEP_MS).isoformat()},power,{n / 100:.2f}" for n in numbers)
        yield "\n".join(["date,type,amount", *rows]).encode()


def alone(*work: str) -> dict[str, Any]:
    """Do it in a process of its own; returns how long each call took, and the most memory that it used."""
    done = subprocess.run([sys.executable, "-m", __name__, *work], check=True, capture_output=True, text=True)
    return cast(dict[str, Any], json.loads(done.stdout))


def refresh(container: Container, user: str) -> bool:
    """One call of an event function; whether the meter is shown."""
    return container.calculation.refresh(user, POWER)


def compare(container: Container, user: str) -> bool:
    """The comparison of one meter; true."""
    seen = container.operations.rebuild.check(user)
    assert (seen.meters, seen.lagging, seen.differences) == (1, 0, 0), seen
    return True


def calls(what: Callable[[Container, str], bool], uri: str, database: str, user: str) -> None:
    """Call it until it is done, and print what that took."""
    container, taken, is_done = use_cases(open_database(uri, database)), list[float](), False
    while not is_done:
        began = time.perf_counter()
        is_done = what(container, user)
        taken.append(time.perf_counter() - began)
    sys.stdout.write(json.dumps({"seconds": taken, "mb": peak_bytes() / MEGABYTE}))


if __name__ == "__main__":
    calls({"refresh": refresh, "compare": compare}[sys.argv[1]], *sys.argv[2:])
