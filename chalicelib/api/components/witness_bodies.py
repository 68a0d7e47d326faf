"""Bodies of feedback and of measurements."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from chalicelib.api.bodies import Body, Number
from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.backends.component import Component
from chalicelib.domain.migration.records.decision import Reason
from chalicelib.domain.migration.records.feedback import Feedback
from chalicelib.domain.migration.records.measurements import MeasurementKind, PageMeasurement
from chalicelib.domain.readings import EnergyType
from chalicelib.monitoring.trace import trace_id
from chalicelib.services.components.component_reads import ComponentRead

GREATEST_VERSION = 2**53 - 1  # the greatest that every JSON reader counts exactly
LONGEST_MS = 600_000
AT_ONCE = 100  # as many values as a metric may have in one line
CLASS_NAME = "^[A-Za-z0-9_$.]{1,64}$"


class SeenMeter(Body):
    """A meter as it was shown: at which source version."""

    type: EnergyType
    source_version: Annotated[StrictInt, Field(ge=0, le=GREATEST_VERSION)]


class FeedbackBody(Body):
    """What looks wrong: a component, what was asked of it, and who answered why. No figures, and no words."""

    component: Component
    query: dict[str, str] = Field(description="the query that the component was asked with; empty where none was")
    backend: Backend
    reason: Annotated[Reason, Field(description="X-Flag-Reason of the answer")]
    meters: list[SeenMeter] = Field(max_length=len(EnergyType))

    @model_validator(mode="after")
    def _each_meter_once(self) -> Self:
        if len({meter.type for meter in self.meters}) < len(self.meters):
            raise ValueError("meters: name each meter once")
        return self

    def feedback(self, read: ComponentRead | None) -> Feedback:
        """What the service takes; ``read`` is what the query means."""
        return Feedback(
            self.component,
            None if read is None else read.parameters(),
            self.backend,
            self.reason,
            {meter.type: meter.source_version for meter in self.meters},
            trace_id(),
        )


class FeedbackReceipt(Body):
    """The id of feedback that is kept."""

    id: str


class MeasurementBody(Body):
    """One measurement of a page; an error takes no time and may name its class."""

    component: Component
    backend: Backend
    kind: MeasurementKind
    elapsed_ms: Annotated[Number, Field(ge=0, le=LONGEST_MS)]
    error: Annotated[str | None, Field(pattern=CLASS_NAME)] = None

    @model_validator(mode="after")
    def _as_its_kind(self) -> Self:
        if self.kind is MeasurementKind.ERROR:
            if self.elapsed_ms != Decimal(0):
                raise ValueError("elapsedMs: send 0 with an error, which takes no time")
        elif self.error is not None:
            raise ValueError("error: only the kind error names one")
        return self

    def measurement(self) -> PageMeasurement:
        """What the service takes, to the microsecond."""
        return PageMeasurement(self.component, self.backend, self.kind, round(float(self.elapsed_ms), 3), self.error)


class MeasurementsBody(Body):
    """A batch of measurements."""

    measurements: list[MeasurementBody] = Field(min_length=1, max_length=AT_ONCE)
