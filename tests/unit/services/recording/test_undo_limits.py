"""Where an undo ends: what a register can just not show, how much is named, and what an undo of an undo says."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import ConflictError, NotFoundError, RevisionError
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.meters.import_record import KeptReading
from chalicelib.domain.ports.values import UserSettings
from chalicelib.services.recording.configuration import (
    ConfigurationService,
    ExchangeCorrection,
    ExchangeDraft,
    Register,
)
from chalicelib.services.recording.energy_crud import ReadingCorrection, ReadingDraft
from infra.simulation.memory.publisher import FakePublisher
from infra.simulation.memory.store import FakeQueries, FakeSettings, FakeStore
from tests.unit.services.recording.home import GAS, JSON, POWER, REPLACE, REPLACE_JSON, Home, document

CONFIRMED = ImportOptions(on_conflict="replace", confirm=True)
BERLIN = UserSettings(ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(("modulus", "restored"), [(1000, 0), (1001, 1)])
def test_a_register_shows_what_is_below_the_count_at_which_it_starts_again(modulus: int, restored: int) -> None:
    home = Home()
    home.imported("2023-01-31,power,1000\n", CONFIRMED)
    report = home.imported("2023-01-31,power,150\n", CONFIRMED)
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(modulus))})
    outcome = home.undone(report).outcome
    assert (outcome.restored, outcome.kept_count) == (restored, 1 - restored)


@pytest.mark.parametrize(("kept", "named"), [(99, 99), (100, 100), (101, 100)])
def test_of_what_was_changed_since_the_first_hundred_are_named_and_all_are_counted(kept: int, named: int) -> None:
    home = Home()
    days = [f"{2022 + number // 336}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}" for number in range(kept)]
    report = home.imported("".join(f"{day},gas,{number}\n" for number, day in enumerate(days)))
    for reading in list(home.store.stored.readings.values()):
        home.energy.update("alice", reading.id, ReadingCorrection())
    outcome = home.undone(report).outcome
    assert (outcome.kept_count, len(outcome.kept)) == (kept, named)
    first = min(home.store.stored.readings.values(), key=lambda reading: reading.instant)
    assert outcome.kept[0] == KeptReading(first.id, GAS, first.instant, Decimal(0))


def test_what_is_undone_once_more_has_the_time_and_the_counts_of_the_first_time() -> None:
    home = Home()
    report = home.imported("2023-01-31,power,100\n2023-02-28,power,110\n")
    changed = home.id_of(POWER, "02-28")
    home.energy.update("alice", changed, ReadingCorrection(amount=Decimal(111)))
    first = home.undone(report)
    events = len(home.publisher.events)
    assert first.outcome.at == home.time
    again = home.undone(report)
    assert (again.outcome, again.meters, again.record.undone) == (first.outcome, (), first.outcome)
    assert len(home.publisher.events) == events
    assert home.history.page("alice", 1)[0].undone == first.outcome


def test_pages_of_imports_go_on_behind_a_position() -> None:
    home = Home()
    for day in ("2023-01-31", "2023-02-28", "2023-03-31"):
        home.imported(f"{day},gas,{int(day[6])}\n")
    first = home.history.page("alice", 2)
    assert len(first) == 2
    [last] = home.history.page("alice", 2, (first[-1].at, first[-1].id))
    assert last.at < first[-1].at < first[0].at


def test_a_configuration_that_somebody_has_changed_since_stays_and_is_named() -> None:
    home = Home()
    report = home.imported(document(("power", "2023-01-31", 5), modulus=1000), JSON)
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(2000))})
    outcome = home.undone(report).outcome
    assert (outcome.configurations_kept, outcome.removed) == ((POWER,), 1)
    assert home.store.stored.meters["alice", POWER].configuration.modulus == 2000


@pytest.mark.parametrize(("stays", "comes_back"), [(999, True), (1000, False)])
def test_a_configuration_comes_back_where_its_register_can_show_what_stays(stays: int, comes_back: bool) -> None:
    home = Home()
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(1000))})
    report = home.imported(document(("power", "2023-01-31", 5), modulus=5000), REPLACE_JSON)
    home.energy.create("alice", ReadingDraft(POWER, "2023-03-31", Decimal(stays), confirm=True))
    outcome = home.undone(report).outcome
    assert outcome.configurations_kept == (() if comes_back else (POWER,))
    assert home.store.stored.meters["alice", POWER].configuration.modulus == (1000 if comes_back else 5000)


def test_a_configuration_comes_back_where_only_what_goes_is_too_high_for_it() -> None:
    home = Home()
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(1000))})
    report = home.imported(document(("power", "2023-01-31", 1500), modulus=5000), REPLACE_JSON)
    home.store.stored.meters["alice", POWER].dirty_from = home.store.stored.meters["alice", POWER].dirty_to = 0
    assert home.undone(report).outcome.configurations_kept == ()
    meter = home.store.stored.meters["alice", POWER]
    assert meter.configuration.modulus == 1000
    assert (meter.dirty_from, meter.dirty_to) == (-2_240_524_800_000, 32_535_216_000_000), "from end to end"


def test_a_former_amount_is_judged_by_the_register_that_stays() -> None:
    home = Home()
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(1000))})
    home.imported("2023-01-31,power,900\n")
    report = home.imported(document(("power", "2023-01-31", 700), modulus=5000), REPLACE_JSON)
    home.configuration.change("alice", BERLIN, {POWER: Register(Decimal(800))})
    outcome = home.undone(report).outcome
    assert (outcome.restored, outcome.kept_count, outcome.configurations_kept) == (0, 1, (POWER,))
    assert home.readings() == {("power", "01-31"): 700}


def gone_meanwhile() -> tuple[ConfigurationService, str]:
    """A service that finds an exchange which somebody takes back before it is written."""
    seen = Home()
    exchange, _ = seen.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-15", Decimal(5)))
    store = FakeStore()
    queries, settings = FakeQueries(seen.store), FakeSettings(store)
    return ConfigurationService(store, settings, queries, FakePublisher(), seen.clock), exchange.id


def test_an_exchange_that_goes_meanwhile_is_not_found() -> None:
    service, exchange = gone_meanwhile()
    with pytest.raises(NotFoundError, match=r"^there is no such exchange$"):
        service.remove_exchange("alice", exchange)
    with pytest.raises(NotFoundError, match=r"^there is no such exchange$"):
        service.correct_exchange("alice", exchange, ExchangeCorrection(final_old=Decimal(6)))


def test_an_exchange_of_whichever_meter_is_found_by_its_id() -> None:
    home = Home()
    found = {
        kind: home.configuration.add_exchange("alice", ExchangeDraft(kind, "2023-03-15", Decimal(5)))[0]
        for kind in (POWER, GAS)
    }
    assert home.configuration.exchange("alice", found[GAS].id) == found[GAS]
    assert home.configuration.exchange("alice", found[POWER].id) == found[POWER]
    with pytest.raises(NotFoundError, match=r"^there is no such exchange$"):
        home.configuration.exchange("bob", found[GAS].id)


def test_a_replaced_amount_says_its_former_one_and_both_updates() -> None:
    home = Home()
    home.imported("2023-01-31,power,100\n")
    [before] = home.store.stored.readings.values()
    home.imported("2023-01-31,power,101\n", REPLACE)
    [after] = home.store.stored.readings.values()
    [replaced] = home.history.page("alice", 1)[0].meters[0].replaced
    assert replaced == (before.id, Decimal(100), before.updated_at, after.updated_at)


def test_what_somebody_else_has_changed_since_is_refused_in_words() -> None:
    home = Home()
    exchange, _ = home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-15", Decimal(5)))
    words = r"^the exchange was changed since you read it; read it again$"
    with pytest.raises(RevisionError, match=words):
        home.configuration.remove_exchange("alice", exchange.id, 2)
    with pytest.raises(RevisionError, match=words):
        home.configuration.correct_exchange("alice", exchange.id, ExchangeCorrection(revision=2))
    reading = home.energy.create("alice", ReadingDraft(GAS, "2023-03-15", Decimal(5))).reading
    words = r"^the reading was changed since you read it; read it again$"
    for seen in (ReadingCorrection(revision=2), ReadingCorrection(content="another")):
        with pytest.raises(RevisionError, match=words):
            home.energy.update("alice", reading.id, seen)
    with pytest.raises(RevisionError, match=words):
        home.energy.delete("alice", reading.id, 2)
    with pytest.raises(RevisionError, match=words):
        home.energy.delete("alice", reading.id, content="another")
    events = len(home.publisher.events)
    seen = ReadingCorrection(amount=Decimal(6), revision=1, content=reading.content)
    assert home.energy.update("alice", reading.id, seen).reading.revision == 2
    assert home.energy.delete("alice", reading.id, 2) == 3
    home.configuration.remove_exchange("alice", exchange.id, 1)
    assert len(home.publisher.events) == events + 3


def test_two_exchanges_of_a_meter_at_one_instant_are_refused_in_words() -> None:
    home = Home()
    draft = ExchangeDraft(POWER, "2023-03-15", Decimal(5))
    exchange, _ = home.configuration.add_exchange("alice", draft)
    with pytest.raises(ConflictError, match=r"^an exchange of this meter at this instant is already recorded$"):
        home.configuration.add_exchange("alice", draft)
    later, _ = home.configuration.add_exchange("alice", ExchangeDraft(POWER, "2023-03-14", Decimal(5)))
    with pytest.raises(ConflictError):
        home.configuration.correct_exchange("alice", later.id, ExchangeCorrection("2023-03-15"))
    known = home.configuration.configuration("alice", POWER).exchanges
    assert [each.id for each in known] == [later.id, exchange.id], "in the order of time"
