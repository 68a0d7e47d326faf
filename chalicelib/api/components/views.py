"""Component routes that show figures: dashboard, table, timeline and monthly charts."""

from chalice import Response

from chalicelib.api.components.answers import Dashboard, EnergyTable, MonthEnds, MonthlyCharts, TimelineSlider
from chalicelib.api.components.bodies import DashboardQuery, MonthsQuery, TableQuery, TimelineQuery
from chalicelib.api.components.component import ComponentRoutes, etagged
from chalicelib.api.components.request import ComponentRequest
from chalicelib.api.cursor import cursor_of
from chalicelib.services.components.display_data_adapter import DisplayDataAdapter

routes = ComponentRoutes(__name__)


@routes.operation("GET", "/components/dashboard", answers=(Dashboard,), conditional="If-None-Match", headers=("ETag",))
def show_dashboard(request: ComponentRequest, query: DashboardQuery) -> Response:
    """The summary cards of each meter for the user's local day."""
    found = request.show(query)
    return etagged(request, found.body, found.tag)


@routes.operation(
    "GET", "/components/energy_table", answers=(EnergyTable,), conditional="If-None-Match", headers=("ETag",)
)
def show_energy_table(request: ComponentRequest, query: TableQuery) -> Response:
    """One page of readings by date."""
    found = request.show(query).body
    following = found["next"] and cursor_of(*found["next"])
    return etagged(request, {"readings": found["readings"], "nextCursor": following, "zone": request.call.zone.key})


@routes.operation(
    "GET", "/components/timeline_slider", answers=(TimelineSlider,), conditional="If-None-Match", headers=("ETag",)
)
def show_timeline_slider(request: ComponentRequest, query: TimelineQuery) -> Response:
    """How many readings lie in each part of the timeline."""
    found = request.show(query)
    zone = found.zone or request.call.zone
    return etagged(request, found.text(zone=zone.key), found.tag)


@routes.operation(
    "GET",
    "/components/monthly_charts",
    answers=(MonthlyCharts, MonthEnds),
    conditional="If-None-Match",
    headers=("ETag",),
)
def show_monthly_charts(request: ComponentRequest, query: MonthsQuery) -> Response:
    """The twelve months of a year, or the register at their ends in the shape of the old readings."""
    found = request.show(query)
    zone = found.zone or request.call.zone
    if query.shape == "months":
        return etagged(request, found.text(zone=zone.key), found.tag)
    energies = DisplayDataAdapter.to_energy_type_array(found.body, query.type, request.user_id, zone)
    return etagged(request, energies, found.tag)
