"""The deployment package under the Python that functions have, by itself: it works without what is left out."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pymongo.database import Database

from infra.deployment.left_out import FILES, UNCALLED
from infra.deployment.packaging import package
from infra.local.environments import python_of
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.functional.handlers.deployed import SCHEDULES

pytestmark = pytest.mark.long

CALLS = Path(__file__).with_name("calls.py")
DISPLAY = "/v2/display?type=power&year=2024&dataType=monthly"
COMPONENT = "/components/monthly_charts?type=power&year=2024"
TARGET_MB = 12


@pytest.fixture(scope="module")
def archive() -> Path:
    """Packaged once per content: the end-to-end tests deploy the same."""
    return package().archive


@pytest.fixture(scope="module")
def place(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("task")
    with ZipFile(archive) as packed:
        packed.extractall(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def given(mongodb_uri: str, migrated: Database[Any]) -> dict[str, Any]:
    issuer = FakeIssuer()
    return {
        "uri": mongodb_uri,
        "database": migrated.name,
        "token": issuer.token(roles=["operator"]),
        "keys": dict(issuer.key_set()),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "paths": [DISPLAY, COMPONENT],
        "schedules": [*SCHEDULES],
    }


def test_routes_and_functions_do_their_work_without_what_is_left_out(place: Path, given: dict[str, Any]) -> None:
    done = subprocess.run(
        [python_of("runtime"), CALLS],
        cwd=place,
        env={"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["dependency"] == str(place / "pymongo" / "__init__.pyc")
    statuses = said["statuses"]
    assert [path for path, status in statuses.items() if status == 500] == []
    assert (statuses["write"], statuses["import"], statuses[DISPLAY], statuses[COMPONENT]) == (201, 200, 200, 200)
    assert {"EnergyReadingCreatedHandler", "BulkImportHandler", *SCHEDULES} == said["done"].keys()
    assert [each for each in said["done"].values() if each.startswith("failed")] == []


def test_the_package_is_small_and_has_sources_of_our_own_alone(archive: Path, place: Path) -> None:
    assert archive.stat().st_size < TARGET_MB * 1024**2
    sources = {file.relative_to(place).parts[0] for file in place.rglob("*.py")}
    assert sources == {"app.py", "chalicelib"}
    assert [pattern for pattern in (*FILES, *UNCALLED) if next(place.glob(pattern), None)] == []
