"""The documents of the pages, line by line: what they load and from where, under which names and for how long."""

import gzip
import re
from hashlib import sha256

import pytest

from chalicelib.api.web.files import (
    CONSOLE,
    HOUSEHOLD,
    WebFile,
    web_files,
)
from tests.functional.conftest import Api

GZIP = {"Accept": "*/*", "Accept-Encoding": "gzip"}


def head(document: bytes) -> list[str]:
    """What a page loads."""
    return [line for line in document.decode().splitlines() if line.startswith(("<link", "<script", "<html"))]


@pytest.mark.parametrize(
    ("entry", "script", "styles"),
    [
        (HOUSEHOLD, "page/main.js", []),
        (CONSOLE, "console/main.js", ["styles/console.css"]),
    ],
)
def test_a_page_names_its_styles_and_then_its_scripts_each_once(entry: object, script: str, styles: list[str]) -> None:
    files = web_files()
    found = head(files.page(entry, "/api", "https://a.example/?a&b", 'id"<'))  # type: ignore[arg-type]
    assets = f"/api/assets/{files.digest}"
    early = files.early[entry]  # type: ignore[index]
    assert found == [
        '<html lang="en" data-base="/api" data-issuer="https://a.example/?a&amp;b" data-client="id&quot;&lt;">',
        f'<link rel="icon" type="image/svg+xml" href="{assets}/icons/icon.svg">',
        f'<link rel="apple-touch-icon" href="{assets}/icons/icon-apple.png">',
        f'<link rel="manifest" href="{assets}/icons/manifest.webmanifest">',
        f'<link rel="stylesheet" href="{assets}/vendor/pico.css">',
        f'<link rel="stylesheet" href="{assets}/styles/page.css">',
        *(f'<link rel="stylesheet" href="{assets}/{style}">' for style in styles),
        *(f'<link rel="modulepreload" href="{assets}/{name}">' for name in early),
        f'<script type="module" src="{assets}/{script}"></script>',
    ]
    assert early[0] == script
    assert len({*early}) == len(early)


def test_files_stand_below_sixteen_digits_of_their_content(api: Api) -> None:
    assert re.fullmatch("[0-9a-f]{16}", web_files().digest)
    path = f"/assets/{web_files().digest}/page/main.js"
    assert api.request("GET", path, user=None).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_file_compresses_to_the_same_bytes_at_any_time() -> None:
    file = WebFile.of(b"some text", "text/plain")
    assert (gzip.decompress(file.compressed), file.compressed[4:8]) == (b"some text", bytes(4))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ops-console",
        "/service-worker.js",
    ],
)
def test_the_etag_of_a_page_is_its_content_whatever_bytes_bring_it(api: Api, path: str) -> None:
    plain, compressed = (api.request("GET", path, user=None, headers=headers) for headers in (None, GZIP))
    tag = f'W/"{sha256(plain.body).hexdigest()[:16]}"'
    assert (plain.headers["ETag"], compressed.headers["ETag"]) == (tag, tag)
    assert (plain.headers["Vary"], compressed.headers["Content-Encoding"]) == ("Accept-Encoding", "gzip")
    again = api.request("GET", path, user=None, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["ETag"], again.headers["Cache-Control"]) == (304, tag, "no-cache")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("styles/page.css", "text/css; charset=utf-8"),
        ("page/main.js", "text/javascript; charset=utf-8"),
        ("icons/icon-apple.png", "image/png"),
        ("icons/icon.svg", "image/svg+xml"),
        ("icons/manifest.webmanifest", "application/manifest+json"),
    ],
)
def test_a_file_says_of_which_type_it_is(api: Api, name: str, content_type: str) -> None:
    answer = api.request("GET", f"/assets/{web_files().digest}/{name}", user=None)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == (
        "public, max-age=31536000, immutable",
        "Accept-Encoding",
    )


def test_a_picture_travels_as_its_bytes_and_a_script_as_text(api: Api) -> None:
    files = web_files()
    for name, kind in (("icons/icon-apple.png", "image/png"), ("icons/icon.svg", "image/svg+xml")):
        answer = api.request("GET", f"/assets/{files.digest}/{name}", user=None, headers={"Accept": "*/*"})
        assert (answer.headers["Content-Type"], answer.body) == (kind, files.assets[name].content)
