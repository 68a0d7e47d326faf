"""A consistent read on a real database: it shows what was acknowledged before, and its version is that of its data."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from chalicelib.bootstrap.container import Container
from chalicelib.domain.readings import EnergyType
from chalicelib.repositories.database import CODEC_OPTIONS
from chalicelib.repositories.display import MongoDisplayDataRepository
from chalicelib.repositories.sealed_views import AS_SENT
from chalicelib.services.display.display import Timeline, View
from chalicelib.services.recording.energy_crud import ReadingDraft

POWER = EnergyType.POWER
WRITERS, WRITES = 3, 15


def counted(view: View) -> int:
    """How many readings a timeline shows."""
    return sum(bucket["count"] for bucket in view.data["buckets"])


def test_every_writer_sees_its_own_writes_while_others_write_and_refresh(container: Container) -> None:
    """Every write adds one reading, so the version of a view and the number of readings in it must be the same."""
    user, failures = uuid4().hex, []
    done = threading.Event()

    def write(writer: int) -> None:
        for day in range(1, WRITES + 1):
            draft = ReadingDraft(POWER, f"2023-{writer + 1:02}-{day:02}", Decimal(1000), confirm=True)
            version = container.energy.create(user, draft).source_version
            view = container.display.histogram(user, POWER, Timeline(), consistent=True)
            shown = (view.state.stale, view.state.source_version, counted(view))
            if view.state.stale or not version <= counted(view) == view.state.source_version:
                failures.append((version, shown))

    def refresh() -> None:
        while not done.is_set():
            container.calculation.refresh(user, POWER)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    refresher = threading.Thread(target=refresh)
    for thread in (refresher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    refresher.join(60)
    assert failures == []
    last = container.display.histogram(user, POWER, Timeline(), consistent=True)
    assert counted(last) == last.state.source_version == WRITERS * WRITES


class BetweenTheTwo:
    """The meters, where a refresh comes between the look at a meter and that at its view: the first time alone."""

    def __init__(self, meters: Any) -> None:
        self._meters = meters
        self.looks = 0

    def aggregate(self, pipeline: Any, session: Any = None) -> Iterator[Any]:
        found = list(self._meters.aggregate(pipeline, session=session))
        self.looks += 1
        if self.looks > 1:
            return iter(found)
        meter = bson.decode(found[0].raw, CODEC_OPTIONS)
        meter["views"][0]["sourceVersion"] += 1
        return iter([RawBSONDocument(bson.encode(meter, codec_options=CODEC_OPTIONS), AS_SENT)])


@pytest.mark.parametrize(
    "look",
    [
        lambda repository, user: repository.find(user, POWER, "summary", None),
        lambda repository, user: repository.look_up(user, POWER, "summary")[:2],
        lambda repository, user: repository.summaries(user)[POWER][:2],
    ],
    ids=["find", "look_up", "summaries"],
)
def test_a_refresh_between_meter_and_view_is_no_damage(
    container: Container, migrated: Database[Any], look: Callable[[MongoDisplayDataRepository, str], Any]
) -> None:
    user = uuid4().hex
    container.energy.create(user, ReadingDraft(POWER, "2023-01-31", Decimal(1000)))
    container.calculation.refresh(user, POWER)
    repository = MongoDisplayDataRepository(migrated, 5.0)
    between = BetweenTheTwo(repository._meters)
    repository._meters = cast(Any, between)
    document, state = look(repository, user)
    assert document is not None
    assert (state.source_version, state.damaged, between.looks) == (1, False, 2)
