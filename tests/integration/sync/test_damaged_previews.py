"""The preview of an import refuses the rows that the import would: those whose instant a damaged document holds."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pymongo.database import Database

from chalicelib.domain.backends.sync_mode import SyncMode
from chalicelib.domain.errors import ImportRowsError
from chalicelib.domain.files.csv.parsed import RowError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.files.imports.plan import field_error
from tests.integration.deployment import Deployment
from tests.integration.sync.test_damaged_originals import NEW, damaged

OLD_ONLY, DUAL_WRITE, NEW_ONLY = SyncMode
HEADER = "date,type,amount\n"
FILE = f"{HEADER}2024-01-31T00:00Z,power,59\n2024-02-29T00:00Z,power,66\n2024-03-31T00:00Z,power,77\n".encode()
REASON = "a damaged reading holds this instant until an operator has corrected it; pass onConflict=skip"


@pytest.fixture
def deployed(migrated: Database[Any]) -> Deployment:
    deployment = Deployment(migrated)
    deployment.sync()
    return deployment


def in_mode(deployed: Deployment, mode: SyncMode, user: str, damage: dict[str, Any]) -> None:
    """A reading of January that is damaged on the believed side, and another one of February."""
    key = damaged(deployed, user, {} if mode is NEW_ONLY else damage)
    if mode is not DUAL_WRITE:
        deployed.to(mode)
    if mode is NEW_ONLY:
        deployed.container.energy.delete(user, str(key))
        junk = {"userId": user, "type": "power", "date": datetime(2024, 1, 31, tzinfo=UTC)}
        deployed.database[NEW].insert_one({"_id": key, **junk, **damage})


@pytest.mark.parametrize(
    ("mode", "damage"),
    [
        (DUAL_WRITE, {"amount": "abc"}),
        (DUAL_WRITE, {"userId": None}),
        (DUAL_WRITE, {"date": None}),
        (NEW_ONLY, {"amount": "abc"}),
    ],
)
def test_a_preview_refuses_what_the_import_refuses(
    deployed: Deployment, mode: SyncMode, damage: dict[str, Any]
) -> None:
    user = uuid4().hex
    in_mode(deployed, mode, user, damage)
    seen = deployed.container.imports.bulk_create(user, FILE, ImportOptions(preview=True))
    assert seen.errors == (RowError(2, "date", REASON),)
    with pytest.raises(ImportRowsError) as refused:
        deployed.container.imports.bulk_create(user, FILE)
    assert refused.value.errors == tuple(map(field_error, seen.errors))
    outcomes = [
        deployed.container.imports.bulk_create(user, FILE, ImportOptions(preview=preview, on_conflict="skip"))
        for preview in (True, False)
    ]
    assert [(each.success, each.skipped, each.errors) for each in outcomes] == [(1, 2, ())] * 2


def test_where_one_side_alone_is_written_a_damaged_document_of_it_holds_no_instant(deployed: Deployment) -> None:
    user = uuid4().hex
    in_mode(deployed, OLD_ONLY, user, {"amount": "abc"})
    outcomes = [
        deployed.container.imports.bulk_create(user, FILE, ImportOptions(preview=preview, confirm=True))
        for preview in (True, False)
    ]
    assert [(each.success, each.skipped, each.errors) for each in outcomes] == [(2, 1, ())] * 2


def test_another_ones_damaged_documents_hold_nothing(deployed: Deployment) -> None:
    in_mode(deployed, DUAL_WRITE, uuid4().hex, {"amount": "abc"})
    seen = deployed.container.imports.bulk_create(uuid4().hex, FILE, ImportOptions(preview=True))
    assert (seen.success, seen.errors) == (3, ())
