"""The component route that exports readings as a file, from the backend that answers."""

from chalice import Response

from chalicelib.api.components.bodies import ComponentQuery
from chalicelib.api.components.component import ComponentRoutes
from chalicelib.api.components.request import ComponentRequest
from chalicelib.api.v2.export import EXPORT_HEADERS, exported
from chalicelib.api.v2.export_bodies import ExportBody, ExportQuery

routes = ComponentRoutes(__name__)


class FileExportQuery(ExportQuery, ComponentQuery):
    """Which readings to export, and how."""


@routes.operation("GET", "/components/csv_import/export", answers=(ExportBody,), csv=True, headers=EXPORT_HEADERS)
def export_csv(request: ComponentRequest, query: FileExportQuery) -> Response:
    """The readings as a file; its Link header leads to the next part, where there is one."""
    return exported(request.call, query, request.backend.page)
