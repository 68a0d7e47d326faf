"""Events as PutEvents takes them: one entry each, and how many fit into one call. Nothing is sent here."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.domain.events.contracts import EVENT_SOURCE, EnergyEvent

Entry = dict[str, Any]
ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 256 * 1024  # all entries of one call together must stay below this
TIME_BYTES = 14  # what PutEvents counts for a time, however it is written


def entry_of(event: EnergyEvent, bus_name: str) -> Entry:
    """The entry of an event."""
    return {
        "Source": EVENT_SOURCE,
        "DetailType": type(event).__name__,
        "Detail": event.model_dump_json(by_alias=True),
        "EventBusName": bus_name,
        "Time": event.occurred_at,
    }


def size_of(entry: Entry) -> int:
    """The bytes that PutEvents counts: of Source, DetailType, Detail and Resources in UTF-8, and 14 for a time.

    See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html; name of the bus and the JSON around
    do not count.
    """
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry.get("Resources", ())]
    return sum(len(text.encode()) for text in texts) + (TIME_BYTES if "Time" in entry else 0)


def fits(entry: Entry) -> bool:
    """Whether a call can carry the entry at all."""
    return size_of(entry) < BYTES_PER_CALL


def batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries in their order, as few calls as that allows; each of them must fit."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        more = size_of(entry)
        if batch and (len(batch) == ENTRIES_PER_CALL or size + more >= BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += more
    if batch:
        yield batch


def named(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """What a log may say of entries: kind and id, not whose they are."""
    return [
        {"event_type": entry["DetailType"], "event_id": json.loads(entry["Detail"])["eventId"]} for entry in entries
    ]
