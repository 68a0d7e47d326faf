"""What several tests of the dead-letter queue share."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.unit.infra.operations.dead_letter_place import Place


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield Place()
