"""The whole function as API Gateway calls it, with flags evaluated as in Lambda."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qs

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import Container, Surroundings, compose, mongo_ports, now, using
from chalicelib.domain.backends.sync_mode import Side
from chalicelib.domain.ports.outside import Clock
from chalicelib.flags.decisions.evaluation import FlagDecisions
from chalicelib.flags.decisions.store import FixedFlagStore
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.flag_document import FlagDocument
from chalicelib.flags.document.names import FLAGS
from chalicelib.repositories.database import MongoDatabase
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer
from tests.performance.setting import Call


@dataclass(frozen=True)
class Deployment:
    """The application with every component on one side, by flags evaluated as in Lambda."""

    container: Container
    issuer: FakeIssuer

    @classmethod
    def on(cls, database: MongoDatabase, issuer: FakeIssuer, side: Side = Side.NEW, clock: Clock = now) -> Self:
        """On a database."""
        percent = Decimal(100 if side is Side.NEW else 0)
        flags = {name: Flag(name, 0, 0, enabled=True, rollout_percent=percent) for name in FLAGS}
        around = Surroundings(FlagDecisions(FixedFlagStore(FlagDocument(flags, version="bench"))))
        verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
        return cls(compose(mongo_ports(database, FakePublisher()), verifier, clock, around), issuer)

    def asks(self, user: str, path: str, body: str | None = None, status: int = 200) -> Call:
        """A call of the whole function as somebody; with a body it is a POST."""
        call = asking(app, path, self.issuer.token(user, exp=2**40), body, status)

        def ask() -> None:
            with using(self.container):
                call()

        return ask


def asking(function: Any, path: str, token: str = "", body: str | None = None, status: int = 200) -> Call:
    """A call of a whole function, as API Gateway calls it."""
    resource, _, query = path.partition("?")
    method = "GET" if body is None else "POST"
    event = {
        "requestContext": {"httpMethod": method, "resourcePath": resource, "path": resource, "requestId": "1"},
        "headers": {"authorization": f"Bearer {token}", "content-type": "application/json"},
        "multiValueQueryStringParameters": parse_qs(query) or None,
        "pathParameters": {},
        "body": body,
        "stageVariables": None,
        "isBase64Encoded": False,
    }

    def ask() -> None:
        answer = function(event, None)
        assert answer["statusCode"] == status, answer["body"]

    return ask
