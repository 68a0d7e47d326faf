"""A declared route: its function stays what it was, and every method of its path has an answer."""

from http import HTTPStatus

from chalice import Response

from app import app
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import AUTHENTICATED, METHODS, OperatorRoutes, Routes
from chalicelib.api.v2.reading_bodies import ReadingBody, ReadingListQuery


def view(call: Call) -> Response:
    """Answer nothing."""
    return Response("")


def reading(call: Call, query: ReadingListQuery, body: ReadingBody, file: object) -> Response:
    """Take everything."""
    return Response("")


def test_a_declared_function_stays_what_it_was() -> None:
    routes = Routes("any")
    assert routes.operation("GET", "/one")(view) is view
    assert routes.public("/two")(view) is view


def test_an_operation_says_what_it_takes_and_answers() -> None:
    routes = Routes("any")
    routes.operation("PUT", "/one", status=HTTPStatus.CREATED, headers=("ETag",))(reading)
    routes.operation("GET", "/one")(view)
    first, second = routes.operations
    assert (first.method, first.path, first.view) == ("PUT", "/one", reading)
    assert (first.query, first.body, first.file) == (ReadingListQuery, ReadingBody, True)
    assert (first.status, first.headers, first.refusals) == (201, ("ETag",), ())
    assert (second.query, second.body, second.file, second.status, second.headers) == (None, None, False, 200, ())


def test_every_operators_route_may_refuse_who_is_none() -> None:
    routes = OperatorRoutes("any")
    assert routes.operation("GET", "/one", headers=("ETag",), refusals=(HTTPStatus.NOT_FOUND,))(view) is view
    [operation] = routes.operations
    assert (operation.headers, operation.refusals) == (("ETag",), (404, 403))


def test_every_path_answers_every_method() -> None:
    assert METHODS == ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    for path, methods in app.routes.items():
        assert sorted(methods) == sorted(METHODS), path


def test_what_needs_no_token_is_counted() -> None:
    refusals = {"method_not_allowed", "unknown_route"}
    functions = {
        (method, path): route.view_function for path, methods in app.routes.items() for method, route in methods.items()
    }
    public = {
        (method, path)
        for (method, path), function in functions.items()
        if not getattr(function, AUTHENTICATED) and function.__name__ not in refusals
    }
    documents = {("GET", path) for _, path in public if path.endswith("openapi.json")}
    pages = {("GET", path) for _, path in public if path.endswith(("console", ".js", "{name}"))}
    assert public - documents - pages == {("GET", "/"), ("GET", "/health")}
