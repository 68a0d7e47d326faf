"""The page over HTTP: its files, its security headers, its size, and no data of a person in it."""

import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from chalice.test import HTTPResponse

from chalicelib.api.web import files
from chalicelib.api.web.routes import content_policy
from tests.fakes.issuer import AUDIENCE, ISSUER
from tests.functional.conftest import Api, problem
from tests.functional.web.budget import BUDGET_BYTES, BUDGET_REQUESTS

BROWSER = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"}
LATER = {
    "service_worker.js",
    *(f"account/{name}.js" for name in ("account", "account_words")),
    *(f"components/{name}.js" for name in ("csv_import", "form_words", "month_table")),
    *(f"{room}/{path.name}" for room in ("console", "console_screens") for path in (files.FOLDER / room).glob("*.js")),
    *(f"components/reading_{name}.js" for name in ("form", "questions")),
    *(f"demo/{name}.js" for name in ("demo", "demo_api", "demo_words", "household", "welcome")),
    *(f"device/{name}.js" for name in ("device", "offline", "offline_words", "queue", "stay_signed_in")),
    *(f"files/csv_{name}.js" for name in ("export", "file", "list", "report", "words")),
    *(f"meters/{name}.js" for name in ("meter_settings", "meter_words", "reminder")),
    *(f"page/{name}.js" for name in ("saving", "sign_in")),
    "vendor/oauth4webapi.js",
    *(f"witness/{name}.js" for name in ("feedback", "feedback_words", "mark", "mark_words", "measuring", "witness")),
}
OF_OPERATORS = re.compile("console")


def get(api: Api, path: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    return api.request("GET", path, user=None, headers=headers)


def linked(page: HTTPResponse) -> list[str]:
    """What the page itself asks for: scripts once, although each is named for loading early too."""
    return [*dict.fromkeys(re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()))]


def first_load(page: HTTPResponse) -> list[str]:
    """What a browser asks for before anybody installs the page."""
    return [path for path in linked(page) if not path.endswith((".png", ".webmanifest"))]


