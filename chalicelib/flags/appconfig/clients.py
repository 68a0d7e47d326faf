"""The AppConfig clients, opened on first use, where the flag document is, and what AppConfig says when it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError

if TYPE_CHECKING:
    from types_boto3_appconfig.client import AppConfigClient
    from types_boto3_appconfigdata.client import AppConfigDataClient

# A user's request waits when a document is due: give up soon, the last known good one decides.
READING = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1})
# Throttling is tried again by the client, a conflict by ``deployment``.
CHANGING = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

# Who looks at the flags looks at much else, in the time that API Gateway or a schedule has: 6 s at most.
LOOKING = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


@dataclass(frozen=True, slots=True)
class AppConfigIds:
    """The ids of a stage's flag document in AppConfig, which the template ``infra/appconfig.yaml`` gives out."""

    application: str
    environment: str
    profile: str
    strategy: str


@cache
def appconfigdata() -> "AppConfigDataClient":
    """The client that functions read the document with."""
    client: AppConfigDataClient = boto3.client("appconfigdata", config=READING)
    return client


@cache
def appconfig() -> "AppConfigClient":
    """The client that operators change the document with."""
    client: AppConfigClient = boto3.client("appconfig", config=CHANGING)
    return client


@cache
def appconfig_for_a_look() -> "AppConfigClient":
    """The client that the document is looked at with; it gives up soon."""
    client: AppConfigClient = boto3.client("appconfig", config=LOOKING)
    return client


@dataclass(frozen=True, slots=True)
class FlagClients:
    """How the document is read, changed and looked at: accessors, so that nothing is opened before it is used."""

    reading: "Callable[[], AppConfigDataClient]" = appconfigdata
    changing: "Callable[[], AppConfigClient]" = appconfig
    looking: "Callable[[], AppConfigClient]" = appconfig_for_a_look


def code_of(error: ClientError) -> str:
    """AWS's name for what went wrong."""
    return str(error.response["Error"]["Code"])


@contextmanager
def answering() -> Iterator[None]:
    """Say in the application's words that AppConfig does not answer. What it refuses keeps AWS's words."""
    try:
        yield
    except ClientError as error:
        raise UnavailableError(f"AppConfig refused: {error}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"AppConfig did not answer: {error}") from error
