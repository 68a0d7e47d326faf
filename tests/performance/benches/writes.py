"""Speed of writing both sides, beside bare driver calls on the same server; and the refresh behind an import.

The bare calls write the same documents in a transaction and ask nothing (``bare_writes``).
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import count
from resource import RUSAGE_SELF, getrusage
from typing import TypeVar, cast
from uuid import uuid4

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chalicelib.bootstrap.container import Container
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.ports.values import NewReading, PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import to_datetime
from chalicelib.repositories.database import MongoDatabase
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from tests.performance.bare_writes import BareWrites
from tests.performance.form import Figure, Target
from tests.performance.setting import POWER, Call, in_turn, server, timed, use_cases

T = TypeVar("T")
TITLE = "Writes"
ROUNDS, BULK_ROUNDS = 200, 7
IMPORTED, MOST = 10_000, 50_000
HOUR, START = 3_600_000, 1_500_000_000_000
BARE = "bare transaction of three documents"
IMPORT, INSERTS = f"import of {IMPORTED:,}", "two bare insert_many in a transaction"
REFRESH = f"refresh after an import of {IMPORTED:,}"
COMMANDS = "commands of {} with its plausibility check"
_ASKS = (
    "one command more asks for mode, fence, settings, meter and neighbours: half of the difference, and a fifth is the "
    "driver's part of it; the rest is judging in Python and limits of time"
)
_NEXT = "next: MongoDB 8, whose bulkWrite writes to all three collections by one command"
_ASKS_MORE = f"{_ASKS}; it looks up the reading and its twin too; {_NEXT}"
TARGETS = {
    f"create / {BARE}": Target(1.5, f"{_ASKS}; {_NEXT}"),
    f"update / {BARE}": Target(1.5, _ASKS_MORE),
    f"delete / {BARE}": Target(1.5, _ASKS_MORE),
    COMMANDS.format("a create"): Target(7, "what was prefetched did not fit, and was asked again"),
    COMMANDS.format("an update"): Target(8, "what was prefetched did not fit, and was asked again"),
    f"{IMPORT} / {INSERTS}": Target(1.5, "reading the file in Python"),
    REFRESH: Target(150, "10,000 amounts are decoded, and 24 months and four years of a series encoded"),
    f"import of {MOST:,}": Target(5_000, "the server inserts 100,000 documents, and reading the file in Python"),
    f"memory of an import of {MOST:,}": Target(200, "the documents of both sides are in memory at once"),
    f"{MOST:,} corrections": Target(20_000, "each reading of before is kept, so that it can be undone"),
    f"undoing {MOST:,} corrections": Target(20_000, "each reading of before is read and written again"),
}


class Counter(CommandListener):
    """How many commands were sent to the database."""

    def __init__(self) -> None:
        self.sent = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.sent += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def measure() -> Iterator[Figure]:
    """Single writes, the largest file, and files of a usual size."""
    counter = Counter()
    with server(counter) as (uri, database):
        container = use_cases(database)
        yield from largest(container)  # first: what it adds to the memory of this process
        yield from single(container, uri, database, counter)
        yield from bulk(container, uri, database)


def single(container: Container, uri: str, database: MongoDatabase, counter: Counter) -> Iterator[Figure]:
    """Create, update and delete of a meter with 10,000 readings, beside bare transactions; and a page of 50."""
    user, hours, more = uuid4().hex, count(IMPORTED), count()
    container.imports.bulk_create(user, file_of(IMPORTED))
    container.calculation.refresh(user, POWER)
    bare = BareWrites(uri, database, user, lambda: reading_of_hour(next(hours)))
    bare.insert_both([bare.document(reading_of_hour(hour)) for hour in range(IMPORTED)])
    created: list[StoredReading] = []

    def create() -> None:
        reading = reading_of_hour(next(hours))
        draft = ReadingDraft(POWER, to_datetime(reading.instant).isoformat(), reading.amount)
        created.append(container.energy.create(user, draft).reading)

    def update() -> None:
        amount = created[-1].amount + 1 + Decimal(next(more) % 9) / 10
        container.energy.update(user, created[-1].id, ReadingCorrection(amount=amount))

    def delete() -> None:
        container.energy.delete(user, created.pop().id)

    def page() -> None:
        container.queries.page(user, PageRequest(ReadingFilter(POWER), descending=True, limit=50), Backend.NEW)

    ours: dict[str, Call] = {"create": create, "update": update, "delete": delete}
    theirs: dict[str, Call] = {"create": bare.create, "update": bare.update, "delete": bare.delete}
    calls = {name: call for verb in ours for name, call in ((verb, ours[verb]), (f"bare {verb}", theirs[verb]))}
    taken = in_turn({**calls, "page of 50": page}, ROUNDS)
    bare.close()
    yield from (taken.ratio(verb, f"bare {verb}", f"{verb} / {BARE}") for verb in ours)
    yield from (taken.figure(name) for name in (*ours, "page of 50"))
    for what, verb in {"a create": create, "an update": update}.items():
        before = counter.sent
        verb()
        yield Figure(COMMANDS.format(what), counter.sent - before, "")


def bulk(container: Container, uri: str, database: MongoDatabase) -> Iterator[Figure]:
    """An import through the service beside two bare ``insert_many`` of the same documents in one transaction."""
    bare = BareWrites(uri, database, uuid4().hex, lambda: reading_of_hour(0))
    content, users = file_of(IMPORTED), list[str]()

    def through_service() -> None:
        users.append(uuid4().hex)
        container.imports.bulk_create(users[-1], content)

    def preview() -> None:
        container.imports.bulk_create(uuid4().hex, content, ImportOptions(preview=True))

    readings = [reading_of_hour(hour) for hour in range(IMPORTED)]
    prepared = iter(
        [[{**bare.document(each), "userId": user} for each in readings] for user in map(str, range(BULK_ROUNDS + 1))]
    )
    gc.freeze()  # what is prepared for the bare calls must not make the others' garbage collection slower
    calls: dict[str, Call] = {
        IMPORT: through_service,
        REFRESH: lambda: container.calculation.refresh(users[-1], POWER),
        INSERTS: lambda: bare.insert_both(next(prepared)),
        "preview": preview,
    }
    taken = in_turn(calls, BULK_ROUNDS, 1)
    bare.close()
    yield from (taken.ratio(IMPORT, INSERTS), taken.ratio("preview", IMPORT), taken.figure(REFRESH))


def largest(container: Container) -> Iterator[Figure]:
    """The largest file: imported, corrected from end to end, undone; and how much memory the import takes."""
    user, options = uuid4().hex, ImportOptions(on_conflict="replace")
    before = peak_megabytes()
    imported, _ = in_time(lambda: container.imports.bulk_create(user, file_of(MOST)))
    yield Figure(f"memory of an import of {MOST:,}", peak_megabytes() - before, "MB", f"above {before:.0f} MB")
    yield Figure(f"import of {MOST:,}", imported, "ms")
    corrected, report = in_time(lambda: container.imports.bulk_create(user, file_of(MOST, 1), options))
    yield Figure(f"{MOST:,} corrections", corrected, "ms")
    undone = corrected  # what was not done in time cannot be undone
    if report is not None:
        undone, _ = in_time(lambda: container.import_history.undo(user, cast(str, report.import_id)))
    yield Figure(f"undoing {MOST:,} corrections", undone, "ms")


def in_time(call: Callable[[], T]) -> tuple[float, T | None]:
    """How many milliseconds a call takes, and what it returns; None where it does not end in a request's time."""
    done: list[T] = []

    def tried() -> None:
        with suppress(UnavailableError):
            done.append(call())

    return timed(tried)[0] * 1000, done[0] if done else None


def file_of(rows: int, more: int = 0) -> bytes:
    """A file of hourly readings; ``more``: by how much each is above what the same file says otherwise."""
    hours = range(rows)
    lines = "".join(f"{to_datetime(START + hour * HOUR).isoformat()},power,{1000 + hour + more}\n" for hour in hours)
    return f"date,type,amount\n{lines}".encode()


def peak_megabytes() -> float:
    """The most that this process has ever taken."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def reading_of_hour(hour: int) -> NewReading:
    """A reading of an hour: 24 kWh a day, about which nobody is asked."""
    return NewReading(POWER, START + hour * HOUR, Decimal(1000 + hour), "csv")
