"""Fixtures that several tests of the dead-letter queue share."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.fakes.dead_letters import Place
from tests.fakes.sqs import FakeSqs


@pytest.fixture(params=["moto", "fake"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A queue of moto's SQS (no network), and of the fake that other tests use."""
    if request.param == "fake":
        yield Place(FakeSqs())
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield Place(boto3.client("sqs", "us-east-1"))
