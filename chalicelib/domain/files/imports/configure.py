"""Merging the configuration that a file brings with a meter's own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import InvalidReadingError
from chalicelib.domain.files.csv.parsed import RowError
from chalicelib.domain.files.export.json_document import ImportedConfiguration
from chalicelib.domain.files.imports.known import KnownMeter
from chalicelib.domain.files.imports.options import OnConflict
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.meters.import_record import Configured
from chalicelib.domain.plausibility.limits import check_modulus, check_register, exchanges_flaw
from chalicelib.domain.plausibility.words import local, plain
from chalicelib.domain.readings import MeterExchange

Value = TypeVar("Value")
_WAY_ON = "pass onConflict=replace to take the file's, or onConflict=skip to leave it out"


def configure(
    known: KnownMeter, given: ImportedConfiguration, on_conflict: OnConflict, zone: ZoneInfo
) -> tuple[Configured | None, list[RowError]]:
    """The configuration with what a file says, and what is in its way; None: nothing changes.

    A meter of which nothing is known takes all of it, and any meter a modulus where it has none. What is set
    otherwise is a conflict, as with readings; a file without a modulus says nothing of it.

    Args:
        known: the meter.
        given: what the file says.
        on_conflict: what to do about what is set otherwise.
        zone: whose days.
    """
    before, choice = known.configuration, _Choice(known, on_conflict, zone)
    after = MeterConfiguration(
        choice.modulus(given.modulus), choice.exchanges(given.exchanges), choice.direction(given.runs_backwards)
    )
    errors = choice.errors or [*_flaws(known, after)]
    return (None if errors or after == before else Configured(before, after)), errors


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is taken of a file, part by part; ``errors``: what is set otherwise."""

    known: KnownMeter
    on_conflict: OnConflict
    zone: ZoneInfo
    errors: list[RowError] = field(default_factory=list)

    def modulus(self, said: Decimal | None) -> Decimal | None:
        stored = self.known.configuration.modulus
        if said is None:
            return stored
        return said if stored is None else self._between("modulus", stored, said)

    def direction(self, said: bool) -> bool:
        stored = self.known.configuration.runs_backwards
        if said != stored and self.known.configuration == MeterConfiguration() and not self.known.highest():
            return said  # nothing is known of this meter
        return self._between("runsBackwards", stored, said)

    def exchanges(self, said: Iterable[MeterExchange]) -> tuple[Exchange, ...]:
        kept = {each.exchange.instant: each for each in self.known.configuration.exchanges}
        for point in said:
            stored = kept.get(point.instant)
            if stored is None:
                kept[point.instant] = Exchange(uuid4().hex, self.known.type, point)
            elif self._between("exchange", stored.exchange, point) != stored.exchange:
                kept[point.instant] = replace(stored, exchange=point, revision=stored.revision + 1)
        return tuple(kept[instant] for instant in sorted(kept))

    def _between(self, part: str, stored: Value, said: Value) -> Value:
        if stored == said or self.on_conflict == "skip":
            return stored
        if self.on_conflict == "error":
            reason = f"the file says {self._shown(said)}, {self._shown(stored)} is stored; {_WAY_ON}"
            self.errors.append(RowError(0, f"meters.{self.known.type}.{part}", reason))
        return said

    def _shown(self, value: object) -> str:
        if isinstance(value, MeterExchange):
            return f"{plain(value.final_old)} and {plain(value.initial_new)} on {local(value.instant, self.zone)}"
        return plain(value) if isinstance(value, Decimal) else str(value).lower()


def _flaws(known: KnownMeter, after: MeterConfiguration) -> Iterator[RowError]:
    """What the register cannot show, and more exchanges than a meter has."""
    too_many = exchanges_flaw(len(after.exchanges))
    if too_many and len(after.exchanges) > len(known.configuration.exchanges):
        yield RowError(0, f"meters.{known.type}", too_many)
    try:
        for point in after.points:
            check_register(after.modulus, finalOld=point.final_old, initialNew=point.initial_new)
        if after.modulus is not None and after.modulus != known.configuration.modulus:
            check_modulus(after.modulus, known.type, known.highest())
    except InvalidReadingError as error:
        yield RowError(0, f"meters.{known.type}", str(error).replace(f"moduli.{known.type}", "modulus"))
