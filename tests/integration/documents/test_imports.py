"""The record of an import: its document field by field, what a list leaves out, and where a page begins."""

from datetime import UTC, datetime
from decimal import Decimal
from struct import pack
from typing import Any

import pytest
from bson import ObjectId
from bson.decimal128 import Decimal128
from pymongo.database import Database

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.meters.import_record import (
    Configured,
    IdRange,
    ImportedReadings,
    ImportRecord,
    KeptReading,
    Replaced,
    Undone,
)
from chalicelib.domain.readings import EnergyType, MeterExchange
from chalicelib.repositories.imports import MongoImportList, MongoImportRecords
from chalicelib.repositories.scoped import ScopedCollection

KEY, OTHER = "0123456789abcdef01234567", "0123456789abcdef01234568"
INSTANTS = (1_672_531_200_000, 1_672_617_600_000)
EXCHANGE = Exchange("x1", EnergyType.GAS, MeterExchange(1_672_531_200_000, Decimal("900.5"), Decimal(3)), 4)
RECORD = ImportRecord(
    id="import-1",
    at=1_700_000_000_001,
    form="csv",
    file_name="year.csv",
    success=7,
    replaced=2,
    skipped=3,
    errors=4,
    meters=(
        ImportedReadings(
            EnergyType.POWER,
            INSTANTS[0],
            INSTANTS[1],
            IdRange(KEY, 2),
            (Replaced(OTHER, Decimal("5.25"), 1_700_000_000_002, 1_700_000_000_003),),
            None,
            {INSTANTS[0]: Decimal("1.5"), INSTANTS[1]: Decimal("20.25")},
        ),
        ImportedReadings(
            EnergyType.GAS,
            INSTANTS[1],
            INSTANTS[1],
            configured=Configured(MeterConfiguration(), MeterConfiguration(Decimal(100_000), (EXCHANGE,), True)),
        ),
    ),
    trace_id="1-trace",
)
UNDONE = Undone(
    at=1_700_000_000_009,
    removed=5,
    restored=6,
    kept_count=8,
    kept=(KeptReading(KEY, EnergyType.POWER, INSTANTS[0], Decimal("1.75")),),
    configurations_kept=(EnergyType.GAS,),
)
DAYS = (datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 2, tzinfo=UTC))
PLAIN: dict[str, Any] = {"modulus": None, "runsBackwards": False, "exchanges": []}
DOCUMENT: dict[str, Any] = {
    "_id": "import-1",
    "userId": "anna",
    "at": datetime(2023, 11, 14, 22, 13, 20, 1_000, UTC),
    "form": "csv",
    "fileName": "year.csv",
    "success": 7,
    "replaced": 2,
    "skipped": 3,
    "errors": 4,
    "meters": [
        {
            "type": "power",
            "first": DAYS[0],
            "last": DAYS[1],
            "created": {"first": KEY, "length": 2},
            "replaced": [
                [
                    ObjectId(OTHER),
                    Decimal("5.25"),
                    datetime(2023, 11, 14, 22, 13, 20, 2_000, UTC),
                    datetime(2023, 11, 14, 22, 13, 20, 3_000, UTC),
                ]
            ],
            "configured": None,
            "written": {"instants": pack("<2q", *INSTANTS), "amounts": pack("<2q", 1_500, 20_250), "decimals": 3},
        },
        {
            "type": "gas",
            "first": DAYS[1],
            "last": DAYS[1],
            "created": None,
            "replaced": [],
            "configured": {
                "former": PLAIN,
                "given": {
                    "modulus": Decimal(100_000),
                    "runsBackwards": True,
                    "exchanges": [
                        {
                            "id": "x1",
                            "date": DAYS[0],
                            "finalOld": Decimal("900.5"),
                            "initialNew": Decimal(3),
                            "revision": 4,
                        }
                    ],
                },
            },
            "written": {"instants": b"", "amounts": b"", "decimals": 3},
        },
    ],
    "undone": None,
    "traceId": "1-trace",
}
UNDONE_DOCUMENT = {
    "at": datetime(2023, 11, 14, 22, 13, 20, 9_000, UTC),
    "removed": 5,
    "restored": 6,
    "keptCount": 8,
    "kept": [[ObjectId(KEY), "power", DAYS[0], Decimal("1.75")]],
    "configurationsKept": ["gas"],
}


def records(database: Database[Any], user: str = "anna") -> MongoImportRecords:
    return MongoImportRecords(ScopedCollection(database["imports"], user))


