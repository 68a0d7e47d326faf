"""The page on the deployed stack: found from the port alone, and a sign-in that reaches the components."""

import re
from typing import Any
from urllib.parse import urlsplit

import urllib3

from infra.local.layout import AUDIENCE, Layout
from tests.e2e.conftest import Deployed
from tests.integration.infra.sign_in import code_for, exchanged, page_of


def get(layout: Layout, path: str, **headers: str) -> Any:
    http = urllib3.PoolManager(retries=False, timeout=60)
    return http.request("GET", f"http://localhost:{layout.ports.api}{path}", headers=headers, redirect=False)


def test_the_port_alone_leads_to_the_page(deployed: Deployed) -> None:
    answer = get(deployed.layout, "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/api/")
    page = get(deployed.layout, "/api/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert get(deployed.layout, "/api/", **{"If-None-Match": page.headers["ETag"]}).status == 304


def test_the_files_of_the_page_arrive_through_api_gateway(deployed: Deployed) -> None:
    page = get(deployed.layout, "/api/").data.decode()
    paths = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert paths
    for path in dict.fromkeys(paths):
        assert path.startswith("/api/assets/")
        file = get(deployed.layout, path, Accept="*/*", **{"Accept-Encoding": "gzip"})
        assert (file.status, file.headers["Content-Encoding"]) == (200, "gzip"), path
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_whoever_signs_in_as_the_page_does_sees_the_dashboard(deployed: Deployed) -> None:
    page = get(deployed.layout, "/api/")
    [issuer] = re.findall(r'data-issuer="([^"]+)"', page.data.decode())
    assert issuer == deployed.layout.issuer_url
    assert issuer in page.headers["Content-Security-Policy"]
    assert f'data-client="{AUDIENCE}"' in page.data.decode()
    token = exchanged(deployed.layout, code_for(deployed.layout, "somebody new")).json()["id_token"]
    answer = get(deployed.layout, "/api/components/dashboard", Authorization=f"Bearer {token}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert [meter["type"] for meter in answer.json()["meters"]] == ["power", "gas"]


def test_the_issuer_sends_people_back_to_the_page(deployed: Deployed) -> None:
    assert get(deployed.layout, urlsplit(page_of(deployed.layout)).path).status == 200
