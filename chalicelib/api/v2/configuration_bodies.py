"""Bodies of version 2 for what decides the figures besides readings: exchanges, zone, registers."""

from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, field_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.api.bodies import Amount, Body, Confirm, DateText, Moment, Number
from chalicelib.domain.events.contracts import MeterChange
from chalicelib.domain.meters.configuration import Exchange, MeterConfiguration
from chalicelib.domain.plausibility.limits import MAX_DIGITS, MAX_INTEGER_DIGITS
from chalicelib.domain.ports.values import UserSettings
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.domain.zones import known_zone
from chalicelib.services.recording.configuration import ExchangeCorrection, ExchangeDraft, Register

MAX_MODULUS = 10**MAX_INTEGER_DIGITS
Modulus = Annotated[
    Number,
    Field(gt=0, le=MAX_MODULUS, max_digits=MAX_DIGITS),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": MAX_MODULUS}),
]


class ExchangeBody(Body):
    """A meter exchange to record: when, the old register's last and the new one's first count."""

    type: EnergyType
    date: DateText
    final_old: Amount
    initial_new: Amount = Decimal(0)
    confirm: Confirm = False

    def draft(self) -> ExchangeDraft:
        """What the service takes."""
        return ExchangeDraft(self.type, self.date, self.final_old, self.initial_new, self.confirm)


class ExchangeCorrectionBody(Body):
    """What to change of an exchange; what is left out stays."""

    date: DateText | None = None
    final_old: Amount | None = None
    initial_new: Amount | None = None
    confirm: Confirm = False

    def correction(self, revision: int | None) -> ExchangeCorrection:
        """What the service takes; ``revision`` is what the caller has seen."""
        return ExchangeCorrection(self.date, self.final_old, self.initial_new, self.confirm, revision)


class StoredExchangeBody(Body):
    """A recorded exchange; its ``revision`` is its ETag."""

    id: str
    type: EnergyType
    date: Moment
    final_old: Amount
    initial_new: Amount
    revision: int

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """Make it from what is stored."""
        points = exchange.exchange
        return cls(
            id=exchange.id,
            type=exchange.type,
            date=to_datetime(points.instant),
            final_old=points.final_old,
            initial_new=points.initial_new,
            revision=exchange.revision,
        )


class RecordedExchangeBody(Body):
    """An exchange that was just written, and what it did to its meter."""

    exchange: StoredExchangeBody
    meter: MeterChange


class ExchangeListQuery(Body):
    """The meter whose exchanges are listed."""

    type: EnergyType


class ExchangeListBody(Body):
    """The exchanges of one meter, by date."""

    exchanges: list[StoredExchangeBody]

    @classmethod
    def of(cls, configuration: MeterConfiguration) -> Self:
        """Make it from a meter's configuration."""
        return cls(exchanges=[StoredExchangeBody.of(exchange) for exchange in configuration.exchanges])


class ModuliBody(Body):
    """At which count each register starts again: 100000 for five digits; null: not known; left out: as it was."""

    power: Modulus | None = None
    gas: Modulus | None = None


def _refused(_: object) -> None:
    raise PydanticCustomError("gone", "it is no setting any more: leave it out")


class DirectionsBody(Body):
    """Whether a meter turns back while a solar plant feeds in more than is used; left out: as it was."""

    power: StrictBool = False
    gas: StrictBool = False


class SettingsBody(Body):
    """A user's zone, and what the registers are like. What is left out of the registers stays as it was."""

    zone: str = Field(max_length=64, description="an IANA zone: where the user's dates and months begin")
    moduli: ModuliBody = ModuliBody()
    runs_backwards: DirectionsBody = DirectionsBody()
    tolerance_days: SkipJsonSchema[Annotated[None, BeforeValidator(_refused), Field(exclude=True)]] = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if not known_zone(zone):
            raise PydanticCustomError("zone", "not an IANA zone such as Europe/Berlin")
        return zone

    def settings(self) -> UserSettings:
        """What the service takes."""
        return UserSettings(ZoneInfo(self.zone))

    def registers(self) -> dict[EnergyType, Register]:
        """The registers by type."""
        return {kind: self._register(kind) for kind in EnergyType}

    def _register(self, kind: EnergyType) -> Register:
        said = kind in self.runs_backwards.model_fields_set
        return Register(
            modulus=getattr(self.moduli, kind),
            runs_backwards=getattr(self.runs_backwards, kind) if said else None,
            keeps_modulus=kind not in self.moduli.model_fields_set,
        )


class ChangedBody(Body):
    """The meters that a change touched."""

    meters: list[MeterChange]
