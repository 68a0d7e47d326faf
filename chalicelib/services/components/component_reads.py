"""The read of each component as a value that can be recorded and asked again: of the other backend, or later.

Ranges are instants here, not texts, so that a read means the same when its user has moved to another zone. What is
shown has the shape that the page gets, amounts as Decimal, whichever backend was asked.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import (
    Any,
    ClassVar,
)
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    TypeAdapter,
)

from chalicelib.domain.backends.component import Component
from chalicelib.domain.calculation.histogram import DEFAULT_BUCKETS
from chalicelib.domain.json.text import JsonText, WithText, as_one_object, json_text
from chalicelib.domain.ports.values import PageRequest, ReadingFilter, StoredReading
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.services.components.energy_backend import EnergyBackend
from chalicelib.services.display.display import Timeline, View


@dataclass(frozen=True, slots=True)
class ComponentAnswer:
    """What a component shows; of each meter that it shows a view of the source version and the calculation version.

    ``view``: whose data come behind the members of ``head``, where one view is shown.
    """

    head: Mapping[str, Any]
    versions: tuple[int, ...] = ()
    calculations: tuple[int, ...] = ()
    view: View | None = None

    @property
    def body(self) -> Mapping[str, Any]:
        """Everything that is shown."""
        return self.head if self.view is None else {**self.head, **self.view.data}

    @property
    def zone(self) -> ZoneInfo | None:
        """The user's, where the view came with it."""
        return None if self.view is None else self.view.zone

    def text(self, **more: Any) -> JsonText:
        """The body as JSON, with more members behind it: a stored text, unchanged, has none of their names."""
        if self.view is None or not isinstance(self.view.data, WithText):
            return json_text({**self.body, **more})
        return as_one_object(json_text(self.head), json_text(self.view.data), json_text(more))

    @property
    def tag(self) -> tuple[int, ...]:
        """What the ETag begins with, where a view is shown: the calculation version, then the source versions."""
        return (*sorted(set(self.calculations)), *self.versions)


class ComponentRead(BaseModel):
    """One read of a component."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    component: ClassVar[Component]

    @abstractmethod
    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """What a backend answers. Raises HistogramError, NotFoundError, UnavailableError."""

    def parameters(self) -> dict[str, Any]:
        """The read as plain values; ``read_of`` makes a read of them."""
        return self.model_dump(mode="json")


class ShowDashboard(ComponentRead):
    """The summary cards of each meter."""

    component = Component.DASHBOARD
    consistent: bool = False

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """One view per meter."""
        views = backend.summaries(user_id, consistent=self.consistent)
        meters = [_headed(energy_type, view) | {"summary": view.data} for energy_type, view in views.items()]
        return ComponentAnswer({"meters": meters}, tuple(map(_version, views.values())), _calculations(views.values()))


class ShowTable(ComponentRead):
    """A page of readings; ``after`` is the position (instant, id) behind which it begins."""

    component = Component.ENERGY_TABLE
    type: EnergyType | None = None
    first: int | None = None
    last: int | None = None
    descending: bool = False
    limit: int = 50
    after: tuple[int, str] | None = None

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """One reading more than shown decides whether another page follows: ``next`` is where it begins."""
        wanted = ReadingFilter(self.type, self.first, self.last)
        found = backend.page(user_id, PageRequest(wanted, self.descending, self.limit + 1, self.after))
        shown = found[: self.limit]
        following = [shown[-1].instant, shown[-1].id] if len(found) > self.limit else None
        return ComponentAnswer({"readings": [*map(row_of, shown)], "next": following})


class ShowTimeline(ComponentRead):
    """How many readings lie in each part of a range, by default from the first to the last."""

    component = Component.TIMELINE_SLIDER
    type: EnergyType
    first: int | None = None
    last: int | None = None
    buckets: int = DEFAULT_BUCKETS
    consistent: bool = False

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """One view."""
        timeline = Timeline(self.first, self.last, self.buckets)
        return _of_meter(self.type, backend.histogram(user_id, self.type, timeline, consistent=self.consistent))


class ShowMonths(ComponentRead):
    """The twelve months of a year."""

    component = Component.MONTHLY_CHARTS
    type: EnergyType
    year: int
    consistent: bool = False

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """One view."""
        view = backend.monthly(user_id, self.type, self.year, consistent=self.consistent)
        return _of_meter(self.type, view)


class ShowForm(ComponentRead):
    """One reading, as the form for changing it shows it."""

    component = Component.ENERGY_FORMS
    reading_id: str

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """The reading. Raises NotFoundError."""
        return ComponentAnswer(row_of(backend.reading(user_id, self.reading_id)))


class ShowNewForm(ComponentRead):
    """What the form for a new reading shows: the last one of the meter, or None."""

    component = Component.ENERGY_FORMS
    type: EnergyType

    def ask(self, backend: EnergyBackend, user_id: str) -> ComponentAnswer:
        """The reading as ``last``."""
        page = PageRequest(ReadingFilter(self.type), descending=True, limit=1)
        last = next((row_of(reading) for reading in backend.page(user_id, page)), None)
        return ComponentAnswer({"type": self.type.value, "last": last})


READS: Mapping[Component, TypeAdapter[Any]] = {
    Component.DASHBOARD: TypeAdapter(ShowDashboard),
    Component.ENERGY_TABLE: TypeAdapter(ShowTable),
    Component.TIMELINE_SLIDER: TypeAdapter(ShowTimeline),
    Component.MONTHLY_CHARTS: TypeAdapter(ShowMonths),
    Component.ENERGY_FORMS: TypeAdapter(ShowForm | ShowNewForm),
}


def read_of(component: Component, parameters: Mapping[str, Any]) -> ComponentRead:
    """The read that was recorded with these parameters.

    Raises:
        KeyError: the component only writes.
        pydantic.ValidationError: another version of the application has recorded it.
    """
    read: ComponentRead = READS[component].validate_python(parameters)
    return read


def row_of(reading: StoredReading) -> dict[str, Any]:
    """A reading as every component shows it: what both sides know of it, and ``revision``, its ETag."""
    return {
        "id": reading.id,
        "type": reading.type.value,
        "date": to_datetime(reading.instant),
        "amount": reading.amount,
        "revision": reading.content,
    }


def _of_meter(energy_type: EnergyType, view: View) -> ComponentAnswer:
    return ComponentAnswer(_headed(energy_type, view), (_version(view),), _calculations([view]), view)


def _headed(energy_type: EnergyType, view: View) -> dict[str, Any]:
    return {"type": energy_type.value, "sourceVersion": _version(view)}


def _version(view: View) -> int:
    return view.state.display_version


def _calculations(views: Iterable[View]) -> tuple[int, ...]:
    return tuple(view.state.calculation_version for view in views)
