"""The independent comparison is independent, and it can see."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pymongo.database import Database

from chalicelib.domain.calculation.compact import CompactReadings
from chalicelib.domain.ports import Exchange, MeterConfiguration, MeterSnapshot, MeterState, UserSettings
from chalicelib.domain.readings import EnergyType, MeterExchange
from chalicelib.domain.readings import Reading as ProjectReading
from chalicelib.domain.sync.modes import SyncMode, SyncState
from chalicelib.services.display.view_data import series_of
from chalicelib.services.refresh.calculation import documents_of
from tests.integration.damage import damages, derived, figures, independent, stored
from tests.integration.damage.derived import same
from tests.integration.damage.figures import Exchanged, Meter, Read, views
from tests.integration.damage.independent import compare, held
from tests.integration.damage.stored import KEPT, NEW, OLD, Reading, why_unreadable

INDEPENDENT = (damages, derived, figures, independent, stored)
PROJECT = ("app", "chalicelib", "infra", "migrations", "tests")
START = datetime(2022, 1, 1, tzinfo=UTC)


def imported(module: Any) -> Iterator[str]:
    """The modules that a module's text imports, wherever in it."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module or ""


@pytest.mark.parametrize("module", INDEPENDENT, ids=lambda module: module.__name__)
def test_neither_the_comparison_nor_the_damages_use_the_projects_code(module: Any) -> None:
    rooms = {name for name in imported(module) if name.split(".")[0] in PROJECT}
    assert rooms <= {each.__name__ for each in INDEPENDENT}


instants = st.integers(0, 900 * 24 * 60).map(lambda minutes: stored.milliseconds(START) + minutes * 60_000)
amounts = st.integers(1, 10**6).map(lambda thousandths: Decimal(thousandths) / 1000)
readings = st.dictionaries(instants, amounts, max_size=12)
exchanges = st.dictionaries(instants, st.tuples(amounts, amounts), max_size=2)
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Kiritimati"])


@given(readings, exchanges, st.sampled_from([None, 1000]), zones, st.integers(0, 15))
def test_the_slow_figures_are_those_of_the_project(
    of: dict[int, Decimal],
    between: dict[int, tuple[Decimal, Decimal]],
    modulus: int | None,
    zone: str,
    tolerance: int,
) -> None:
    """Calculation version 1, every kind of view, to the last digit."""
    points = [Read(instant, Fraction(amount)) for instant, amount in of.items()]
    changed = [Exchanged(instant, Fraction(old), Fraction(new)) for instant, (old, new) in between.items()]
    limit = None if modulus is None else Fraction(modulus)
    slow = views(Meter(points, changed, limit, ZoneInfo(zone), tolerance))
    quick = MeterSnapshot(
        sync=SyncState(SyncMode.DUAL_WRITE),
        state=MeterState(1, 1),
        dirty_from=None,
        dirty_to=None,
        configuration=MeterConfiguration(
            None if modulus is None else Decimal(modulus),
            tuple(Exchange(str(t), EnergyType.POWER, MeterExchange(t, *both)) for t, both in between.items()),
        ),
        settings=UserSettings(ZoneInfo(zone), tolerance),
        readings=CompactReadings.of(ProjectReading(*point) for point in of.items()),
    )
    documents = documents_of(quick, series_of(quick), None, 0)
    assert {(document.data_type, document.year) for document in documents} == set(slow)
    for document in documents:
        assert same(document.data, slow[document.data_type, document.year]), (document.data_type, document.year)


def reading(**fields: Any) -> dict[str, Any]:
    return {"_id": ObjectId(), "userId": "ann", "type": "power", "date": START, "amount": Decimal128("5")} | fields


@pytest.mark.parametrize("amount", [5, 5.5, Decimal128("5.50"), 0.001, 999_999_999_999])
def test_any_number_that_a_register_shows_can_be_read(amount: Any) -> None:
    assert why_unreadable(reading(amount=amount)) is None


@pytest.mark.parametrize("amount", [0, -1, True, "5", None, float("nan"), Decimal128("NaN"), float("inf"), 10**12, {}])
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
