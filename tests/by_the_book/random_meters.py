"""Random meters, legal and difficult: for running two implementations of the rules against each other."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

from tests.by_the_book.counter import Exchange, Meter, Reading
from tests.by_the_book.month_ends import last_date_of_month
from tests.by_the_book.numbers_and_times import DAY_MS, HOUR_MS, first_instant_of, local_date, to_ms

ZONES = [
    "Europe/Berlin",
    "UTC",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "Africa/Cairo",
]
MODULI = [Fraction(100), Fraction(1000), Fraction(100_000), Fraction(999_999), Fraction(10_000_001, 10)]
# Last days and first days of a month on which midnight exists twice.
TWO_MIDNIGHTS = {"America/St_Johns": [date(1999, 10, 31), date(2004, 10, 31), date(2009, 11, 1)]}
MOST_READINGS = 60
EARLIEST = date(1995, 1, 1)
LATEST = date(2030, 12, 31)


def random_meter(rng: Random) -> Meter:
    """A meter with up to 60 readings and up to 3 exchanges, all instants of a kind different."""
    zone = rng.choice(ZONES)
    modulus = rng.choice(MODULI) if rng.random() < 0.5 else None
    runs_backwards = rng.random() < 0.35
    reading_times = _reading_times(rng, zone)
    exchange_times = _exchange_times(rng, zone, reading_times)
    register = _Register(rng, modulus, runs_backwards)
    readings: list[Reading] = []
    exchanges: list[Exchange] = []
    for at_ms in sorted({*reading_times, *exchange_times}):
        exchange = register.exchanged(at_ms) if at_ms in exchange_times else None
        if exchange is not None:
            exchanges.append(exchange)
        if at_ms in reading_times:
            amount = register.read(at_ms) if exchange is None else register.read_beside(exchange)
            readings.append(Reading(at_ms, amount))
    rng.shuffle(readings)  # the order they are given in means nothing
    rng.shuffle(exchanges)
    return Meter(readings, exchanges, modulus, runs_backwards, zone)


def years_worth_asking(meter: Meter) -> list[int]:
    """The years that have points, and one more on either side."""
    instants = [reading.at_ms for reading in meter.readings] + [exchange.at_ms for exchange in meter.exchanges]
    if not instants:
        return [2024]
    first = local_date(min(instants), meter.zone).year
    last = local_date(max(instants), meter.zone).year
    return list(range(first - 1, last + 2))


# --- when ---


def _reading_times(rng: Random, zone: str) -> set[int]:
    few, some, many = rng.randint(0, 3), rng.randint(2, 12), rng.randint(10, MOST_READINGS)
    count = rng.choice([few, some, some, many])
    day = _start(rng, zone)
    pace = rng.choice(["hourly", "daily", "weekly", "monthly", "month ends", "yearly", "mixed"])
    times: set[int] = set()
    for _ in range(count):
        times.add(_instant_near(rng, day, zone, times))
        day += timedelta(days=_step_in_days(rng, pace))
    return {at_ms for at_ms in times if _in_range(at_ms, zone)}


def _in_range(at_ms: int, zone: str) -> bool:
    return EARLIEST <= local_date(at_ms, zone) <= LATEST


def _start(rng: Random, zone: str) -> date:
    year = rng.randint(EARLIEST.year, LATEST.year)
    if zone in TWO_MIDNIGHTS and rng.random() < 0.3:
        return rng.choice(TWO_MIDNIGHTS[zone]) - timedelta(days=rng.choice([0, 0, 1, 7, 28]))
    anywhere = date(year, 1, 1) + timedelta(days=rng.randrange(365))
    changes = _days_of_a_change(rng.choice([year, 2009, 2011, 2014, 2023]), zone)
    if changes and rng.random() < 0.5:
        return rng.choice(changes) - timedelta(days=rng.choice([0, 1, 2, 7, 27, 28, 29, 60, 92]))
    return anywhere


def _days_of_a_change(year: int, zone: str) -> list[date]:
    """The days of a year whose offset at noon is not the one of the day before."""
    found: list[date] = []
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    while noon.year == year:
        yesterday = noon - timedelta(days=1)
        if noon.astimezone(ZoneInfo(zone)).utcoffset() != yesterday.astimezone(ZoneInfo(zone)).utcoffset():
            found.append(noon.date())
        noon += timedelta(days=1)
    return found


def _step_in_days(rng: Random, pace: str) -> int:
    steps = {
        "hourly": [0, 0, 0, 1],
        "daily": [1],
        "weekly": [6, 7, 7, 8],
        "monthly": [27, 28, 29, 30, 31, 33, 45],
        "month ends": [30, 31],
        "yearly": [300, 365, 366, 400, 700],
        "mixed": [0, 1, 2, 7, 28, 31, 92, 93, 180, 365],
    }
    return rng.choice(steps[pace])


def _instant_near(rng: Random, day: date, zone: str, earlier: set[int]) -> int:
    ways: list[Callable[[], int]] = [
        lambda: first_instant_of(day, zone),
        lambda: first_instant_of(day, zone),
        lambda: first_instant_of(day, zone) + rng.randrange(DAY_MS),
        lambda: first_instant_of(last_date_of_month(day.year, day.month), zone) + rng.choice([0, 0, 0, -1, 1]),
        lambda: _boundary(day, zone) + rng.choice([-12, 12]) * HOUR_MS + rng.randint(-2, 2),
        lambda: _boundary(day, zone) + rng.randint(-2, 2),
        lambda: _boundary(day, zone) + rng.choice([-13, -6, 6, 13, 24, -24]) * HOUR_MS,
        lambda: _boundary(day, zone) + rng.choice([-92, 92]) * DAY_MS + rng.randint(-1, 1),
        lambda: _the_other_midnight(day, zone),
    ]
    if earlier:
        known = rng.choice(sorted(earlier))
        ways.append(lambda: known + rng.choice([1, 28, 28]) * DAY_MS + rng.randint(-1, 1))
        ways.append(lambda: known + rng.choice([-1, 1, 2, HOUR_MS]))
    return rng.choice(ways)()


def _boundary(day: date, zone: str) -> int:
    return first_instant_of(last_date_of_month(day.year, day.month) + timedelta(days=1), zone)


def _the_other_midnight(day: date, zone: str) -> int:
    """Where the clock is set back over midnight: the second one."""
    return to_ms(datetime(day.year, day.month, day.day, fold=1, tzinfo=ZoneInfo(zone)))


def _exchange_times(rng: Random, zone: str, reading_times: set[int]) -> set[int]:
    times: set[int] = set()
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        if reading_times and rng.random() < 0.4:
            times.add(rng.choice(sorted(reading_times)))
            continue
        around = rng.choice(sorted(reading_times)) if reading_times else first_instant_of(_start(rng, zone), zone)
        day = local_date(around, zone) + timedelta(days=rng.randint(-60, 60))
        times.add(_instant_near(rng, day, zone, set()))
    return {at_ms for at_ms in times if _in_range(at_ms, zone)}


# --- how much ---


class _Register:
    """What the meter shows from one event to the next."""

    def __init__(self, rng: Random, modulus: Fraction | None, runs_backwards: bool) -> None:
        self.rng = rng
        self.modulus = modulus
        self.runs_backwards = runs_backwards
        self.places = rng.choice([0, 0, 1, 3, 4, 6])
        self.top = modulus or Fraction(rng.choice([100, 10_000, 1_000_000]))
        self.per_day = self.top * Fraction(rng.randint(0, 1000), rng.choice([1_000, 100_000, 1_000_000]))
        self.shown = self.legal(self.top * Fraction(rng.choice([0, 1, 20, 24, 25, 50, 75, 76, 99, 100]), 100))
        self.last_ms: int | None = None
        self.misbehaves = rng.choice([0.0, 0.1, 0.5])

    def legal(self, amount: Fraction) -> Fraction:
        """A decimal, at least 0, below M where M is known."""
        scale = 10**self.places
        amount = Fraction(int(max(amount, Fraction(0)) * scale), scale)
        return amount if self.modulus is None else amount % self.modulus

    def read(self, at_ms: int) -> Fraction:
        self._turn(at_ms)
        if self.rng.random() < self.misbehaves:
            self.shown = self._surprise()
        return self.shown

    def exchanged(self, at_ms: int) -> Exchange:
        self._turn(at_ms)
        final_old = self._surprise() if self.rng.random() < 0.2 else self.shown
        initial_new = self.legal(self.rng.choice([Fraction(0), Fraction(0), Fraction(3), self.top * 9 / 10, final_old]))
        self.shown = initial_new
        return Exchange(at_ms, final_old, initial_new)

    def read_beside(self, exchange: Exchange) -> Fraction:
        """A reading at the instant of an exchange: of the old meter, of the new one, between them, or elsewhere."""
        between = (exchange.final_old + exchange.initial_new) / 2
        amount = self.legal(
            self.rng.choice(
                [
                    exchange.final_old,
                    exchange.initial_new,
                    exchange.initial_new + 2,
                    exchange.final_old * 95 / 100,
                    exchange.final_old / 2 + Fraction(1, 10),
                    between,
                    between + Fraction(1, 1000),
                ]
            )
        )
        if abs(amount - exchange.final_old) > abs(amount - exchange.initial_new):
            self.shown = amount
        return amount

    def _turn(self, at_ms: int) -> None:
        """Go on from the event before, by what the days in between bring."""
        days = Fraction(0 if self.last_ms is None else at_ms - self.last_ms, DAY_MS)
        self.last_ms = at_ms
        used = days * self.per_day * Fraction(self.rng.randint(0, 200), 100)
        if self.runs_backwards and self.rng.random() < 0.6:
            used = -used
        there = self.shown + used
        if self.modulus is not None:
            there %= self.modulus
        self.shown = self.legal(there)

    def _surprise(self) -> Fraction:
        """An amount that one of the rules is about."""
        return self.legal(
            self.rng.choice(
                [
                    Fraction(0),
                    Fraction(self.rng.randint(0, 10)),
                    self.shown * Fraction(9, 10),
                    self.shown * Fraction(9, 10) - Fraction(1, 1_000_000),
                    self.shown * Fraction(self.rng.randint(85, 100), 100),
                    self.shown / 2,
                    self.top / 4,
                    self.top / 4 + Fraction(1, 10),
                    self.top * 3 / 4,
                    self.top * 3 / 4 - Fraction(1, 10),
                    self.top * Fraction(99, 100),
                    self.shown,
                ]
            )
        )
