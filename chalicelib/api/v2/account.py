"""Routes that erase and export an account: ``/v2/account`` and ``/v2/account/export``."""

from http import HTTPStatus
from urllib.parse import urlencode

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.v2.account_bodies import AccountBody, AccountQuery, EraseQuery, ReceiptBody
from chalicelib.api.v2.export import EXPORT_HEADERS
from chalicelib.domain.readings import to_datetime

# Steps and places end with it. With a call of AWS that hangs and the record of the end, less than the 29 s that API
# Gateway waits; the scheduled function does the rest.
BUDGET_SECONDS = 10.0

routes = Routes(__name__)


@routes.operation("DELETE", "/v2/account", answers=(ReceiptBody,), goes_on=True)
def erase_account(call: Call, query: EraseQuery) -> Response:  # noqa: ARG001 the query is checked, no more
    """Erase everything that is kept of the caller; 202 while something is left, which goes within minutes."""
    body = ReceiptBody.of(call.container.erasure.erase(call.user_id, BUDGET_SECONDS))
    return json_answer(body.as_json(), HTTPStatus.OK if body.state == "erased" else HTTPStatus.ACCEPTED)


@routes.operation("GET", "/v2/account/export", answers=(AccountBody,), headers=EXPORT_HEADERS)
def export_account(call: Call, query: AccountQuery) -> Response:
    """Everything that is kept of the caller; the Link header leads to the next part, where there is one."""
    part = call.container.account_export.part(call.user_id, query.cursor)
    exported_at = to_datetime(part.exported_at)
    headers = {"Content-Disposition": f'attachment; filename="energy-monitor-{exported_at:%Y-%m-%d}.json"'}
    if part.following is not None:
        next_part = f"{call.url(call.request.path)}?{urlencode({'cursor': part.following})}"
        headers["Link"] = f'<{next_part}>; rel="next"'
    body = AccountBody(user=call.user_id, exported_at=exported_at, **part.documents)
    return json_answer(body.as_json(), headers=headers)
