"""Composes the places beside a person's own documents that keep their id, in the order in which an erasure needs."""

from collections.abc import Callable

from chalicelib.bootstrap.flags import FlagAdapters, flag_publishing
from chalicelib.dead_letters.client import (
    sqs,
    sqs_for_a_look,
)
from chalicelib.dead_letters.people import DeadLetters
from chalicelib.dead_letters.queue import LetterQueue
from chalicelib.domain.people.account import KeepsPeople
from chalicelib.domain.ports.outside import Clock
from chalicelib.flags.changes.people import FlagLists, FlagVersions
from chalicelib.flags.document.people import content_without
from chalicelib.repositories.database import MongoDatabase
from chalicelib.repositories.flag_changes import MongoFlagHistory
from chalicelib.repositories.operator_records import MongoOperatorRecords


def places(
    database: MongoDatabase,
    adapters: FlagAdapters,
    clock: Clock,
) -> tuple[KeepsPeople, ...]:
    """The places of a deployment, without its dead letters, which come last: what fails meanwhile may become one.

    The record comes behind the lists: a change that was begun before is in it.
    """
    publishing = flag_publishing(adapters, MongoFlagHistory(database), clock)
    return (
        FlagLists(publishing),
        FlagVersions(adapters.home),
        MongoOperatorRecords(
            database,
            content_without,
        ),
    )


def dead_letter_count(queue_url: str) -> Callable[[], int]:
    """How many dead letters a deployment has."""
    return LetterQueue(sqs_for_a_look, queue_url).count


def dead_letters(queue_url: str) -> DeadLetters:
    """The dead letters of a deployment: some may come when the person is erased already."""
    return DeadLetters(LetterQueue(sqs, queue_url))