def test_the_page_is_there_for_everybody(api: Api) -> None:
    page = get(api, "/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f'data-issuer="{ISSUER}"' in page.body.decode()
    assert f'data-client="{AUDIENCE}"' in page.body.decode()


def test_the_page_is_asked_for_again_each_time_and_sent_once(api: Api) -> None:
    page = get(api, "/")
    assert page.headers["Cache-Control"] == "no-cache"
    again = get(api, "/", {"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["ETag"] == page.headers["ETag"]
    assert again.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]
    assert get(api, "/", {"If-None-Match": '"another"'}).status_code == 200


def test_everything_that_the_page_names_is_there_and_kept_for_a_year(api: Api) -> None:
    paths = linked(get(api, "/"))
    assert {path.rpartition(".")[2] for path in paths} == {"js", "css", "svg", "png", "webmanifest"}
    for path in paths:
        file = get(api, path)
        assert file.status_code == 200, path
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert file.headers["Content-Type"] == files.TYPES[f".{path.rpartition('.')[2]}"]
        assert file.body == (files.FOLDER / path.split("/", 3)[3]).read_bytes()


def test_the_scripts_of_the_first_view_are_named_for_loading_early(api: Api) -> None:
    named = {path.split("/", 3)[3] for path in linked(get(api, "/")) if path.endswith(".js")}
    assert named == {path.relative_to(files.FOLDER).as_posix() for path in files.FOLDER.rglob("*.js")} - LATER


def test_scripts_import_files_that_are_there() -> None:
    for script in {*files.FOLDER.glob("*/*.js")} - {*files.FOLDER.glob("vendor/*")}:
        for path in re.findall(r'(?: from |\bimport\()"([^"]+)"', script.read_text()):
            target = (script.parent / path).resolve()
            assert path.startswith("."), f"{script.name} imports {path} from elsewhere"
            assert target.relative_to(files.FOLDER).as_posix() in files.web_files().assets


@pytest.mark.parametrize(
    "entry",
    [
        "/",
        "/ops-console",
    ],
)
def test_the_first_load_stays_within_its_budget(api: Api, entry: str) -> None:
    page = get(api, entry, BROWSER)
    paths = first_load(get(api, entry))
    loaded = [page, *(get(api, path, BROWSER) for path in paths)]
    assert {answer.headers["Content-Encoding"] for answer in loaded} == {"gzip"}
    assert sum(len(answer.body) for answer in loaded) <= BUDGET_BYTES
    assert len(loaded) <= BUDGET_REQUESTS


def test_the_operators_page_is_the_same_document_with_scripts_and_styles_of_its_own(api: Api) -> None:
    page, console = get(api, "/"), get(api, "/ops-console")
    assert console.status_code == 200
    for name in page.headers.keys() - {"ETag", "Trace-Id"}:
        assert console.headers[name] == page.headers[name]
    names = {path.split("/", 3)[3] for path in linked(console)}
    assert {"console/main.js", "styles/console.css", "styles/page.css", "vendor/pico.css"} <= names
    assert not names & {"page/main.js", "page/app.js", "page/household.js"}
    assert [path for path in linked(page) if OF_OPERATORS.search(path)] == []


def test_who_comes_back_from_signing_in_gets_the_page_that_they_left(api: Api) -> None:
    page, console = get(api, "/").body, get(api, "/ops-console").body
    assert page != console
    assert get(api, "/?code=a&state=ops-console.random").body == console
    for state in ("random", "", "ops-console", "/ops-console.", "https://elsewhere.example"):
        assert get(api, f"/?code=a&state={state}").body == page


def test_who_has_the_operators_page_is_not_sent_it_again(api: Api) -> None:
    tag = get(api, "/ops-console").headers["ETag"]
    assert get(api, "/ops-console", {"If-None-Match": tag}).status_code == 304
    assert get(api, "/", {"If-None-Match": tag}).status_code == 200


def test_compressed_and_plain_are_the_same_and_caches_know_it(api: Api) -> None:
    for path in ("/", linked(get(api, "/"))[1]):
        plain, compressed = get(api, path), get(api, path, BROWSER)
        assert "Content-Encoding" not in plain.headers
        assert gzip.decompress(compressed.body) == plain.body
        assert plain.headers["Vary"] == compressed.headers["Vary"] == "Accept-Encoding"


def test_the_path_of_the_files_changes_with_their_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    for entry in files.ENTRIES:
        (tmp_path / entry.script).parent.mkdir()
        (tmp_path / entry.script).write_text("")
    (tmp_path / "index.html").write_text("")
    (tmp_path / "service_worker.js").write_text("")
    digests = set()
    for name, content in (("a.js", "one"), ("a.js", "two"), ("b.js", "two")):
        (tmp_path / "page" / name).write_text(content)
        digests.add(files.web_files.__wrapped__().digest)
    assert len(digests) == 3


@pytest.mark.parametrize(
    "path",
    [
        "page/nothing.js",
        "vendor/manifest.json",
        "vendor/preact.d.ts",
        "vendor/LICENSE-htm.txt",
        "page/..%2Findex.html",
        "..%2F..%2Fsettings.py",
        "%2E%2E/auth.py",
        "../auth.py",
        "page/main.js%00",
        "page/MAIN.js",
    ],
)
def test_nothing_but_the_files_of_the_page_is_served(api: Api, path: str) -> None:
    assert get(api, f"/assets/{files.web_files().digest}/{path}").status_code in {403, 404}


def test_a_file_of_another_content_is_not_there(api: Api) -> None:
    problem(get(api, "/assets/0000000000000000/page/main.js"), 404)


def release(api: Api) -> dict[str, Any]:
    first = get(api, "/service-worker.js").body.decode().partition("\n")[0]
    found: dict[str, Any] = json.loads(first.removeprefix("self.release = ").removesuffix(";"))
    return found


def test_the_service_worker_is_asked_for_again_each_time_and_asks_nobody_else(api: Api) -> None:
    worker = get(api, "/service-worker.js")
    assert (worker.status_code, worker.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert worker.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    again = get(api, "/service-worker.js", {"If-None-Match": worker.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")


def test_the_service_worker_keeps_every_script_of_this_release(api: Api) -> None:
    found = release(api)
    assert found["digest"] == files.web_files().digest
    assert set(found["files"]) == {
        name
        for name in files.web_files().assets
        if name.endswith((".js", ".css", ".svg")) and not OF_OPERATORS.search(name)  # they need the network
    } - {"demo/household.js"}


def test_the_page_can_be_installed_where_it_is_served(api: Api) -> None:
    path = next(path for path in linked(get(api, "/")) if path.endswith(".webmanifest"))
    manifest = json.loads(get(api, path).body)
    assert {urljoin(path, manifest[name]) for name in ("start_url", "scope")} == {"/"}
    assert (manifest["display"], manifest["lang"]) == ("standalone", "en")
    for icon in manifest["icons"]:
        picture = get(api, urljoin(path, icon["src"]), {"Accept": "*/*"})
        assert (picture.headers["Content-Type"], picture.body[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(picture.body[at : at + 4]) for at in (16, 20))
        assert f"{width}x{height}" == icon["sizes"]
    assert [(icon["sizes"], icon.get("purpose")) for icon in manifest["icons"]] == [
        ("192x192", None),
        ("512x512", None),
        ("512x512", "maskable"),
    ]


def test_the_page_may_load_and_ask_nobody_but_itself_and_the_issuer(api: Api) -> None:
    assert get(api, "/").headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "worker-src 'self'; manifest-src 'self'; "
        f"connect-src 'self' {ISSUER}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


def test_the_policy_names_origins_only_and_each_once() -> None:
    policy = content_policy(["https://idp.example/pool", "https://login.example", "https://login.example"])
    assert "connect-src 'self' https://idp.example https://login.example;" in policy


def test_the_page_carries_the_other_guards(api: Api) -> None:
    headers = get(api, "/").headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
    )


def test_the_page_has_neither_script_nor_style_of_its_own() -> None:
    page = (files.FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/v2/energy",
        "/v1/energy",
        "/components/dashboard",
    ],
)
def test_no_answer_is_taken_for_another_type(api: Api, path: str) -> None:
    assert api.request("GET", path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/health", "/v2/energy"])
def test_https_is_remembered_where_it_was_used(api: Api, path: str) -> None:
    assert "Strict-Transport-Security" not in api.request("GET", path).headers
    secure = api.request("GET", path, headers={"X-Forwarded-Proto": "https"})
    assert secure.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/energy",
        "/v2/energy",
        "/v2/energy/unknown",
        "/v2/settings",
        "/v2/energy/export",
        "/components/dashboard",
    ],
)
def test_no_cache_keeps_a_persons_data(api: Api, path: str) -> None:
    assert api.request("GET", path).headers["Cache-Control"] == "no-store"
    assert api.request("GET", path, user=None).headers["Cache-Control"] == "no-store"
