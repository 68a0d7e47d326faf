"""The text of a question about a count: both counts, what is usual, what was probably meant, how to go on."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.calculation.rounding import rounded
from chalicelib.domain.calculation.series import Kind, Series
from chalicelib.domain.errors import Count, Doubt
from chalicelib.domain.plausibility.usual import per_day
from chalicelib.domain.readings import EnergyType, day_start, local_date, to_datetime

LOWER_THAN_PREVIOUS = "LOWER_THAN_PREVIOUS"
HIGHER_THAN_NEXT = "HIGHER_THAN_NEXT"
FAR_ABOVE_USUAL = "FAR_ABOVE_USUAL"
CODES = (LOWER_THAN_PREVIOUS, HIGHER_THAN_NEXT, FAR_ABOVE_USUAL)
UNITS = {EnergyType.POWER: "kWh", EnergyType.GAS: "m3"}


@dataclass(frozen=True, slots=True)
class Situation:
    """The place of a question: between the point at ``place`` and the one before it."""

    series: Series
    place: int
    type: EnergyType
    zone: ZoneInfo
    usual_is_known: bool

    def shown(self, place: int) -> str:
        """A count as a person knows it: amount and local date, and of an exchange which meter's."""
        instant, amount = count_at(self.series, place)
        shown = f"{plain(amount)} on {local(instant, self.zone)}"
        if self.series.kind_of(place) is Kind.EXCHANGE:
            return f"{shown} (the new meter's first count)"
        return f"{shown} (the old meter's last count)" if self.series.kind_of(place + 1) is Kind.EXCHANGE else shown

    def a_day(self, amount: Decimal) -> str:
        """The use per day."""
        return f"{plain(amount)} {UNITS[self.type]} a day"


def sentences(doubt: Doubt, situation: Situation) -> Iterator[str]:
    """The sentences of the question."""
    yield what_is_odd(doubt.code, situation)
    usual = situation.a_day(doubt.usual_per_day)
    if situation.usual_is_known:
        yield f"Up to {usual} are usual."
    elif doubt.code == FAR_ABOVE_USUAL:
        yield f"Too few readings say what is usual: up to {usual} are taken for it."
    if typo := doubt.suggestion:
        change = "With one more" if typo.added else "Without one"
        yield f'{change} digit "{typo.digit}" it would be {plain(typo.amount)}, which fits.'
    if doubt.exchange is not None:
        yield (
            f"The exchange of the meter on {local_date(doubt.exchange, situation.zone)} has no time of day: "
            "give it one if a reading of that day was taken before it."
        )
    if doubt.code != FAR_ABOVE_USUAL and doubt.where == "amount":
        yield from _explanations(situation)
    yield "If it is right, send it again with confirm: true."


def _explanations(situation: Situation) -> Iterator[str]:
    """What could be recorded or set so that nothing is asked the next time."""
    yield "If a new meter is the reason, record its exchange."
    (_, before), (_, after) = (count_at(situation.series, situation.place - step) for step in (1, 0))
    size = 10 ** len(str(int(before)))
    if situation.series.modulus is None and 4 * before >= 3 * size and 4 * after <= size:
        yield f"If the register starts again at {size}, say so in the settings (moduli)."
    if situation.type is EnergyType.POWER and not situation.series.runs_backwards and 10 * after >= 9 * before:
        yield "If it turns back when a solar plant feeds in, say so in the settings (runsBackwards)."


def what_is_odd(code: str, situation: Situation) -> str:
    """The sentence with the two counts that do not fit."""
    before, after = situation.shown(situation.place - 1), situation.shown(situation.place)
    if code == HIGHER_THAN_NEXT:
        return f"{before} is higher than {after}."
    if code == LOWER_THAN_PREVIOUS:
        return f"{after} is lower than {before}."
    growth = per_day(situation.series, situation.place - 1, situation.place)
    return f"From {before} to {after} it would be {situation.a_day(rounded(growth))}."


def count_at(series: Series, place: int) -> Count:
    """Instant and amount of a point."""
    return series.instants[place], (Decimal(series.amounts[place]) / series.scale).normalize()


def local(instant: int, zone: ZoneInfo) -> str:
    """The local date, with the time unless it is midnight."""
    day = local_date(instant, zone)
    if day_start(day, zone) == instant:
        return day.isoformat()
    return f"{to_datetime(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def plain(amount: Decimal) -> str:
    """An amount without exponent and without zeros that say nothing."""
    return f"{amount.normalize():f}"
