"""All meters, and everybody who has one: a page at a time by the index on their ids, so that memory stays flat.

For system jobs and for plans about all users, so outside the session filter.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from typing_extensions import override

from chalicelib.domain.meters.invariants import id_of, is_sound, is_version
from chalicelib.domain.meters.register import MeterRegister, RegisteredMeter
from chalicelib.domain.migration.records.flag_history import KnownUsers
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import (
    READ_SECONDS,
    Collections,
    Document,
    MongoDatabase,
    meter_id,
    time_limit,
)
from chalicelib.repositories.documents import WHOLE

AT_ONCE = 500
USERS_AT_ONCE = 2_000
TYPES = [energy_type.value for energy_type in EnergyType]
METER = dict.fromkeys(("modulus", "runsBackwards", "exchanges", "series", "sweep", "packing"), 0)


class MongoMeterRegister(MeterRegister):
    """``MeterRegister`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def meters(self, user_id: str | None = None, since: int | None = None) -> Iterator[RegisteredMeter]:
        """Read by the meters' ids."""
        for page in self._pages(user_id):
            meters = [meter for meter in page if id_of(meter["_id"])]
            yield from map(_registered, meters if since is None else self._written(meters, since))

    def _pages(self, user_id: str | None) -> Iterator[list[Document]]:
        if user_id is not None:
            ids = {"$in": [meter_id(user_id, energy_type) for energy_type in EnergyType]}
            yield _page(self._database, ids, METER, AT_ONCE, self._timeout)
        else:
            yield from _all_pages(self._database, METER, AT_ONCE, self._timeout)

    def _written(self, page: Sequence[Document], since: int) -> list[Document]:
        """A meter does not say when it was written last, but what was written since is dirty or was refreshed since."""
        refreshed = self._refreshed(page, since)
        return [meter for meter in page if not is_sound(meter) or "dirtySince" in meter or _owner(meter) in refreshed]

    def _refreshed(self, page: Sequence[Document], since: int) -> set[tuple[str, str]]:
        """The meters whose summary, which every refresh writes, was written since then."""
        summaries = {
            "userId": {"$in": [_owner(meter)[0] for meter in page]},
            "type": {"$in": TYPES},
            "dataType": "summary",
            "calculatedAt": {"$gte": to_datetime(since)},
        }
        with time_limit(self._timeout):
            found = self._database[Collections.DISPLAY].find(summaries, projection={"userId": 1, "type": 1})
            return {(summary["userId"], summary["type"]) for summary in found}


class MongoKnownUsers(KnownUsers):
    """``KnownUsers`` on MongoDB, from the index alone."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @override
    def known_users(self) -> Iterator[str]:
        """Each user once, memory staying flat.

        Between two meters of ``a`` only those of users whose ids begin with ``a|`` can be, so it is enough to
        remember the users whose ids begin the present one.
        """
        around: list[str] = []
        for meter in chain.from_iterable(_all_pages(self._database, {"_id": True}, USERS_AT_ONCE, READ_SECONDS)):
            user_id = _owner(meter)[0]
            around = [other for other in around if f"{user_id}|".startswith(f"{other}|")]
            if user_id not in around:
                around.append(user_id)
                yield user_id


def _all_pages(database: MongoDatabase, fields: Document, at_once: int, seconds: float) -> Iterator[list[Document]]:
    """Every page of meters in the order of their ids."""
    last = ""
    while found := _page(database, {"$gt": last, **WHOLE}, fields, at_once, seconds):
        yield found
        last = found[-1]["_id"]


def _page(database: MongoDatabase, ids: Document, fields: Document, at_once: int, seconds: float) -> list[Document]:
    with time_limit(seconds):
        return list(database[Collections.METERS].find({"_id": ids}, fields, sort=[("_id", 1)], limit=at_once))


def _registered(meter: Document) -> RegisteredMeter:
    """Any version does for a damaged meter: a refresh looks at it in any case."""
    version = meter.get("sourceVersion")
    user_id, energy_type = _owner(meter)
    return RegisteredMeter(user_id, EnergyType(energy_type), version if is_version(version) and version else 1)


def _owner(meter: Document) -> tuple[str, str]:
    user_id, _, energy_type = meter["_id"].rpartition("|")
    return user_id, energy_type
