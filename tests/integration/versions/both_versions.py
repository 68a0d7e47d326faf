"""The answers of versions 1 and 2 to the same questions about every user, brought to one shape."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from chalice.test import Client
from pymongo.database import Database

from app import app
from chalicelib.auth import KeyStore, TokenVerifier
from chalicelib.bootstrap.container import compose, mongo_ports, using
from chalicelib.domain.calculation.summary_cards import REACH_DAYS
from chalicelib.domain.readings import FIRST_YEAR, EnergyType
from infra.simulation.memory.publisher import FakePublisher
from tests.fakes.issuer import AUDIENCE, ISSUER, FakeIssuer

Version = Literal["v1", "v2"]
V1: Version = "v1"
V2: Version = "v2"
NOW = 1_722_500_000_000  # 2024-08-01T08:13:20Z
PAGE = 500
Answers = dict[str, Any]


@dataclass(frozen=True)
class BothVersions:
    """The application on a database; its views are stored ones, or all made on request."""

    database: Database[Any]
    stored: bool = True

    def users(self) -> list[str]:
        """Everybody who has readings."""
        return sorted(self.database["energies"].distinct("userId"))

    def answers(self, version: Version, users: Iterable[str]) -> dict[str, Answers]:
        """By user: the list, and of each meter the months of every year with readings, histogram and summary."""
        issuer = FakeIssuer()
        verifier = TokenVerifier(KeyStore(issuer.key_set), ISSUER, AUDIENCE)
        container = compose(mongo_ports(self.database, FakePublisher()), verifier, lambda: NOW)
        project = str(Path(__file__).parents[3])
        with using(container), Client(app, project_dir=project) as client:
            return {
                user: dict(self._of(user, version, Caller(client, issuer.token(user), self.stored))) for user in users
            }

    def _of(self, user: str, version: Version, caller: "Caller") -> Iterator[tuple[str, Any]]:
        yield "readings", caller.readings(version)
        for kind in EnergyType:
            for year in self._years(user, kind):
                yield f"{kind} {year}", caller.view(version, "monthly", kind, f"&year={year}")
            for view in ("histogram", "summary"):
                yield f"{kind} {view}", caller.view(version, view, kind)

    def _years(self, user: str, kind: EnergyType) -> list[int]:
        dates = {"userId": user, "type": kind.value, "date": {"$type": "date"}}
        by_year: dict[str, Any] = {"_id": {"$year": "$date"}}
        found = self.database["energies"].aggregate([{"$match": dates}, {"$group": by_year}])
        return sorted(group["_id"] for group in found if group["_id"] >= FIRST_YEAR)


def _is_of_long_ago(data: Any) -> bool:
    """Whether these are the cards of a meter that was not read for more than a month: they are made on request."""
    last = data.get("lastReading")
    return last is not None and last["ageDays"] > REACH_DAYS


def as_version_1_says(data: Any) -> Any:
    """The figures of a view of version 2 without what the frozen version 1 does not know."""
    known = {name: value for name, value in data.items() if name not in ("lastYearSoFar", "yearChangePercent")}
    return known.get("months", known)


@dataclass(frozen=True)
class Caller:
    """One user."""

    client: Client
    token: str
    stored: bool

    def view(self, version: Version, view: str, kind: EnergyType, query: str = "") -> Any:
        """The figures; version 2's stored ones must not be behind."""
        if version == V1:
            return self._get(f"/v1/{view}?type={kind}{query}")
        answer = self._get(f"/v2/display?type={kind}&dataType={view}{query}")
        assert not answer["meta"]["stale"]
        if not _is_of_long_ago(answer["data"]):
            assert bool(answer["meta"]["calculatedAt"]) == self.stored, "whether the view is stored, or made on request"
        return as_version_1_says(answer["data"])

    def readings(self, version: Version) -> list[tuple[Any, ...]]:
        """What both versions say of a reading."""
        if version == V1:
            return [_reading(item, item["_id"]) for item in self._get("/v1/energy")]
        return [_reading(item, item["id"]) for item in self._pages()]

    def _pages(self) -> Iterator[Any]:
        path = f"/v2/energy?limit={PAGE}"
        page = self._get(path)
        yield from page["readings"]
        while page["nextCursor"]:
            page = self._get(f"{path}&cursor={quote(page['nextCursor'])}")
            yield from page["readings"]

    def _get(self, path: str) -> Any:
        answer = self.client.http.request("GET", path, {"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, (path, answer.body)
        return answer.json_body


def _reading(item: Any, key: str) -> tuple[Any, ...]:
    return key, item["type"], item["date"], item["amount"], item["createdAt"], item["updatedAt"]
