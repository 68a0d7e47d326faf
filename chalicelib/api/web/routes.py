"""Routes of the pages: ``GET /``, ``/ops-console`` and ``/service-worker.js``, which browsers fetch each time.

``/assets/...``: kept for a year by their digest.
"""

from collections.abc import Iterable
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urlsplit

from chalice import Response

from chalicelib.api.answers import Answer, not_modified
from chalicelib.api.compression import takes_gzip
from chalicelib.api.endpoint import stage_prefix
from chalicelib.api.errors import UnknownRouteError
from chalicelib.api.preconditions import etag_matches
from chalicelib.api.routes import Routes
from chalicelib.api.web.files import (
    CONSOLE,
    HOUSEHOLD,
    SCRIPT,
    Entry,
    WebFile,
    web_files,
)
from chalicelib.bootstrap.container import container

HTML = "text/html; charset=utf-8"
REVALIDATED = "no-cache"
KEPT = "public, max-age=31536000, immutable"
UNUSED_FEATURES = ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
WORKER_POLICY = "default-src 'none'; connect-src 'self'"
CONSOLE_STATE = "ops-console."  # how the state of a sign-in begins that the operators' page has asked for
GUARDS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Referrer-Policy": "no-referrer",
}

routes = Routes(__name__)


@routes.public("/")
def page() -> Response:
    """The page of households, or 304 where the caller has it; to who comes back from signing in the page they left."""
    entry = HOUSEHOLD
    asked = routes.current_request.query_params
    if asked and asked.get("state", "").startswith(CONSOLE_STATE):
        entry = CONSOLE
    return _page(entry)


@routes.public("/ops-console")
def console() -> Response:
    """The page of operators, or 304 where the caller has it. It holds nothing: what it shows asks for the role."""
    return _page(CONSOLE)


@routes.public("/service-worker.js")
def service_worker() -> Response:
    """What opens the page without network, or 304 where the caller has it."""
    content = web_files().service_worker(stage_prefix(routes.current_request))
    return _revalidated(WebFile.of(content, SCRIPT), WORKER_POLICY)


@routes.public("/assets/{digest}/{folder}/{name}")
def asset(digest: str, folder: str, name: str) -> Response:
    """A file of the page, of exactly this content."""
    files = web_files()
    if digest != files.digest or f"{folder}/{name}" not in files.assets:
        raise UnknownRouteError("the page has no such file; load the page again")
    return _sent(files.assets[f"{folder}/{name}"], {"Cache-Control": KEPT})


def content_policy(issuers: Iterable[str]) -> str:
    """What the page may load and whom it may ask: itself, and where people sign in."""
    origins = dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, issuers))
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *origins]),
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


def _page(entry: Entry) -> Response:
    own, request = container(), routes.current_request
    issuer, client_id = own.verifier.issuer, own.verifier.audience
    content = web_files().page(entry, stage_prefix(request), issuer, client_id)
    return _revalidated(WebFile.of(content, HTML), content_policy([issuer, *own.sign_in_origins]))


def _revalidated(file: WebFile, policy: str) -> Response:
    """The file, or 304 where the caller has it."""
    tag = f'"{sha256(file.content).hexdigest()[:16]}"'
    headers = {"Cache-Control": REVALIDATED, "Content-Security-Policy": policy, **GUARDS}
    if etag_matches(routes.current_request, tag):
        response = not_modified(f"W/{tag}")
        response.headers.update(headers)
        return response
    return _sent(file, {"ETag": f"W/{tag}", **headers})


def _sent(file: WebFile, headers: dict[str, str]) -> Response:
    sent: dict[str, str | list[str]] = {"Content-Type": file.content_type, "Vary": "Accept-Encoding", **headers}
    if takes_gzip(routes.current_request):
        return Answer(file.compressed, {**sent, "Content-Encoding": "gzip"}, HTTPStatus.OK.value)
    is_picture = file.content_type.endswith("png")
    body = file.content if is_picture else file.content.decode()  # text needs no Accept header
    return Answer(body, sent, HTTPStatus.OK.value)
