"""A release with another calculation version is deployed under load over the one before.

The one before is this code under the number 1, beside documents that the first release has stored, by other rules: as
long as it runs it shows them. Readers must never be failed, and what they see in the end is right, for everybody.
"""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.calculation import CALCULATION_VERSION
from chalicelib.repositories.database import open_database
from infra.deployment.packaging import ROOT, Package, package
from infra.local.cloud import EmulatedCloud
from tests.e2e.account import Account
from tests.e2e.conftest import Answer, Deployed, eventually
from tests.integration.calculation_versions.release_1 import settle, spoil

pytestmark = pytest.mark.long

HOUSEHOLDS = 4
PAUSE_SECONDS = 0.2  # between an answer and the next question: people, not a test of how much the laptop can bear
BROUGHT_UP_SECONDS = 400.0  # an attempt that a deployment kills costs a minute, the next one two
SHIPPED = ("app.py", "requirements.txt", ".chalice", "chalicelib", "infra/resources.yaml")
NUMBER = Path("chalicelib/domain/calculation/__init__.py")
READS = (
    "/v2/display?type=power&year=2022&dataType=monthly",
    "/v2/display?type=gas&dataType=summary",
    "/components/monthly_charts?type=power&year=2022",
    "/components/dashboard",
    "/v1/monthly?type=power&year=2022",
)


@pytest.fixture
def database(fragile: Deployed) -> Iterator[Database[Any]]:
    database = open_database(fragile.layout.mongodb_uri, fragile.layout.database)
    yield database
    database.client.close()


@pytest.fixture
def former(fragile: Deployed, tmp_path: Path) -> Iterator[None]:
    """The stack runs the release before, and this one again afterwards."""
    for name in SHIPPED:
        source = ROOT / name
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    number = f"CALCULATION_VERSION = {CALCULATION_VERSION}"
    text = (tmp_path / NUMBER).read_text()
    assert number in text
    (tmp_path / NUMBER).write_text(text.replace(number, "CALCULATION_VERSION = 1"))
    deploy(fragile, package(tmp_path))
    yield
    deploy(fragile, package())


def deploy(deployed: Deployed, release: Package) -> None:
    EmulatedCloud(deployed.layout).deploy_application(release)


@dataclass
class Load:
    """People who read and write all the while: what was answered, and what was no answer."""

    deployed: Deployed
    users: list[str]
    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)

    def read(self, enough: threading.Event) -> None:
        number = 0
        while not enough.wait(PAUSE_SECONDS):
            user, path = self.users[number % len(self.users)], READS[number % len(READS)]
            self._answered(partial(self.deployed.request, "GET", path, user=user), path)
            number += 1

    def write(self, enough: threading.Event) -> None:
        number = 0
        while not enough.wait(PAUSE_SECONDS):
            day = f"{2000 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}"
            writer = f"writer-{self.users[0]}"
            self._answered(partial(self.deployed.record, writer, day, 1000 + number), day)
            number += 1

    def _answered(self, ask: Callable[[], Answer], what: str) -> None:
        """A 503 is sent again; a write that had got through then is a conflict."""
        for attempt in range(20):
            answer = ask()
            self.statuses[answer.status] += 1
            if answer.status in {200, 201} or (attempt and answer.status == 409):
                return
            if answer.status != 503:
                break
        self.unexpected.append(f"{what}: {answer.status} {answer.body[:200]!r}")


@contextmanager
def under(load: Load) -> Iterator[None]:
    enough = threading.Event()
    with ThreadPoolExecutor(max_workers=4) as pool:
        try:
            running = [pool.submit(work, enough) for work in (load.read, load.read, load.read, load.write)]
            eventually(lambda: load.statuses[200], lambda answered: answered > 20, 60)
            yield
            before = load.statuses[200]
            eventually(lambda: load.statuses[200] - before, lambda answered: answered > 20, 60)
        finally:
            enough.set()
    for done in running:
        done.result()


def compared(deployed: Deployed) -> dict[str, Any]:
    account = Account(deployed)
    answer = account["lambda"].invoke(FunctionName=account.name_of("BackendComparer"), Payload=b"{}")
    said: dict[str, Any] = json.loads(answer["Payload"].read())
    return said


@pytest.mark.usefixtures("former")
def test_a_new_calculation_version_is_deployed_under_load_and_nobody_gets_a_wrong_figure_after_it(
    fragile: Deployed, database: Database[Any]
) -> None:
    users = [f"home-{uuid4().hex}" for _ in range(HOUSEHOLDS)]
    for user in users:
        settle(database, user, uuid4().hex[:8])
        spoil(database, user)
    chart = READS[0]
    wrong = fragile.request("GET", chart, user=users[0])
    assert wrong.headers["ETag"].startswith('"1.')
    load = Load(fragile, users)
    with under(load):
        deploy(fragile, package())
        eventually(
            lambda: fragile.request("GET", chart, user=users[0]).headers.get("ETag", ""),
            lambda etag: etag.startswith(f'"{CALCULATION_VERSION}.'),
            60,
        )
    assert load.unexpected == []
    right = fragile.request("GET", chart, user=users[0])
    assert right.json["data"]["months"] != wrong.json["data"]["months"]
    v1 = fragile.request("GET", READS[-1], user=users[0])
    assert right.json["data"]["months"] == v1.json
    outcomes = compared(fragile)
    assert outcomes["state"] == "compared"
    assert (outcomes.get("different", 0), outcomes.get("failed", 0)) == (0, 0), outcomes
    left = {"_id": {"$regex": "^home-"}, "series.calculation": {"$ne": CALCULATION_VERSION}}
    eventually(lambda: database["meters"].count_documents(left), lambda meters: meters == 0, BROUGHT_UP_SECONDS)
