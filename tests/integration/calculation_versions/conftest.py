"""What the former release has stored, and two functions of today's code upon it."""

from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from chalicelib.bootstrap.container import Container, Ports
from tests.integration.calculation_versions.two_functions import (
    NEXT,
    OURS,
    Function,
    Functions,
    another,
)


@pytest.fixture
def user() -> str:
    return uuid4().hex


@pytest.fixture
def former(migrated: Database[Any], user: str) -> Database[Any]:
    """What the former release has stored of a user, by rules that differ from today's in every view."""
    another(migrated, user)
    return migrated


@pytest.fixture
def functions(former: Database[Any], user: str, ports: Ports, container: Container) -> Functions:
    ours, later = Function(former, OURS), Function(former, NEXT, ZoneInfo("Asia/Kolkata"))
    return Functions(former, user, ours, later, ports.transactions, container)
