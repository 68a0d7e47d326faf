"""Requests while the sync mode is lost: 503 with a time to come back, on every version."""

import pytest

from chalicelib.domain.migration.sync.recovery import Remains
from tests.functional.conftest import Api

READING = '{"type": "power", "date": "2009-01-31", "amount": 5}'


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/energy", ""),
        ("POST", "/v1/energy", READING),
        ("GET", "/v2/energy", ""),
        ("POST", "/v2/energy", READING),
        ("GET", "/components/energy_table", ""),
    ],
)
def test_a_request_is_answered_with_503(api: Api, method: str, path: str, body: str) -> None:
    api.store.lost = Remains("control.sync_mode is missing")
    response = api.request(method, path, body=body, user="alice")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert api.store.stored.readings == {}
