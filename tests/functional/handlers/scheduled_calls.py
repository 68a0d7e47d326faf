"""What Lambda hands to a function that a schedule calls, and the same application some time later."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.bootstrap.container import compose, using
from tests.functional.conftest import NOW, Api

SCHEDULE = {"id": "schedule-1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


@contextmanager
def later(api: Api, elapsed_ms: int) -> Iterator[None]:
    """The same store, some time later."""
    api.store.stored.clock = lambda: NOW + elapsed_ms
    with using(compose(api.ports, api.container.verifier, api.store.stored.clock)):
        yield