def test_a_record_is_this_document_and_read_as_it_was(migrated: Database[Any]) -> None:
    records(migrated).add(RECORD)
    assert migrated["imports"].find_one() == DOCUMENT
    assert records(migrated).get("import-1") == RECORD
    with pytest.raises(NotFoundError, match="there is no such import"):
        records(migrated, "berta").get("import-1")


def test_what_was_left_of_one_that_was_undone_is_kept(migrated: Database[Any]) -> None:
    records(migrated).add(RECORD)
    records(migrated).close(ImportRecord("import-1", 0, "csv", None, 0, 0, 0, 0, (), UNDONE))
    assert migrated["imports"].find_one() == DOCUMENT | {"undone": UNDONE_DOCUMENT}
    assert records(migrated).get("import-1").undone == UNDONE


def test_amounts_beyond_64_bits_are_texts(migrated: Database[Any]) -> None:
    large = ImportedReadings(EnergyType.POWER, 1, 2, written={1: Decimal("1e16"), 2: Decimal("0.5")})
    records(migrated).add(ImportRecord("large", 3, "json", None, 0, 0, 0, 0, (large,)))
    [document] = migrated["imports"].find()
    assert document["meters"][0]["written"]["amounts"] == ["10000000000000000000", "500"]
    assert records(migrated).get("large").meters == (large,)


def test_one_of_an_earlier_release_that_says_less_is_read(migrated: Database[Any]) -> None:
    meter = {"type": "power", "first": DAYS[0], "last": DAYS[1], "created": None}
    early = {name: value for name, value in DOCUMENT.items() if name != "traceId"} | {"meters": [meter]}
    migrated["imports"].insert_one(early)
    found = records(migrated).get("import-1")
    assert (found.trace_id, found.undone) == (None, None)
    assert found.meters == (ImportedReadings(EnergyType.POWER, INSTANTS[0], INSTANTS[1]),)


def test_a_list_has_the_latest_first_without_what_undoing_alone_needs(migrated: Database[Any]) -> None:
    imports = MongoImportList(migrated)
    later = DOCUMENT["at"].replace(second=21)
    for key, at in (("a", DOCUMENT["at"]), ("b", DOCUMENT["at"]), ("0", later)):
        migrated["imports"].insert_one(DOCUMENT | {"_id": key, "at": at})
    migrated["imports"].insert_one(DOCUMENT | {"_id": "d", "userId": "berta"})
    page = imports.page("anna", 9)
    assert [record.id for record in page] == ["0", "b", "a"]
    assert page[0].meters[0] == ImportedReadings(EnergyType.POWER, *INSTANTS, IdRange(KEY, 2))
    assert page[0].meters[1] == ImportedReadings(EnergyType.GAS, INSTANTS[1], INSTANTS[1])
    assert (page[0].success, page[0].replaced, page[0].skipped, page[0].errors) == (7, 2, 3, 4)
    assert [record.id for record in imports.page("anna", 2)] == ["0", "b"]


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ((1_700_000_001_001, "0"), ["b", "a"]),
        ((1_700_000_000_001, "b"), ["a"]),
        ((1_700_000_000_001, "a"), []),
        ((1_700_000_000_002, "x"), ["b", "a"]),
    ],
)
def test_a_page_begins_behind_a_moment_and_of_that_moment_behind_an_id(
    migrated: Database[Any], after: tuple[int, str], left: list[str]
) -> None:
    for key, second in (("a", 20), ("b", 20), ("0", 21)):
        migrated["imports"].insert_one(DOCUMENT | {"_id": key, "at": DOCUMENT["at"].replace(second=second)})
    assert [record.id for record in MongoImportList(migrated).page("anna", 9, after)] == left


def test_what_cannot_be_read_of_a_configuration_is_named_by_its_place(migrated: Database[Any]) -> None:
    meters = [DOCUMENT["meters"][1] | {"configured": {"former": PLAIN, "given": PLAIN | {"modulus": "much"}}}]
    migrated["imports"].insert_one(DOCUMENT | {"meters": meters})
    with pytest.raises(Exception, match=r"modulus of this meter cannot be read.*_id gas given in imports"):
        records(migrated).get("import-1")


def test_amounts_lie_there_as_decimals(migrated: Database[Any]) -> None:
    records(migrated).add(RECORD)
    plain = migrated.client.get_database(migrated.name)["imports"].find_one() or {}
    assert plain["meters"][0]["replaced"][0][1] == Decimal128("5.25")
