"""All meters across users, for system jobs: a page at a time by the index on their ids, so that memory stays flat."""

from collections.abc import Callable, Iterator, Sequence

from typing_extensions import override

from chalicelib.domain.meter_invariants import id_of, is_sound, is_version
from chalicelib.domain.meter_register import MeterRegister, RegisteredMeter
from chalicelib.domain.readings import EnergyType, to_datetime
from chalicelib.repositories.database import Collections, Document, MongoDatabase, meter_id, time_limit

AT_ONCE = 500
TYPES = [energy_type.value for energy_type in EnergyType]
METER = {"modulus": 0, "exchanges": 0, "series": 0, "sweep": 0}


class MongoMeterRegister(MeterRegister):
    """``MeterRegister`` on MongoDB."""

    def __init__(self, database: MongoDatabase, timeout_seconds: float) -> None:
        self._database = database
        self._timeout = timeout_seconds

    @override
    def meters(self, user_id: str | None = None, since: int | None = None) -> Iterator[RegisteredMeter]:
        """By the meters' ids."""
        for page in self._pages(user_id):
            meters = [meter for meter in page if id_of(meter["_id"])]
            yield from map(_registered, meters if since is None else self._written(meters, since))

    def _pages(self, user_id: str | None) -> Iterator[list[Document]]:
        if user_id is not None:
            yield self._page({"$in": [meter_id(user_id, energy_type) for energy_type in EnergyType]})
        else:
            yield from page_by_page(self._page)

    def _page(self, ids: Document) -> list[Document]:
        with time_limit(self._timeout):
            found = self._database[Collections.METERS].find(
                {"_id": ids}, projection=METER, sort=[("_id", 1)], limit=AT_ONCE
            )
            return list(found)

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


def page_by_page(page: Callable[[Document], list[Document]]) -> Iterator[list[Document]]:
    """Every page of meters in the order of their ids; ``page`` finds the next one by a condition on the id."""
    last = ""
    while found := page({"$gt": last}):
        yield found
        last = found[-1]["_id"]


def _registered(meter: Document) -> RegisteredMeter:
    """Any version does for a damaged meter: a refresh looks at it whatever an event says."""
    version = meter.get("sourceVersion")
    user_id, energy_type = _owner(meter)
    return RegisteredMeter(user_id, EnergyType(energy_type), version if is_version(version) and version else 1)


def _owner(meter: Document) -> tuple[str, str]:
    user_id, _, energy_type = meter["_id"].rpartition("|")
    return user_id, energy_type
