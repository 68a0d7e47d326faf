"""Authentication: a JWT is checked against the configured issuer, audience and key set.

Checked in the application and not in an API Gateway authorizer, so that it is the same on AWS, on the laptop stack and
under the test client.
"""

import hashlib
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt import PyJWK, PyJWKSet

from chalicelib.domain.errors import AuthenticationError, ForbiddenError, UnavailableError
from chalicelib.monitoring.logger import logger

ALGORITHMS = ("RS256", "ES256", "EdDSA")
REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]
SUBJECT_LENGTH = 255  # OpenID Connect's own bound
LEEWAY_SECONDS = 10
REFETCH_SECONDS = 30.0
RETRY_SECONDS = 1.0  # while no key is known at all
MAX_AGE_SECONDS = 3600.0  # then a key that the issuer has withdrawn is forgotten
FETCH_TIMEOUT_SECONDS = 3.0
REMEMBERED_TOKENS = 1_000

OPERATOR = "operator"  # the role of those who move components between the backends
VIEWER = "viewer"  # the role of those who look at what operators look at, and change nothing

KeySet = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller: the user id that scopes every document, the roles of the token.

    ``client``: to whom it was issued, where it says so and that is not our own page.
    """

    user_id: str
    roles: frozenset[str]
    client: str = ""

    def require(self, *roles: str) -> None:
        """Raise ForbiddenError unless the token carries one of the roles."""
        if self.roles.isdisjoint(roles):
            raise ForbiddenError(f"this needs the role {' or '.join(roles)}")


class KeyStore:
    """The issuer's public keys: fetched again when they are old or a ``kid`` is unknown, at a limited rate.

    Known keys go on serving while the issuer cannot be reached.
    """

    def __init__(self, fetch: Callable[[], KeySet], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = float("-inf")
        self._reached = False

    def key(self, kid: str) -> PyJWK:
        """The key with this id.

        Raises:
            AuthenticationError: the issuer has no such key.
            UnavailableError: the issuer could not be asked whether it has.
        """
        if self._monotonic() - self._fetched_at >= self._patience(kid):
            self._refetch()
        if kid in self._keys:
            return self._keys[kid]
        if not self._reached:
            raise UnavailableError("the issuer's keys cannot be fetched; try again")
        raise AuthenticationError("the token is signed with a key that the issuer does not publish")

    def _patience(self, kid: str) -> float:
        """How old the keys may be before they are fetched again."""
        if kid in self._keys:
            return MAX_AGE_SECONDS if self._reached else REFETCH_SECONDS
        return REFETCH_SECONDS if self._keys else RETRY_SECONDS

    def _refetch(self) -> None:
        self._fetched_at = self._monotonic()
        self._reached = False
        try:
            keys = PyJWKSet.from_dict(dict(self._fetch())).keys
        except (OSError, ValueError, jwt.PyJWTError) as error:
            logger().warning("the issuer's keys cannot be fetched", exc_info=error)
            return
        self._reached = True
        self._keys = {key.key_id: key for key in keys if key.key_id}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a token has proved: whom, by which key, between which two moments (seconds since 1970)."""

    caller: Caller
    kid: str
    key: PyJWK
    since: float
    until: float


class TokenVerifier:
    """Turns an Authorization header into a caller, or refuses it.

    What a token proved is remembered by the token's digest, because checking it again takes as long as writing the
    answer. It counts until the token expires, and as long as the key is the one in the key store. The store fetches
    keys again from time to time: these are other objects, and then everything is checked again.
    """

    def __init__(self, keys: KeyStore, issuer: str, audience: str) -> None:
        self._keys = keys
        self.issuer: Final = issuer
        self.audience: Final = audience
        self._proofs: dict[bytes, Proof] = {}

    def verify(self, authorization: str | None) -> Caller:
        """The caller that a ``Bearer`` token proves.

        Raises:
            AuthenticationError: no token, or it is malformed, expired, unsigned, or from or for somebody else.
        """
        token = _bearer(authorization)
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        return self._known(digest) or self._remembered(digest, self._proof(token))

    def _known(self, digest: bytes) -> Caller | None:
        """Whom this token has proved, where nothing of that has changed since. Raises what ``KeyStore.key`` raises."""
        proof = self._proofs.get(digest)
        if proof is None or not proof.since <= time.time() < proof.until:
            return None
        if self._keys.key(proof.kid) is proof.key:
            return proof.caller
        self._proofs.clear()
        return None

    def _remembered(self, digest: bytes, proof: Proof) -> Caller:
        """Forgets all where there is no room: simple, and rare enough to cost nothing."""
        if len(self._proofs) >= REMEMBERED_TOKENS:
            self._proofs.clear()
        self._proofs[digest] = proof
        return proof.caller

    def _proof(self, token: str) -> Proof:
        checked_at = time.time()
        claims, key = self._claims(token)
        roles = claims.get("roles", [])
        if not isinstance(roles, list):
            raise AuthenticationError("the token's roles are not a list")
        caller = Caller(
            user_id=_subject(claims),
            roles=frozenset(map(str, roles)),
            client=self._client(claims),
        )
        return Proof(caller, str(key.key_id), key, checked_at, int(claims["exp"]) + LEEWAY_SECONDS)

    def _client(self, claims: dict[str, Any]) -> str:
        """To whom a token was issued, by OpenID Connect or RFC 9068; "" where that is our own page, or not said."""
        client = str(claims.get("azp") or claims.get("client_id") or "")
        return "" if client == self.audience else client

    def _claims(self, token: str) -> tuple[dict[str, Any], PyJWK]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise AuthenticationError("the token's algorithm is not accepted")
            key = self._keys.key(str(header.get("kid")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS},
            )
            return claims, key
        except jwt.ExpiredSignatureError as error:
            raise AuthenticationError("the token has expired") from error
        except (jwt.PyJWTError, ValueError) as error:  # ValueError: characters that no token has
            raise AuthenticationError("the token is not valid here") from error


def fetch_key_set(url: str) -> KeySet:
    """Fetch a JWKS document. The settings allow http and https addresses only."""
    with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_SECONDS) as answer:  # noqa: S310
        keys: KeySet = json.load(answer)
        return keys


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationError("send a token: Authorization: Bearer <token>")
    return token.strip()


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise AuthenticationError("the token names no user")
    if len(subject) > SUBJECT_LENGTH or not subject.isprintable():  # neither half a surrogate pair nor NUL is printable
        raise AuthenticationError(
            f"the token's sub cannot be a user: it has up to {SUBJECT_LENGTH} printable characters"
        )
    return subject
