"""Signing in on the laptop: the provider gives the page, and nobody else, tokens that the application accepts."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import jwt
import psutil
import pytest

from chalicelib.auth import KeyStore, TokenVerifier, fetch_key_set
from infra.local import throwaway
from infra.local.layout import AUDIENCE, Layout
from infra.local.processes.supervision import Supervisor
from tests.integration.infra.sign_in import asked, code_for, exchanged, page_of, send


@pytest.fixture(scope="module")
def stack() -> Iterator[Layout]:
    with throwaway.issuer() as layout:
        yield layout


def verifier_of(stack: Layout) -> TokenVerifier:
    return TokenVerifier(
        KeyStore(lambda: fetch_key_set(f"{stack.issuer_url}/jwks")), issuer=stack.issuer_url, audience=AUDIENCE
    )


@pytest.mark.parametrize(
    ("user", "roles"), [("home", []), ("olga", ["operator"]), ("vera", ["viewer"]), ("Jürgen Öz", [])]
)
def test_whoever_signs_in_gets_a_token_that_the_application_accepts(stack: Layout, user: str, roles: list[str]) -> None:
    answer = exchanged(stack, code_for(stack, user, nonce="a nonce"))
    assert answer.status == 200
    token = answer.json()["id_token"]
    caller = verifier_of(stack).verify(f"Bearer {token}")
    assert (caller.user_id, [*caller.roles]) == (user, roles)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["nonce"] == "a nonce"
    assert claims["exp"] - claims["iat"] == answer.json()["expires_in"] == 3600


def test_the_people_of_the_demo_are_offered_by_name(stack: Layout) -> None:
    form = send(stack, "GET", asked(stack)).data.decode()
    assert all(f'value="{name}"' in form for name in ("home", "demo", "alice", "olga", "vera"))
    assert 'type="password"' not in form


def test_a_wrong_verifier_is_refused_and_spends_the_code(stack: Layout) -> None:
    code = code_for(stack, "home")
    refused = exchanged(stack, code, code_verifier="w" * 43)
    assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")
    assert exchanged(stack, code).status == 400


def test_a_code_serves_once(stack: Layout) -> None:
    code = code_for(stack, "home")
    assert [exchanged(stack, code).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(
    "others",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": None},
    ],
)
def test_a_request_without_a_proper_challenge_gets_no_code(stack: Layout, others: dict[str, str | None]) -> None:
    answer = send(stack, "POST", asked(stack, **others), {"user": "home"})
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    assert "code" not in query
    assert query["error"] == ["invalid_request"]


@pytest.mark.parametrize(
    "uri", ["https://elsewhere.example/", "http://localhost:{port}/api/more", "http://localhost.example:{port}/api/"]
)
def test_a_code_goes_to_the_page_only(stack: Layout, uri: str) -> None:
    answer = send(stack, "POST", asked(stack, redirect_uri=uri.format(port=stack.ports.api)), {"user": "home"})
    assert answer.status == 400
    assert "Location" not in answer.headers


def test_another_client_is_refused(stack: Layout) -> None:
    answer = send(stack, "POST", asked(stack, client_id="another"), {"user": "home"})
    assert answer.status in {400, 401}
    assert "Location" not in answer.headers
    assert exchanged(stack, code_for(stack, "home"), client_id="another").status in {400, 401}


def test_a_code_is_bound_to_the_address_that_it_was_sent_to(stack: Layout) -> None:
    answer = exchanged(stack, code_for(stack, "home"), redirect_uri=page_of(stack).replace("localhost", "127.0.0.1"))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_scripts_of_the_page_alone_read_its_answers(stack: Layout) -> None:
    path = "/.well-known/openid-configuration"
    own, foreign = page_of(stack).removesuffix("/api/"), "https://elsewhere.example"
    assert send(stack, "GET", path, Origin=own).headers["Access-Control-Allow-Origin"] == own
    assert "Access-Control-Allow-Origin" not in send(stack, "GET", path, Origin=foreign).headers


def test_a_name_that_was_pointed_at_this_machine_is_refused(stack: Layout) -> None:
    assert send(stack, "GET", "/jwks", Host="rebound.example").status == 400


def test_its_description_of_itself_is_what_a_client_expects(stack: Layout) -> None:
    said = json.loads(send(stack, "GET", "/.well-known/openid-configuration").data)
    assert said["issuer"] == stack.issuer_url
    assert said["code_challenge_methods_supported"] == ["S256"]
    keys = json.loads(send(stack, "GET", urlsplit(said["jwks_uri"]).path).data)["keys"]
    assert [key["alg"] for key in keys] == said["id_token_signing_alg_values_supported"]
    assert "d" not in keys[0]


def test_it_listens_on_this_machine_only(stack: Layout) -> None:
    leader = Supervisor(stack.folder).process_of("issuer")
    assert leader
    held = [found.laddr for found in leader.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in held] == [("127.0.0.1", stack.ports.issuer)]
