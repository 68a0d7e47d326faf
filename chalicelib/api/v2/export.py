"""The route of exports, ``/v2/energy/export``, and what it shares with the page's export."""

from urllib.parse import urlencode

from chalice import Response

from chalicelib.api.answers import Answer
from chalicelib.api.cursor import cursor_of, position_of
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.timeline import range_of
from chalicelib.api.upload import JSON, TEXT_CSV
from chalicelib.api.v2.export_bodies import ExportBody, ExportQuery
from chalicelib.domain.files.export.csv_text import csv_text
from chalicelib.domain.files.export.json_document import json_text
from chalicelib.domain.files.export.page import ExportPage
from chalicelib.domain.ports.values import ReadingFilter
from chalicelib.domain.readings import local_date
from chalicelib.services.recording.export import PageReader

EXPORT_HEADERS = ("Content-Disposition", "Link")

routes = Routes(__name__)


@routes.operation("GET", "/v2/energy/export", answers=(ExportBody,), csv=True, headers=EXPORT_HEADERS)
def export_readings(call: Call, query: ExportQuery) -> Response:
    """The caller's readings as a file; its Link header leads to the next part, where there is one."""
    return exported(call, query, call.container.new.page)


def exported(call: Call, query: ExportQuery, read: PageReader) -> Response:
    """One page of an export from the list that ``read`` reads."""
    first, last = range_of(call, query.first, query.last, whole_days=True)
    after = None if query.cursor is None else position_of(query.cursor)
    page = call.container.exports.page(call.user_id, read, ReadingFilter(query.type, first, last), after)
    is_json = query.format == "json"
    text = json_text(page) if is_json else csv_text(page.readings, page.zone, query.decimal)
    headers: dict[str, str | list[str]] = {
        "Content-Type": JSON if is_json else f"{TEXT_CSV}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{_file_name(page)}.{query.format}"',
    }
    return Answer(text, {**headers, **_link(call, page)})


def _file_name(page: ExportPage) -> str:
    """The local day of the export; a further part names the day with which it begins too."""
    name = f"energy-{local_date(page.exported_at, page.zone)}"
    if page.meters is None and page.readings:
        return f"{name}-from-{local_date(page.readings[0].instant, page.zone)}"
    return name


def _link(call: Call, page: ExportPage) -> dict[str, str]:
    """Where the next page is: the same question with another cursor."""
    if page.following is None:
        return {}
    question = {**(call.request.query_params or {}), "cursor": cursor_of(*page.following)}
    return {"Link": f'<{call.url(call.request.path)}?{urlencode(question)}>; rel="next"'}
