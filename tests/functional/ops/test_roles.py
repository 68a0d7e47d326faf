"""Every route below /ops asks for a role: operators may do everything, viewers look, all others get 403."""

import json
import re

import pytest

from app import app
from chalicelib.api.routes import AUTHENTICATED
from tests.functional.conftest import Api, problem

BODY = json.dumps({"reason": "why not", "mode": "dual_write", "rolloutPercent": 100})
ROUTES = [
    (method, path)
    for path, methods in sorted(app.routes.items())
    for method, route in methods.items()
    if path.startswith("/ops/") and getattr(route.view_function, AUTHENTICATED)
]
LOOKING = [route for route in ROUTES if route[0] == "GET"]
CHANGING = [route for route in ROUTES if route[0] != "GET"]


def status(api: Api, method: str, path: str, *roles: str) -> int:
    """The status that somebody with these roles gets."""
    body = "" if method == "GET" else BODY
    return int(api.request(method, re.sub("{.*?}", "nothing", path), body, user="vera", roles=roles).status_code)


def test_there_are_routes_of_both_kinds() -> None:
    assert ("PUT", "/ops/sync-mode") in CHANGING
    assert ("GET", "/ops/alarms") in LOOKING


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("roles", [(), ("admin",), ("operators", "Viewer")])
def test_without_a_role_nothing_is_seen_and_nothing_is_done(
    api: Api, method: str, path: str, roles: tuple[str, ...]
) -> None:
    assert status(api, method, path, *roles) == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_it_is_401(api: Api, method: str, path: str) -> None:
    problem(api.request(method, path, BODY, user=None), 401)


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_a_viewer_changes_nothing(api: Api, method: str, path: str) -> None:
    assert status(api, method, path, "viewer") == 403
    assert status(api, method, path, "viewer", "operator") != 403


@pytest.mark.parametrize(("method", "path"), LOOKING)
def test_a_viewer_sees_what_an_operator_sees(api: Api, method: str, path: str) -> None:
    assert status(api, method, path, "viewer") == status(api, method, path, "operator") != 403
