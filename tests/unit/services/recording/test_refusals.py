"""What a write refuses by itself, under which field, and that nothing of it stays or is announced."""

from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import ImplausibleReadingError, InvalidReadingError
from chalicelib.domain.ports.values import UserSettings
from chalicelib.services.recording.configuration import ExchangeCorrection, ExchangeDraft, Register
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from tests.unit.services.recording.home import GAS, POWER, Home

BERLIN = UserSettings(ZoneInfo("Europe/Berlin"))
AHEAD = "2099-01-01"


class Lived(Home):
    """A household with a register that starts again at 1000, a reading and an exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.configuration.change("alice", BERLIN, {POWER: Register(Decimal(1000))})
        self.reading = self.energy.create("alice", ReadingDraft(POWER, "2023-01-31", Decimal(900))).reading.id
        draft = ExchangeDraft(POWER, "2023-03-15", Decimal(910), Decimal(3))
        self.exchange = self.configuration.add_exchange("alice", draft)[0].id

    def record(self, date: str, amount: int) -> None:
        self.energy.create("alice", ReadingDraft(POWER, date, Decimal(amount), confirm=True))

    def correct(self, date: str | None, amount: int | None) -> None:
        correction = ReadingCorrection(date, None if amount is None else Decimal(amount), confirm=True)
        self.energy.update("alice", self.reading, correction)

    def add_exchange(self, date: str, final_old: int, initial_new: int) -> None:
        draft = ExchangeDraft(POWER, date, Decimal(final_old), Decimal(initial_new), confirm=True)
        self.configuration.add_exchange("alice", draft)

    def correct_exchange(self, date: str | None, final_old: int | None, initial_new: int | None) -> None:
        old, new = (None if amount is None else Decimal(amount) for amount in (final_old, initial_new))
        self.configuration.correct_exchange("alice", self.exchange, ExchangeCorrection(date, old, new, confirm=True))


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda home: home.record(AHEAD, 5), "date"),
        (lambda home: home.record("2023-02-28", -1), "amount"),
        (lambda home: home.record("2023-02-28", 1000), "amount"),
        (lambda home: home.correct(AHEAD, None), "date"),
        (lambda home: home.correct(None, -1), "amount"),
        (lambda home: home.correct(None, 1000), "amount"),
        (lambda home: home.add_exchange(AHEAD, 5, 0), "date"),
        (lambda home: home.add_exchange("2023-04-15", -1, 0), "finalOld"),
        (lambda home: home.add_exchange("2023-04-15", 1000, 0), "finalOld"),
        (lambda home: home.add_exchange("2023-04-15", 5, 1000), "initialNew"),
        (lambda home: home.correct_exchange(AHEAD, None, None), "date"),
        (lambda home: home.correct_exchange(None, 1000, None), "finalOld"),
        (lambda home: home.correct_exchange(None, None, 1000), "initialNew"),
        (lambda home: home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(900))}), "moduli.power"),
        (lambda home: home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(910))}), "moduli.power"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_though_somebody_stands_by_it(
    act: Callable[[Lived], None], field: str
) -> None:
    home = Lived()
    kept, events = dict(home.store.stored.readings), len(home.publisher.events)
    meter = home.store.stored.meters["alice", POWER]
    before = (meter.state, meter.configuration)
    with pytest.raises(InvalidReadingError) as refused:
        act(home)
    assert [error.where for error in refused.value.errors] == [field]
    meter = home.store.stored.meters["alice", POWER]
    assert (meter.state, meter.configuration) == before
    assert (dict(home.store.stored.readings), len(home.publisher.events)) == (kept, events)


@pytest.mark.parametrize(
    "act",
    [
        lambda home: home.record("2023-02-28", 999),
        lambda home: home.correct(None, 999),
        lambda home: home.add_exchange("2023-04-15", 999, 999),
        lambda home: home.correct_exchange(None, 999, 999),
        lambda home: home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(911))}),
        lambda home: home.configuration.change("alice", BERLIN, {POWER: Register()}),
    ],
)
def test_what_a_register_can_just_show_is_taken(act: Callable[[Lived], None]) -> None:
    home = Lived()
    events = len(home.publisher.events)
    act(home)
    assert len(home.publisher.events) == events + 1


def test_an_exchange_keeps_what_nobody_corrects() -> None:
    home = Lived()
    home.correct_exchange(None, None, 4)
    [exchange] = home.configuration.configuration("alice", POWER).exchanges
    assert (int(exchange.exchange.final_old), int(exchange.exchange.initial_new), exchange.revision) == (910, 4, 2)
    home.correct_exchange("2023-03-16", 911, None)
    [corrected] = home.configuration.configuration("alice", POWER).exchanges
    assert (int(corrected.exchange.final_old), int(corrected.exchange.initial_new), corrected.revision) == (911, 4, 3)
    assert corrected.exchange.instant == exchange.exchange.instant + 86_400_000


@pytest.mark.parametrize("final_old", [890, 899])
def test_an_exchange_below_what_was_read_at_its_very_instant_is_asked_about(final_old: int) -> None:
    home = Home()
    home.energy.create("alice", ReadingDraft(GAS, "2023-03-15", Decimal(900), confirm=True))
    draft = ExchangeDraft(GAS, "2023-03-15", Decimal(final_old))
    with pytest.raises(ImplausibleReadingError):
        home.configuration.add_exchange("alice", draft)
    assert home.configuration.configuration("alice", GAS).exchanges == ()
