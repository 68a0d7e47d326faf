"""What happened, as it travels over EventBridge. Past tense, no amounts.

An event only says *look at this meter*: lost, late, doubled or reordered it does no harm (the source version decides).
"""

from typing import Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from chalicelib.domain.readings import EnergyType

EVENT_SOURCE = "energy-monitor"


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class MeterChange(_Event):
    """The change of one meter: its new source version and the instants it touched."""

    type: EnergyType
    source_version: int = Field(ge=1)
    first: AwareDatetime
    last: AwareDatetime


class EnergyEvent(_Event):
    """What every event carries."""

    version: Literal[1] = 1
    event_id: UUID = Field(default_factory=uuid4)
    occurred_at: AwareDatetime
    user_id: str = Field(min_length=1)


class MeterEvent(EnergyEvent):
    """An event of one meter."""

    meter: MeterChange

    @property
    def meters(self) -> tuple[MeterChange, ...]:
        """The meter, as the one of many that other events carry."""
        return (self.meter,)


class EnergyReadingCreated(MeterEvent):
    """One reading was recorded."""

    reading_id: str


class EnergyReadingUpdated(MeterEvent):
    """One reading got another date or amount."""

    reading_id: str


class EnergyReadingDeleted(MeterEvent):
    """One reading was taken away."""

    reading_id: str


class MeterExchanged(MeterEvent):
    """A meter was exchanged, the exchange taken back, or its register's modulus changed."""


class EnergyReadingsSynced(MeterEvent):
    """Readings that another application had written were carried over, or a difference between the sides mended."""


class EnergyReadingsBulkImported(EnergyEvent):
    """A file of readings was imported; one change per meter, not the readings."""

    import_id: str
    count: int = Field(ge=1)
    meters: tuple[MeterChange, ...] = Field(min_length=1)


class UserSettingsChanged(EnergyEvent):
    """Zone or tolerance changed: every figure of every meter of the user."""

    meters: tuple[MeterChange, ...]
