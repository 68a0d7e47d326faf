"""What the page looks at: dashboard, table, timeline and monthly charts."""

from chalice import Blueprint, Response

from chalicelib.api.components.bodies import MonthsQuery, TableQuery, TimelineQuery, ViewQuery
from chalicelib.api.components.component import Asked, component_endpoint, etagged
from chalicelib.api.cursor import cursor_of, position_of
from chalicelib.api.endpoint import ANY_CONTENT, refuse_other_methods
from chalicelib.api.timeline import range_of
from chalicelib.domain.rollout.decision import Component
from chalicelib.services.backends.component_reads import ShowDashboard, ShowMonths, ShowTable, ShowTimeline
from chalicelib.services.backends.display_data_adapter import DisplayDataAdapter

blueprint = Blueprint(__name__)


@blueprint.route("/components/dashboard", methods=["GET"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.DASHBOARD, ViewQuery)
def show_dashboard(asked: Asked[ViewQuery]) -> Response:
    """The summary cards of each meter for the user's local day."""
    found = asked.read(ShowDashboard(consistent=asked.query.consistent))
    return etagged(asked, found.body, found.versions)


@blueprint.route("/components/energy_table", methods=["GET"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.ENERGY_TABLE, TableQuery)
def show_energy_table(asked: Asked[TableQuery]) -> Response:
    """One page of readings by date."""
    query = asked.query
    first, last = range_of(asked.call, query.first, query.last)
    after = None if query.cursor is None else position_of(query.cursor)
    descending = query.sort == "-date"
    page = ShowTable(type=query.type, first=first, last=last, descending=descending, limit=query.limit, after=after)
    found = asked.read(page).body
    following = found["next"] and cursor_of(*found["next"])
    return etagged(asked, {"readings": found["readings"], "nextCursor": following})


@blueprint.route("/components/timeline_slider", methods=["GET"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.TIMELINE_SLIDER, TimelineQuery)
def show_timeline_slider(asked: Asked[TimelineQuery]) -> Response:
    """How many readings lie in each part of the timeline."""
    query = asked.query
    first, last = range_of(asked.call, query.first, query.last)
    found = asked.read(
        ShowTimeline(type=query.type, first=first, last=last, buckets=query.buckets, consistent=query.consistent)
    )
    return etagged(asked, found.body, found.versions)


@blueprint.route("/components/monthly_charts", methods=["GET"], content_types=ANY_CONTENT)
@component_endpoint(blueprint, Component.MONTHLY_CHARTS, MonthsQuery)
def show_monthly_charts(asked: Asked[MonthsQuery]) -> Response:
    """The twelve months of a year, or the register at their ends in the shape of the old readings."""
    query = asked.query
    found = asked.read(ShowMonths(type=query.type, year=query.year, consistent=query.consistent))
    if query.shape == "months":
        return etagged(asked, found.body, found.versions)
    zone = asked.call.container.configuration.settings(asked.user_id).zone
    energies = DisplayDataAdapter.to_energy_type_array(found.body, query.type, asked.user_id, zone)
    return etagged(asked, energies, found.versions)


refuse_other_methods(
    blueprint,
    dict.fromkeys(
        (
            "/components/dashboard",
            "/components/energy_table",
            "/components/timeline_slider",
            "/components/monthly_charts",
        ),
        ("GET",),
    ),
)
