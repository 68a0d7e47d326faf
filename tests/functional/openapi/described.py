"""The application held to an OpenAPI document: known requests, and whatever schemathesis makes up."""

import pickle
from dataclasses import replace
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.api.operation import Operation
from chalicelib.bootstrap.operations import now
from tests.depth import depth
from tests.functional.conftest import Api
from tests.functional.openapi.wsgi import Wsgi

CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FUZZING = settings(
    max_examples=depth(15, 200),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
JSON = {"media_type": "application/json"}
Known = list[tuple[int, dict[str, Any]]]


class Described:
    """The application with a household in it, and a document that it serves; ``ids`` are those of what is there."""

    def __init__(self, api: Api, path: str, ids: dict[str, str], roles: tuple[str, ...] = ()) -> None:
        self._api = api
        self._ids = ids
        self._clock = api.store.stored.clock
        # What is unpickled for each request is as good as a deep copy, and made in a thirtieth of the time.
        self._stored = pickle.dumps(replace(api.store.stored, clock=now))
        self._token = {"Authorization": f"Bearer {api.issuer.token('alice', roles=[*roles])}"}
        self._schema = schemathesis.openapi.from_wsgi(path, Wsgi(api.client))

    def operation(self, operation: Operation) -> Any:
        return self._schema[operation.path][operation.method]

    def answers_as_known(self, operation: Operation, known: Known) -> None:
        """Ask what is known; each answer must be the one that is known, and as described."""
        assert operation.status in [status for status, _ in known]
        for status, request in known:
            case = self.operation(operation).Case(**request)
            is_other = "other" in (request.get("path_parameters") or {}).values()
            assert self.ask(case, known=not is_other) == status, request

    def answers_as_described(self, operation: Operation, mode: GenerationMode) -> None:
        """Ask whatever comes to mind."""

        @FUZZING
        @given(case=self.operation(operation).as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            self.ask(case, known=False)
            if case.path_parameters:
                self.ask(case, known=True)

        ask()

    def ask(self, case: Any, *, known: bool) -> int:
        """Ask as the household, its readings as they were; whatever comes back must be in the document."""
        self._api.store.stored = replace(pickle.loads(self._stored), clock=self._clock)
        if known and case.path_parameters:
            case.path_parameters = {name: self._ids[name] for name in case.path_parameters}
        response = case.call(headers=self._token)
        case.validate_response(response, checks=CHECKED)
        status: int = response.status_code
        return status
