"""A consistent read on a real database: it shows what was acknowledged before, and its version is that of its data."""

import threading
from decimal import Decimal
from uuid import uuid4

from chalicelib.bootstrap.container import Container
from chalicelib.domain.readings import EnergyType
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
