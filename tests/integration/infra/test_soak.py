"""The operator's commands that a soak runs at its end."""

import pytest

from infra.errors import OperatorError
from infra.local.layout import Layout, Ports
from tests.soak.stored import differences


def test_a_check_that_fails_says_why() -> None:
    nowhere = Layout("soak", Ports(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
    with pytest.raises(OperatorError, match=r"^verify --restart: The target is down: the database at"):
        differences(nowhere, "verify", "--restart")
