"""What AppConfig says when something is wrong, in the application's words."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError


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
