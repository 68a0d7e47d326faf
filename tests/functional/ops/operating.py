"""Operators and viewers as they call ``/ops``."""

import json
from typing import Any

from chalice.test import HTTPResponse

from tests.functional.conftest import Api, problem

REASON = {"reason": "as planned"}


class Operator:
    """Somebody with a role."""

    def __init__(self, api: Api, role: str = "operator", user: str = "olga") -> None:
        self.api = api
        self._role = role
        self._user = user

    def request(self, method: str, path: str, body: Any = None) -> HTTPResponse:
        content = "" if body is None else json.dumps(body)
        return self.api.request(method, f"/ops/{path}", content, user=self._user, roles=(self._role,))

    def sees(self, path: str) -> Any:
        return self._done(self.request("GET", path))

    def posts(self, path: str, body: Any = None) -> Any:
        return self._done(self.request("POST", path, REASON if body is None else body))

    def puts(self, path: str, body: Any) -> Any:
        return self._done(self.request("PUT", path, body))

    def refused(self, method: str, path: str, body: Any, status: int) -> Any:
        """The body of the problem that is answered."""
        return problem(self.request(method, path, body), status)

    def _done(self, response: HTTPResponse) -> Any:
        assert response.status_code == 200, response.body
        return response.json_body
