"""What becomes of a meter's configuration when a file brings one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from chalicelib.domain.csv.parsed import RowError
from chalicelib.domain.errors import InvalidReadingError
from chalicelib.domain.export.json_document import ImportedConfiguration
from chalicelib.domain.imports.options import OnConflict
from chalicelib.domain.imports.record import Configured
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.limits import check_modulus, check_register
from chalicelib.domain.plausibility.words import plain
from chalicelib.domain.readings import EnergyType, MeterExchange, to_datetime


def configure(
    energy_type: EnergyType,
    known: MeterConfiguration,
    given: ImportedConfiguration,
    highest: Callable[[], Decimal],
    on_conflict: OnConflict,
) -> tuple[Configured | None, list[RowError]]:
    """The configuration with what a file says, and what is in its way; None: nothing changes.

    A meter of which nothing is known takes it as it is, and any meter a modulus where it has none. What is set
    otherwise is a conflict, as with readings; a file without a modulus says nothing of it.

    Args:
        energy_type: the meter's.
        known: what is stored.
        given: what the file says.
        highest: the highest amount that is stored of the meter.
        on_conflict: what to do about what is set otherwise.
    """
    errors: list[RowError] = []

    def decided(field: str, stored: Any, said: Any) -> Any:
        if stored == said or on_conflict == "skip":
            return stored
        if on_conflict == "error":
            errors.append(_conflict(energy_type, field, stored, said))
        return said

    modulus, backwards = known.modulus, known.runs_backwards
    if given.modulus is not None:
        modulus = given.modulus if modulus is None else decided("modulus", modulus, given.modulus)
    if given.runs_backwards != backwards:
        is_new = known == MeterConfiguration() and not highest()
        backwards = given.runs_backwards if is_new else decided("runsBackwards", backwards, given.runs_backwards)
    exchanges = {each.exchange.instant: each for each in known.exchanges}
    for said in given.exchanges:
        stored = exchanges.get(said.instant)
        if stored is None:
            exchanges[said.instant] = Exchange(uuid4().hex, energy_type, said)
        elif decided("exchange", stored.exchange, said) is said and stored.exchange != said:
            exchanges[said.instant] = replace(stored, exchange=said, revision=stored.revision + 1)
    after = MeterConfiguration(modulus, tuple(exchanges[instant] for instant in sorted(exchanges)), backwards)
    if after == known or errors:
        return None, errors
    flaws = [*_flaws(energy_type, known, after, highest)]
    return (None if flaws else Configured(known, after)), flaws


def _flaws(
    energy_type: EnergyType, known: MeterConfiguration, after: MeterConfiguration, highest: Callable[[], Decimal]
) -> Iterator[RowError]:
    """What the register cannot show."""
    try:
        for point in after.points:
            check_register(after.modulus, finalOld=point.final_old, initialNew=point.initial_new)
        if after.modulus is not None and after.modulus != known.modulus:
            check_modulus(after.modulus, energy_type, highest())
    except InvalidReadingError as error:
        yield RowError(0, f"meters.{energy_type}", str(error).replace(f"moduli.{energy_type}", "modulus"))


def _conflict(energy_type: EnergyType, field: str, stored: Any, said: Any) -> RowError:
    return RowError(
        0,
        f"meters.{energy_type}.{field}",
        f"the file says {_shown(said)}, {_shown(stored)} is stored; pass onConflict=replace to take the file's, "
        "or onConflict=skip to leave it out",
    )


def _shown(value: Any) -> str:
    if isinstance(value, MeterExchange):
        date = to_datetime(value.instant).isoformat(timespec="seconds")
        return f"{plain(value.final_old)} and {plain(value.initial_new)} on {date}"
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, Decimal) else str(value)
