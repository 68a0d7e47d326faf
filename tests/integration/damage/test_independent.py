"""The independent comparison imports none of the code that it checks, and finds differences."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import Decimal128, ObjectId
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode, SyncState
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.ports.values import MeterSnapshot, MeterState, UserSettings
from chalicelib.domain.readings import EnergyType
from chalicelib.domain.readings.compact import CompactReadings
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.refresh import documents_of
from tests.by_the_book.agreement import exchanges_of, modulus_of, readings_of
from tests.by_the_book.random_meters import random_meter
from tests.depth import depth
from tests.integration.damage.derived import same
from tests.integration.damage.figures import views
from tests.integration.damage.independent import compare, held
from tests.integration.damage.stored import KEPT, NEW, OLD, Reading, why_unreadable

NAMES = ("damages", "derived", "figures", "independent", "stored")
TESTS = Path(__file__).parents[2]
BY_THE_BOOK = sorted(path for path in (TESTS / "by_the_book").glob("*.py") if path.stem != "agreement")
DAMAGE = [TESTS / "integration" / "damage" / f"{name}.py" for name in NAMES]
INDEPENDENT = [*DAMAGE, *BY_THE_BOOK]
PROJECT = ("app", "chalicelib", "infra", "migrations", "tests")
START = datetime(2022, 1, 1, tzinfo=UTC)


def imported(module: Path) -> Iterator[str]:
    """The modules that a module's text imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module or ""


def name_of(module: Path) -> str:
    return ".".join(module.relative_to(TESTS.parent).with_suffix("").parts)


@pytest.mark.parametrize("module", INDEPENDENT, ids=name_of)
def test_neither_the_comparison_nor_the_damages_use_the_products_code(module: Path) -> None:
    rooms = {name for name in imported(module) if name.split(".")[0] in PROJECT}
    assert rooms <= {name_of(each) for each in INDEPENDENT}


@pytest.mark.parametrize("seed", range(depth(100, 2_000)))
def test_the_slow_figures_are_those_of_the_project(seed: int) -> None:
    """Every kind of view, to the last digit."""
    meter = random_meter(Random(seed))
    exchanges = (Exchange(str(each.instant), EnergyType.POWER, each) for each in exchanges_of(meter))
    quick = MeterSnapshot(
        sync=SyncState(SyncMode.DUAL_WRITE),
        state=MeterState(1, 1),
        dirty_from=None,
        dirty_to=None,
        configuration=MeterConfiguration(modulus_of(meter), tuple(exchanges), meter.runs_backwards),
        settings=UserSettings(ZoneInfo(meter.zone)),
        readings=CompactReadings.of(readings_of(meter)),
    )
    documents = documents_of(quick, series_of(quick), None, 0)
    slow = views(meter)
    assert {(document.data_type, document.year) for document in documents} == set(slow)
    for document in documents:
        assert same(document.data, slow[document.data_type, document.year]), (document.data_type, document.year)


def reading(**fields: Any) -> dict[str, Any]:
    return {"_id": ObjectId(), "userId": "ann", "type": "power", "date": START, "amount": Decimal128("5")} | fields


@pytest.mark.parametrize("amount", [5, 5.5, Decimal128("5.50"), Decimal128("0"), 0.001, 999_999_999_999])
def test_any_number_that_a_register_shows_can_be_read(amount: Any) -> None:
    assert why_unreadable(reading(amount=amount)) is None


@pytest.mark.parametrize(
    "amount", [0, 0.0, -1, True, "5", None, float("nan"), Decimal128("NaN"), float("inf"), 10**12, {}]
)
def test_what_no_register_shows_cannot(amount: Any) -> None:
    assert why_unreadable(reading(amount=amount)) == "no amount"


@pytest.mark.parametrize("where", [OLD, NEW, KEPT])
def test_a_reading_is_held_where_any_place_says_exactly_it(migrated: Database[Any], where: str) -> None:
    document = reading()
    wanted = {document["_id"]: Reading("ann", "power", START, Fraction(5))}
    assert held(migrated, wanted) == set()
    migrated[where].insert_one(document if where != KEPT else {"run": "a run", "was": {"document": document}})
    assert held(migrated, wanted) == set(wanted)
    migrated[where].delete_many({})
    migrated[where].insert_one(document | {"amount": Decimal128("5.001")})
    assert held(migrated, wanted) == set()


def test_a_difference_between_the_sides_is_found(migrated: Database[Any]) -> None:
    document = reading()
    migrated[OLD].insert_one(document)
    assert "nothing in source_energy_readings" in str(compare(migrated).differences)
    migrated[NEW].insert_one(document)
    problems = {found.problem for found in compare(migrated).differences}
    assert "is missing" in problems
    assert not any("nothing" in problem for problem in problems)


def test_of_doubles_the_one_counts_that_was_updated_last(migrated: Database[Any]) -> None:
    first, second = reading(updatedAt=START), reading(amount=7, updatedAt=START + timedelta(days=1))
    migrated[OLD].insert_many([first, second])
    migrated[NEW].insert_one(second)
    compared = compare(migrated)
    assert [(found.document, found.problem) for found in compared.unreadable] == [(f"{OLD} {first['_id']}", "a double")]
    assert {found.problem for found in compared.differences} == {"is missing"}
