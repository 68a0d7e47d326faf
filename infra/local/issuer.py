"""The OpenID Connect provider of a laptop stack: authorization code with PKCE (RFC 7636), by Authlib.

It signs with the stack's own key and asks for no password, so it listens on 127.0.0.1 only. It runs in an environment
of its own (``python -m infra.local.issuer``); ``ISSUER_SETTINGS`` says for which page and with which keys.
"""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.local.identity import Identity

HOST = "127.0.0.1"
LIFETIME = timedelta(hours=1)  # of a sign-in, as with usual providers
FORM = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who are you?</title>
<style>
  :root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif }
  main { max-width: 26rem; margin: 10vh auto; padding: 0 1rem }
  button, input { font: inherit; padding: .6rem; width: 100%; box-sizing: border-box; margin: .25rem 0 }
</style>
<main>
  <h1>Who are you?</h1>
  <p>This laptop stack asks for no password.</p>
  <form method="post">
    {% for name, what in people %}<button name="user" value="{{ name }}">{{ name }}: {{ what }}</button>{% endfor %}
  </form>
  <form method="post">
    <label>Or another name <input name="user" maxlength="255" autocomplete="username" required></label>
    <button>Sign in</button>
  </form>
</main>
</html>"""
NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
PEOPLE = (
    ("home", "a household up to yesterday"),
    ("demo", "a household of 2006 to 2010"),
    ("alice", "an empty account"),
    ("olga", "an operator"),
    ("vera", "somebody who only looks at what operators see"),
)
ROLES = {"olga": ["operator"], "vera": ["viewer"]}


class Page(ClientMixin):  # type: ignore[misc]  # Authlib is not installed where mypy runs
    """The one client: the page, which can keep no secret."""

    def __init__(self, client_id: str, redirect_uris: list[str]) -> None:
        self.client_id = client_id
        self.redirect_uris = redirect_uris

    def get_client_id(self) -> str:
        """Return its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: each request says where to go back to."""

    def get_allowed_scope(self, scope: str) -> str:
        """Return what a token may be for."""
        return "openid" if "openid" in (scope or "").split() else ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it is one of the page's own addresses, to the letter."""
        return redirect_uri in self.redirect_uris

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it comes without a secret."""
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        """Whether it asks for a code."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it brings a code."""
        return grant_type == "authorization_code"


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """A code that was given out and not used yet."""

    user: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    auth_time: int | None = None

    def get_redirect_uri(self) -> str:
        """Return the address that it was sent to."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what was asked for."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return what the ID token repeats."""
        return self.nonce


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """The authorization code grant; codes are kept in memory and used once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    codes: dict[str, Code] = {}  # noqa: RUF012 - Authlib makes a grant for each request

    def save_authorization_code(self, code: str, asked: Any) -> None:
        """Keep a code with everything that its exchange is checked against."""
        data = asked.payload.data
        self.codes[code] = Code(
            user=asked.user,
            redirect_uri=asked.payload.redirect_uri,
            scope=asked.payload.scope,
            nonce=data.get("nonce"),
            code_challenge=data["code_challenge"],
            code_challenge_method=data["code_challenge_method"],
        )

    def query_authorization_code(self, code: str, _client: Page) -> Code | None:
        """Take a code out: it can be shown once, rightly or wrongly."""
        return self.codes.pop(code, None)

    def delete_authorization_code(self, _code: Code) -> None:
        """Do nothing: it is taken out already."""

    def authenticate_user(self, code: Code) -> str:
        """Return whom the code is for."""
        return code.user


class StrictChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE with SHA-256, always."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge: Authlib lets it pass, and a client without a secret needs one."""
        asked = grant.request.payload.data
        if not (asked.get("code_challenge") and asked.get("code_challenge_method")):
            raise InvalidRequestError("send code_challenge and code_challenge_method=S256", redirect_uri=redirect_uri)
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token is the token that ``make token`` prints, and the nonce."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def exists_nonce(self, _nonce: str, _asked: Any) -> bool:
        """Never: a nonce is the page's own guard."""
        return False

    def encode_id_token(self, _token: Any, asked: Any) -> str:
        """Return the token of the person who was chosen."""
        nonce = asked.authorization_code.get_nonce()
        return self._identity.token(asked.user, ROLES.get(asked.user, ()), LIFETIME, nonce=nonce)


def provider(identity: Identity, page: Page, origins: list[str]) -> Flask:
    """Return the provider as a WSGI application; ``origins`` may read its answers by script."""
    app = Flask(__name__)
    lifetimes = {"authorization_code": int(LIFETIME.total_seconds())}
    app.config.update(TRUSTED_HOSTS=["localhost", HOST], OAUTH2_TOKEN_EXPIRES_IN=lifetimes)
    server = AuthorizationServer(
        app,
        query_client=lambda client_id: page if client_id == page.client_id else None,
        save_token=lambda _token, _asked: None,  # nobody asks for it again: an API checks ID tokens by their signature
    )
    server.register_grant(CodeGrant, [StrictChallenge(required=True), IdToken(identity)])

    @app.get("/.well-known/openid-configuration")  # type: ignore[untyped-decorator]
    def configuration() -> Response:
        return jsonify(metadata(identity.issuer))

    @app.get("/jwks")  # type: ignore[untyped-decorator]
    def keys() -> Response:
        return Response(identity.jwks(), mimetype="application/json")

    @app.route("/authorize", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    def authorize() -> Any:
        try:
            grant = server.get_consent_grant(end_user=None)
        except OAuth2Error as error:
            return server.handle_error_response(request, error)
        user = request.form.get("user", "").strip()
        if not user:
            return render_template_string(FORM, people=PEOPLE)
        return server.create_authorization_response(grant_user=user, grant=grant)

    @app.post("/token")  # type: ignore[untyped-decorator]
    def token() -> Any:
        return server.create_token_response()

    @app.after_request  # type: ignore[untyped-decorator]
    def guarded(response: Response) -> Response:
        response.headers.update({"Cache-Control": "no-store", "Content-Security-Policy": NO_SCRIPT})
        if request.headers.get("Origin") in origins:
            response.headers.update({"Access-Control-Allow-Origin": request.headers["Origin"], "Vary": "Origin"})
        return response

    return app


def metadata(issuer: str) -> dict[str, Any]:
    """Return what the provider publishes of itself (OpenID Connect Discovery, 3)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid"],
    }


class Silent(WSGIRequestHandler):
    """Logs no requests: their addresses say who signs in, and by which code."""

    def log_request(self, *_: object) -> None:
        """Do nothing."""


def main() -> None:
    """Serve until the process is ended."""
    settings = json.loads(os.environ["ISSUER_SETTINGS"])
    identity = Identity(Path(settings["keys"]), settings["issuer"])
    page = Page(settings["client_id"], [f"{origin}{settings['path']}" for origin in settings["origins"]])
    served = provider(identity, page, settings["origins"])
    make_server(HOST, settings["port"], served, threaded=True, request_handler=Silent).serve_forever()


if __name__ == "__main__":
    main()
