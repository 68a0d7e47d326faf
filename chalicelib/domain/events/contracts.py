"""What happened, as it travels over EventBridge: the contracts. Past tense, no amounts.

An event only says *look at this meter*: lost, late, doubled or reordered it does no harm (the source version decides).
``chalicelib/events/schemas`` holds the JSON schema of each. ``unknown_versions`` reads an event of a version that this
code does not know.
"""

from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from chalicelib.domain.events.trace import TRACEPARENT, sent_traceparent
from chalicelib.domain.readings import EnergyType

EVENT_SOURCE = "energy-monitor"
VERSION: Final = 1
# What is none is as good as absent: nobody refuses an event for it.
TraceOfEvent = Annotated[
    Annotated[str, Field(pattern=TRACEPARENT)] | None,
    BeforeValidator(sent_traceparent),
    Field(exclude_if=lambda sent: sent is None),
]


class _Event(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,  # whose event it is does not belong in a log
        json_schema_serialization_defaults_required=True,
    )


class MeterVersion(_Event):
    """One meter and the source version that its display should reach."""

    type: EnergyType
    source_version: int = Field(ge=1)


class MeterChange(MeterVersion):
    """The change of one meter: its new source version and the instants it touched, the first and the last of them."""

    first: AwareDatetime
    last: AwareDatetime


class ImportedMeter(MeterChange):
    """What a file brought to one meter: the first and the last new date, and the user's local years they span.

    What lies between two new readings is interpolated from them, so a year without any of its own is among these. How
    far the neighbours of the range change with it, only the refresh knows.
    """

    affected_years: tuple[int, ...] = Field(min_length=1)


class EnergyEvent(_Event):
    """What every event carries; ``traceparent`` only where it was sent in the course of a call."""

    version: Literal[1] = VERSION
    event_id: UUID = Field(default_factory=uuid4)
    occurred_at: AwareDatetime
    user_id: str = Field(min_length=1)
    traceparent: TraceOfEvent = None


class MeterEvent(EnergyEvent):
    """An event of one meter."""

    meter: MeterChange

    @property
    def meters(self) -> tuple[MeterChange, ...]:
        """The meter, as the one of many that other events carry."""
        return (self.meter,)


class EnergyReadingCreated(MeterEvent):
    """One reading was recorded; ``meter.first`` and ``meter.last`` are its instant."""

    reading_id: str


class EnergyReadingUpdated(MeterEvent):
    """One reading got another date or amount; ``meter.first`` and ``meter.last`` are its instants, in their order."""

    reading_id: str


class EnergyReadingDeleted(MeterEvent):
    """One reading was taken away; ``meter.first`` and ``meter.last`` are its instant."""

    reading_id: str


class MeterExchanged(MeterEvent):
    """A meter was exchanged, or the exchange corrected or taken back.

    ``meter.first`` and ``meter.last`` are its instants, before and after a correction, in their order.
    """


class EnergyReadingsSynced(MeterEvent):
    """Readings that another application had written were carried over, or a difference between the sides mended."""


class EnergyReadingsBulkImported(EnergyEvent):
    """A file of readings was imported; one change per meter, not the readings."""

    import_id: str
    count: int = Field(ge=1)
    meters: tuple[ImportedMeter, ...] = Field(min_length=1)


class EnergyReadingsImportUndone(EnergyEvent):
    """An import was taken back; one change per meter."""

    import_id: str
    meters: tuple[ImportedMeter, ...] = Field(min_length=1)


class UserSettingsChanged(EnergyEvent):
    """Zone, modulus or direction changed: every figure of the meters that are named."""

    meters: tuple[MeterChange, ...]


class MeterRefreshRequested(EnergyEvent):
    """An operator asked for a meter's display to be brought up to date; the readings did not change by it."""

    meter: MeterVersion
