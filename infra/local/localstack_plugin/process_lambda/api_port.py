"""A port of LocalStack's gateway that serves nothing but one deployed REST API: ``http://localhost:3100/api/...``.

``PROCESS_LAMBDA_API_PORT`` names the port (it must be in GATEWAY_LISTEN too), ``PROCESS_LAMBDA_API_ID`` the API.
The first part of the path is the stage, as under an ``execute-api`` host name; the pages ``/`` and ``/ops-console``
lead to the stage that ``PROCESS_LAMBDA_API_STAGE`` names. LocalStack's other services and its CORS rules stay out of
the way, so that a browser meets the API as it would on AWS.
"""

import os
from typing import Any

from localstack.aws import handlers
from localstack.http import Response
from localstack.runtime import hooks
from localstack.services.apigateway.next_gen.execute_api.router import ApiGatewayEndpoint

PAGES = {"/", "/ops-console"}


class ApiPort:
    """A request handler that takes every request of one port and leaves all others alone."""

    def __init__(self, port: str, api_id: str, stage: str) -> None:
        self._port = port
        self._api_id = api_id
        self._stage = stage
        self._endpoint = ApiGatewayEndpoint()

    def __call__(self, chain: Any, context: Any, response: Any) -> None:
        """Answer a request of the API's port and end the chain of handlers."""
        if context.request.environ["SERVER_PORT"] == self._port:
            response.update_from(self._answer(context.request))
            chain.terminate()

    def _answer(self, request: Any) -> Any:
        if request.path in PAGES:
            return Response(status=302, headers={"Location": f"/{self._stage}{request.path}"})
        stage, _, path = request.path.removeprefix("/").partition("/")
        if self._endpoint.is_rest_api(self._api_id, stage):
            return self._endpoint(request, api_id=self._api_id, stage=stage, path=path)
        answer = Response(status=403)
        answer.set_json({"message": "Forbidden"})
        return answer


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # LocalStack is not installed where mypy runs
def serve_api_port() -> None:
    """Put the handler in front of LocalStack's own, when a port is configured."""
    if port := os.environ.get("PROCESS_LAMBDA_API_PORT"):
        api_id, stage = (os.environ[f"PROCESS_LAMBDA_API_{name}"] for name in ("ID", "STAGE"))
        handlers.preprocess_request.append(ApiPort(port, api_id, stage))
