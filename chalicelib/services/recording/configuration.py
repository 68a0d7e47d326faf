"""Changes what decides the figures besides readings: meter exchanges, registers and the zone.

A change is written together with the source version of every meter whose figures it touches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4

from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.events import MeterChange, MeterExchanged, UserSettingsChanged
from chalicelib.domain.plausibility import check_exchange, check_modulus, check_register
from chalicelib.domain.ports import (
    Clock,
    EventPublisher,
    Exchange,
    MeterConfiguration,
    ReadingQueries,
    SettingsRepository,
    Transactions,
    UserSettings,
    WriteTransaction,
)
from chalicelib.domain.readings import (
    FIRST_INSTANT,
    LAST_INSTANT,
    EnergyType,
    MeterExchange,
    parse_instant,
    to_datetime,
)
from chalicelib.services.recording.energy_crud import change_of

Configure = Callable[[MeterConfiguration], MeterConfiguration]


@dataclass(frozen=True, slots=True)
class ExchangeDraft:
    """An exchange as somebody typed it in: the date still a text."""

    type: EnergyType
    date: str
    final_old: Decimal
    initial_new: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Register:
    """What a meter's register is like: at which count it starts again, and whether it can turn back."""

    modulus: Decimal | None = None
    runs_backwards: bool = False


class ConfigurationService:
    """Changes exchanges, registers and settings, and tells the rest of the system about it."""

    def __init__(
        self,
        transactions: Transactions,
        settings: SettingsRepository,
        queries: ReadingQueries,
        publisher: EventPublisher,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._settings = settings
        self._queries = queries
        self._publisher = publisher
        self._clock = clock

    def settings(self, user_id: str) -> UserSettings:
        """The user's zone. Raises UnavailableError."""
        return self._settings.find(user_id)

    def configuration(self, user_id: str, energy_type: EnergyType) -> MeterConfiguration:
        """Register and exchanges of a meter. Raises UnavailableError."""
        return self._queries.configuration(user_id, energy_type)

    def change(
        self, user_id: str, settings: UserSettings, registers: Mapping[EnergyType, Register]
    ) -> tuple[MeterChange, ...]:
        """Replace zone and registers as a whole; returns the meters whose every figure may change.

        Raises:
            InvalidReadingError: a stored amount does not fit a new modulus; nothing was changed.
            UnavailableError: the database did not answer in time.
        """
        now = self._clock()
        meters = self._transactions.run(user_id, lambda transaction: _change(transaction, settings, registers, now))
        if meters:
            event = UserSettingsChanged(occurred_at=to_datetime(now), user_id=user_id, meters=meters)
            self._publisher.publish([event])
        return meters

    def add_exchange(self, user_id: str, draft: ExchangeDraft) -> tuple[Exchange, MeterChange]:
        """Record that a meter was exchanged.

        Raises:
            InvalidReadingError: date or amounts break a rule.
            ConflictError: an exchange at this instant is already recorded.
            UnavailableError: the database did not answer in time.
        """
        instant = parse_instant(draft.date, self._settings.find(user_id).zone)
        exchange = MeterExchange(instant, draft.final_old, draft.initial_new)
        check_exchange(exchange, self._clock())
        recorded = Exchange(uuid4().hex, draft.type, exchange)
        change = self._configure(user_id, draft.type, instant, lambda known: _with(known, recorded))
        return recorded, change

    def remove_exchange(self, user_id: str, exchange_id: str) -> MeterChange:
        """Take an exchange back. Raises NotFoundError, UnavailableError."""
        for energy_type in EnergyType:
            for exchange in self._queries.configuration(user_id, energy_type).exchanges:
                if exchange.id == exchange_id:
                    instant = exchange.exchange.instant
                    return self._configure(user_id, energy_type, instant, lambda known: _without(known, exchange_id))
        raise NotFoundError("there is no such exchange")

    def _configure(self, user_id: str, energy_type: EnergyType, instant: int, configure: Configure) -> MeterChange:
        now = self._clock()
        change = self._transactions.run(
            user_id, lambda transaction: _reconfigure(transaction, energy_type, instant, configure, now)
        )
        self._publisher.publish([MeterExchanged(occurred_at=to_datetime(now), user_id=user_id, meter=change)])
        return change


def _reconfigure(
    transaction: WriteTransaction, energy_type: EnergyType, instant: int, configure: Configure, now: int
) -> MeterChange:
    after = configure(transaction.meters.configuration(energy_type))
    version = transaction.meters.mark_changed(energy_type, instant, instant, now)
    transaction.meters.configure(energy_type, after)
    return change_of(energy_type, version, instant, instant)


def _change(
    transaction: WriteTransaction, settings: UserSettings, registers: Mapping[EnergyType, Register], now: int
) -> tuple[MeterChange, ...]:
    """The zone touches a meter that is not there yet too: the write of its first reading meanwhile meets it.

    Otherwise that reading could be shown with the old one, and nobody would know.
    """
    changes = []
    moved = transaction.settings.get() != settings
    for energy_type, register in registers.items():
        before = transaction.meters.configuration(energy_type)
        after = replace(before, modulus=register.modulus, runs_backwards=register.runs_backwards)
        if moved or before != after:
            changes.append(touch_all(transaction, energy_type, now))
            _check_modulus(transaction, energy_type, before, after)
            transaction.meters.configure(energy_type, after)
    if moved:
        transaction.settings.save(settings, now)
    return tuple(changes)


def _check_modulus(
    transaction: WriteTransaction, energy_type: EnergyType, before: MeterConfiguration, after: MeterConfiguration
) -> None:
    if after.modulus is None or after.modulus == before.modulus:
        return
    registers = [amount for point in after.points for amount in (point.final_old, point.initial_new)]
    check_modulus(after.modulus, energy_type, max([transaction.readings.highest(energy_type), *registers]))


def touch_all(transaction: WriteTransaction, energy_type: EnergyType, now: int) -> MeterChange:
    """Mark a meter as changed from end to end: every figure is calculated again, from the readings themselves."""
    version = transaction.meters.mark_changed(energy_type, FIRST_INSTANT, LAST_INSTANT, now)
    return change_of(energy_type, version, FIRST_INSTANT, LAST_INSTANT)


def _with(known: MeterConfiguration, added: Exchange) -> MeterConfiguration:
    check_register(known.modulus, finalOld=added.exchange.final_old, initialNew=added.exchange.initial_new)
    if any(exchange.exchange.instant == added.exchange.instant for exchange in known.exchanges):
        raise ConflictError("an exchange of this meter at this instant is already recorded")
    exchanges = sorted((*known.exchanges, added), key=lambda exchange: exchange.exchange.instant)
    return replace(known, exchanges=tuple(exchanges))


def _without(known: MeterConfiguration, exchange_id: str) -> MeterConfiguration:
    kept = tuple(exchange for exchange in known.exchanges if exchange.id != exchange_id)
    if len(kept) == len(known.exchanges):
        raise NotFoundError("there is no such exchange")
    return replace(known, exchanges=kept)
