"""Recording, correcting and removing readings, each write together with its meter's source version.

Not here: files (``csv_import``), calculating views (``calculation``), how a request looks (``chalicelib.api``).
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import InvalidReadingError, RevisionError
from chalicelib.domain.events.contracts import (
    EnergyReadingCreated,
    EnergyReadingDeleted,
    EnergyReadingUpdated,
    MeterChange,
)
from chalicelib.domain.plausibility.limits import check_reading, check_register
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.values import NewReading, StoredReading, UserSettings
from chalicelib.domain.ports.writing import Expected, Transactions, WriteTransaction
from chalicelib.domain.readings import EnergyType, Reading, parse_instant, to_datetime
from chalicelib.services.recording.asking_back import ask_back_about_reading


@dataclass(frozen=True, slots=True)
class ReadingDraft:
    """A reading as somebody typed it in: the date still a text."""

    type: EnergyType
    date: str
    amount: Decimal
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class ReadingCorrection:
    """What somebody changes of a stored reading; ``revision`` or ``content`` is what they have seen, None: any."""

    date: str | None = None
    amount: Decimal | None = None
    confirm: bool = False
    revision: int | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored reading and the source version that its meter reached with it."""

    reading: StoredReading
    source_version: int


class EnergyCrudService:
    """Writes readings and publishes an event for each write."""

    def __init__(self, transactions: Transactions, publisher: EventPublisher, clock: Clock) -> None:
        self._transactions = transactions
        self._publisher = publisher
        self._clock = clock

    def create(self, user_id: str, draft: ReadingDraft) -> Recorded:
        """Store one reading (CALCULATION.md 9).

        Raises:
            InvalidReadingError: amount, date or type breaks a rule.
            ImplausibleReadingError: the amount hardly fits those around it and ``confirm`` is not set.
            DuplicateReadingError: the same instant again.
            UnavailableError: the database did not answer in time.
        """
        now = self._clock()
        expected = Expected(draft.type, _probably(draft.date), asks=not draft.confirm)
        recorded = self._transactions.run(user_id, lambda transaction: _record(transaction, draft, now), expected)
        instant = recorded.reading.instant
        change = change_of(recorded.reading.type, recorded.source_version, instant, instant)
        self._publisher.publish(
            [
                EnergyReadingCreated(
                    occurred_at=to_datetime(now), user_id=user_id, reading_id=recorded.reading.id, meter=change
                )
            ]
        )
        return recorded

    def update(self, user_id: str, reading_id: str, correction: ReadingCorrection) -> Recorded:
        """Give a reading another date or amount.

        Raises:
            NotFoundError: there is no such reading of this user.
            RevisionError: it was changed since the caller read it.
            InvalidReadingError, ImplausibleReadingError, DuplicateReadingError, UnavailableError: as for ``create``.
        """
        now = self._clock()
        expected = Expected(None, _probably(correction.date), reading_id, asks=not correction.confirm)
        recorded, before = self._transactions.run(
            user_id, lambda transaction: _correct(transaction, reading_id, correction, now), expected
        )
        first, last = sorted((before.instant, recorded.reading.instant))
        change = change_of(recorded.reading.type, recorded.source_version, first, last)
        self._publisher.publish(
            [EnergyReadingUpdated(occurred_at=to_datetime(now), user_id=user_id, reading_id=reading_id, meter=change)]
        )
        return recorded

    def delete(self, user_id: str, reading_id: str, revision: int | None = None, *, content: str | None = None) -> int:
        """Take a reading away; returns the source version that its meter reached.

        Raises:
            NotFoundError, RevisionError, UnavailableError: as for ``update``.
        """
        now = self._clock()
        removed = self._transactions.run(
            user_id,
            lambda transaction: _remove(transaction, reading_id, revision, content, now),
            Expected(reading_id=reading_id),
        )
        instant = removed.reading.instant
        change = change_of(removed.reading.type, removed.source_version, instant, instant)
        self._publisher.publish(
            [EnergyReadingDeleted(occurred_at=to_datetime(now), user_id=user_id, reading_id=reading_id, meter=change)]
        )
        return removed.source_version


def change_of(energy_type: EnergyType, version: int, first: int, last: int) -> MeterChange:
    """What an event says of a meter."""
    return MeterChange(type=energy_type, source_version=version, first=to_datetime(first), last=to_datetime(last))


def _probably(date: str | None) -> int | None:
    """The instant of a date as most people's zone has it; the user's own one is known in the transaction."""
    with suppress(InvalidReadingError):
        return None if date is None else parse_instant(date, UserSettings().zone)
    return None


def _record(transaction: WriteTransaction, draft: ReadingDraft, now: int) -> Recorded:
    zone = transaction.settings.get().zone
    reading = NewReading(draft.type, parse_instant(draft.date, zone), draft.amount, "manual")
    check_reading(Reading(reading.instant, reading.amount), now)
    version = transaction.meters.mark_changed(reading.type, reading.instant, reading.instant, now)
    stored = transaction.readings.add(reading, now)  # first: the same instant again is a duplicate, whatever it says
    _check_meter(transaction, stored, None if draft.confirm else zone)
    return Recorded(stored, version)


def _correct(
    transaction: WriteTransaction, reading_id: str, correction: ReadingCorrection, now: int
) -> tuple[Recorded, StoredReading]:
    zone = transaction.settings.get().zone
    instant = None if correction.date is None else parse_instant(correction.date, zone)
    before = _current(transaction, reading_id, correction.revision, correction.content)
    after = replace(
        before,
        instant=before.instant if instant is None else instant,
        amount=before.amount if correction.amount is None else correction.amount,
        revision=before.revision + 1,
        updated_at=max(now, before.updated_at + 1),
    )
    check_reading(Reading(after.instant, after.amount), now)
    first, last = sorted((before.instant, after.instant))
    version = transaction.meters.mark_changed(after.type, first, last, now)
    stored = transaction.readings.replace(before, after)
    is_same = (after.instant, after.amount) == (before.instant, before.amount)
    _check_meter(transaction, stored, None if correction.confirm or is_same else zone)
    return Recorded(stored, version), before


def _remove(
    transaction: WriteTransaction, reading_id: str, revision: int | None, content: str | None, now: int
) -> Recorded:
    reading = _current(transaction, reading_id, revision, content)
    version = transaction.meters.mark_changed(reading.type, reading.instant, reading.instant, now)
    transaction.readings.remove(reading, now)
    return Recorded(reading, version)


def _current(
    transaction: WriteTransaction, reading_id: str, revision: int | None, content: str | None
) -> StoredReading:
    reading = transaction.readings.get(reading_id)
    if revision not in (None, reading.revision) or content not in (None, reading.content):
        raise RevisionError("the reading was changed since you read it; read it again")
    return reading


def _check_meter(transaction: WriteTransaction, stored: StoredReading, asked: ZoneInfo | None) -> None:
    """``asked``: the zone to ask back in; None: the caller has confirmed."""
    configuration = transaction.meters.configuration(stored.type)
    check_register(configuration.modulus, amount=stored.amount)
    if asked is not None:
        ask_back_about_reading(transaction, stored, configuration, asked)
