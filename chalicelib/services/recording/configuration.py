"""Changes what decides the figures besides readings: meter exchanges, registers and the zone.

A change is written together with the source version of every meter whose figures it touches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import ConflictError, NotFoundError, RevisionError
from chalicelib.domain.events.contracts import MeterChange, MeterExchanged, UserSettingsChanged
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.limits import check_exchange, check_modulus, check_register, exchanges_flaw
from chalicelib.domain.ports.outside import Clock, EventPublisher
from chalicelib.domain.ports.reading import ReadingQueries, SettingsRepository
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.ports.writing import Transactions, WriteTransaction
from chalicelib.domain.readings import (
    FIRST_INSTANT,
    LAST_INSTANT,
    EnergyType,
    MeterExchange,
    parse_instant,
    to_datetime,
)
from chalicelib.services.recording.asking_back import ask_back_about_exchange
from chalicelib.services.recording.energy_crud import change_of


@dataclass(frozen=True, slots=True)
class ExchangeDraft:
    """An exchange as somebody typed it in: the date still a text."""

    type: EnergyType
    date: str
    final_old: Decimal
    initial_new: Decimal = Decimal(0)
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class ExchangeCorrection:
    """What somebody changes of an exchange; ``revision`` is what they have seen, None: any."""

    date: str | None = None
    final_old: Decimal | None = None
    initial_new: Decimal | None = None
    confirm: bool = False
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """What to say of a meter's register: at which count it starts again, and whether it can turn back.

    ``keeps_modulus``: that is not changed; nor is the direction where it is None.
    """

    modulus: Decimal | None = None
    runs_backwards: bool | None = None
    keeps_modulus: bool = False

    def said_of(self, before: MeterConfiguration) -> MeterConfiguration:
        """A meter's configuration with it."""
        modulus = before.modulus if self.keeps_modulus else self.modulus
        backwards = before.runs_backwards if self.runs_backwards is None else self.runs_backwards
        return replace(before, modulus=modulus, runs_backwards=backwards)


class ConfigurationService:
    """Changes exchanges, registers and settings, and publishes an event for each change."""

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

    def exchange(self, user_id: str, exchange_id: str) -> Exchange:
        """One exchange of the user, of whichever meter. Raises NotFoundError, UnavailableError."""
        for energy_type in EnergyType:
            for exchange in self._queries.configuration(user_id, energy_type).exchanges:
                if exchange.id == exchange_id:
                    return exchange
        raise _no_such_exchange()

    def change(
        self, user_id: str, settings: UserSettings, registers: Mapping[EnergyType, Register]
    ) -> tuple[MeterChange, ...]:
        """Replace the zone and what is said of registers; returns the meters whose every figure may change.

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
        """Record that a meter was exchanged (CALCULATION.md 9).

        Raises:
            InvalidReadingError: date or amounts break a rule.
            ImplausibleReadingError: a register hardly fits the readings around it and ``confirm`` is not set.
            ConflictError: an exchange at this instant is already recorded.
            UnavailableError: the database did not answer in time.
        """
        zone = self._settings.find(user_id).zone
        exchange = MeterExchange(parse_instant(draft.date, zone), draft.final_old, draft.initial_new)
        added = Exchange(uuid4().hex, draft.type, exchange)
        return self._put(user_id, draft.type, lambda _: added, None if draft.confirm else zone)

    def correct_exchange(
        self, user_id: str, exchange_id: str, correction: ExchangeCorrection
    ) -> tuple[Exchange, MeterChange]:
        """Give an exchange another date or other registers.

        Raises:
            NotFoundError: there is no such exchange of this user.
            RevisionError: it was changed since the caller read it.
            InvalidReadingError, ImplausibleReadingError, ConflictError, UnavailableError: as for ``add_exchange``.
        """
        zone = self._settings.find(user_id).zone
        instant = None if correction.date is None else parse_instant(correction.date, zone)
        energy_type = self.exchange(user_id, exchange_id).type

        def corrected(known: MeterConfiguration) -> Exchange:
            return _corrected(_current(known, exchange_id, correction.revision), instant, correction)

        return self._put(user_id, energy_type, corrected, None if correction.confirm else zone)

    def remove_exchange(self, user_id: str, exchange_id: str, revision: int | None = None) -> MeterChange:
        """Take an exchange back. Raises NotFoundError, RevisionError, UnavailableError."""
        now = self._clock()
        energy_type = self.exchange(user_id, exchange_id).type

        def work(transaction: WriteTransaction) -> MeterChange:
            known = transaction.meters.configuration(energy_type)
            gone = _current(known, exchange_id, revision)
            return _configured(transaction, energy_type, known.without(gone.id), [gone], now)

        change = self._transactions.run(user_id, work)
        self._tell(user_id, change, now)
        return change

    def _put(
        self,
        user_id: str,
        energy_type: EnergyType,
        make: Callable[[MeterConfiguration], Exchange],
        asked: ZoneInfo | None,
    ) -> tuple[Exchange, MeterChange]:
        """Write the exchange that ``make`` makes of the configuration; ``asked``: the zone to ask back in."""
        now = self._clock()

        def work(transaction: WriteTransaction) -> tuple[Exchange, MeterChange]:
            known = transaction.meters.configuration(energy_type)
            exchange = make(known)
            check_exchange(exchange.exchange, now)
            others = known.without(exchange.id)
            before = [each for each in known.exchanges if each.id == exchange.id]
            change = _configured(transaction, energy_type, _with(others, exchange), [*before, exchange], now)
            if asked is not None:
                ask_back_about_exchange(transaction, exchange, others, asked)
            return exchange, change

        exchange, change = self._transactions.run(user_id, work)
        self._tell(user_id, change, now)
        return exchange, change

    def _tell(self, user_id: str, change: MeterChange, now: int) -> None:
        self._publisher.publish([MeterExchanged(occurred_at=to_datetime(now), user_id=user_id, meter=change)])


def _configured(
    transaction: WriteTransaction,
    energy_type: EnergyType,
    configuration: MeterConfiguration,
    touched: Sequence[Exchange],
    now: int,
) -> MeterChange:
    """Store a configuration; what is dirty lies between the instants of the exchanges it has touched."""
    instants = [exchange.exchange.instant for exchange in touched]
    first, last = min(instants), max(instants)
    version = transaction.meters.mark_changed(energy_type, first, last, now)
    transaction.meters.configure(energy_type, configuration)
    return change_of(energy_type, version, first, last)


def _current(known: MeterConfiguration, exchange_id: str, revision: int | None) -> Exchange:
    for exchange in known.exchanges:
        if exchange.id == exchange_id:
            if revision not in (None, exchange.revision):
                raise RevisionError("the exchange was changed since you read it; read it again")
            return exchange
    raise _no_such_exchange()


def _corrected(exchange: Exchange, instant: int | None, correction: ExchangeCorrection) -> Exchange:
    before = exchange.exchange
    after = MeterExchange(
        before.instant if instant is None else instant,
        before.final_old if correction.final_old is None else correction.final_old,
        before.initial_new if correction.initial_new is None else correction.initial_new,
    )
    return replace(exchange, exchange=after, revision=exchange.revision + 1)


def _no_such_exchange() -> NotFoundError:
    return NotFoundError("there is no such exchange")


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
        after = register.said_of(before)
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
    if too_many := exchanges_flaw(len(known.exchanges) + 1):
        raise ConflictError(too_many)
    exchanges = sorted((*known.exchanges, added), key=lambda exchange: exchange.exchange.instant)
    return replace(known, exchanges=tuple(exchanges))
