"""What an import did, kept so that it can be listed and undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from chalicelib.domain.meters.configuration import MeterConfiguration
from chalicelib.domain.readings import EnergyType

FileForm = Literal["csv", "json"]
ImportState = Literal["imported", "undone"]


class IdRange(NamedTuple):
    """The ids of readings that were stored together: the first one, and how many follow each other."""

    first: str
    length: int


class Replaced(NamedTuple):
    """A stored reading that got another amount: its amount before, and its last update before and after.

    Undone, it has both again as before, so that an earlier import of it can be undone too.
    """

    id: str
    former: Decimal
    former_update: int
    update: int


@dataclass(frozen=True, slots=True)
class Configured:
    """A meter's configuration before an import and after it."""

    former: MeterConfiguration
    given: MeterConfiguration


@dataclass(frozen=True, slots=True)
class ImportedReadings:
    """What an import wrote to one meter: from the first instant to the last.

    ``written``: the amount of each instant, of new readings and of replaced ones. Another application may change a
    reading and its update not: what it says then is no longer what was written.
    """

    type: EnergyType
    first: int
    last: int
    created: IdRange | None = None
    replaced: tuple[Replaced, ...] = field(default=(), repr=False)
    configured: Configured | None = None
    written: Mapping[int, Decimal] = field(default_factory=dict, repr=False)

    def wrote(self, energy_type: EnergyType, instant: int, amount: Decimal) -> bool:
        """Whether a reading says what this import wrote."""
        return energy_type is self.type and self.written.get(instant) == amount


class KeptReading(NamedTuple):
    """A reading that an undo left where it is, because it was changed after the import."""

    id: str
    type: EnergyType
    instant: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Undone:
    """How an import was undone.

    ``removed``: readings that it had created. ``restored``: readings that have their former amount again. ``kept``:
    the first of those that were changed since, ``kept_count`` all of them. ``configurations_kept``: meters whose
    configuration was changed since.
    """

    at: int
    removed: int
    restored: int
    kept_count: int = 0
    kept: tuple[KeptReading, ...] = ()
    configurations_kept: tuple[EnergyType, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left."""
        return not self.kept_count and not self.configurations_kept


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import: when, of which file, in which trace, what became of its rows and what it wrote."""

    id: str
    at: int
    form: FileForm
    file_name: str | None
    success: int
    replaced: int
    skipped: int
    errors: int
    meters: tuple[ImportedReadings, ...]
    undone: Undone | None = None
    trace_id: str | None = None

    @property
    def state(self) -> ImportState:
        """Whether what it wrote is still meant to be there."""
        return "imported" if self.undone is None else "undone"
