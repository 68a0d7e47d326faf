"""The application under Chalice's test client as a WSGI application, for tools that speak nothing else."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalice.test import Client

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Wsgi:
    """Passes each request on as it came: path and query undecoded, as the test client takes them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/")
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        answer = self._client.http.request(environ["REQUEST_METHOD"], path + query, headers, body)
        status = HTTPStatus(answer.status_code)
        start_response(
            f"{status.value} {status.phrase}", [(name, str(value)) for name, value in answer.headers.items()]
        )
        return [answer.body]
