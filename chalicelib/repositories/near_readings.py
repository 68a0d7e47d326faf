"""The readings beside some instants, with all that has changed, in one command: each found by the index by date."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pymongo.client_session import ClientSession

from chalicelib.domain.calculation.flagless import Span
from chalicelib.domain.readings import EnergyType, Reading, to_datetime
from chalicelib.repositories.database import Collections, Document, MongoDatabase
from chalicelib.repositories.documents import counted, flaws_in, point_of

CHANGED = 2_000  # readings at most that the display does not show
POINT: Document = {"$project": {"_id": False, "date": True, "amount": True}}
DECIDES: Document = {"$project": {"userId": True, "type": True, "date": True, "amount": True}}  # whether it is readable
Pipeline = Sequence[Document]


class Look(NamedTuple):
    """For the nearest reading from an instant on in one direction."""

    than: str
    instant: int
    direction: int


@dataclass(frozen=True, slots=True)
class NearReadings:
    """Looks at the readings of one meter, as a session sees them.

    ``reach``: a range of instants that holds all of them. ``changed``: the range of those that the display may not
    show, None: it shows all.
    """

    database: MongoDatabase
    user_id: str
    type: EnergyType
    session: ClientSession
    reach: Span
    changed: Span | None

    def beside(self, instants: Iterable[int]) -> set[Reading]:
        """The last reading before each of the instants, and the first one at or behind it."""
        return self._found([*self._before(instants), *self._behind(instants)])

    def with_changed(self, instants: Iterable[int]) -> set[Reading] | None:
        """Those beside the instants, what has changed, and those beside that; None: very many have."""
        if self.changed is None:
            return self.beside(instants)
        first, last = self.changed
        looks = [*self._before([*instants, first]), *self._behind([*instants, last + 1])]
        found = self._found(looks, self._within(first, last))
        return found if sum(first <= reading.instant <= last for reading in found) <= CHANGED else None

    def _before(self, instants: Iterable[int]) -> Iterator[Look]:
        """Beyond the reach there is no reading, so that one look stands for all that go there."""
        wanted = {min(instant, self.reach.last + 1) for instant in instants if instant > self.reach.first}
        return (Look("$lt", instant, -1) for instant in wanted)

    def _behind(self, instants: Iterable[int]) -> Iterator[Look]:
        wanted = {max(instant, self.reach.first) for instant in instants if instant <= self.reach.last}
        return (Look("$gte", instant, 1) for instant in wanted)

    def _found(self, looks: Sequence[Look], *others: Pipeline) -> set[Reading]:
        """The looks ask for any document first: half of a look's time is the rule which are readable."""
        found = self._read([*others, *(self._nearest(look, _as_stored) for look in looks)])
        if any(flaws_in(document) for document in found if "_id" in document):
            found = self._read([*others, *(self._nearest(look, counted) for look in looks)])
        return {point_of(document) for document in found}

    def _read(self, pipelines: Sequence[Pipeline]) -> list[Document]:
        if not pipelines:
            return []
        readings = Collections.READINGS.value
        others = [{"$unionWith": {"coll": readings, "pipeline": each}} for each in pipelines[1:]]
        return list(self.database[readings].aggregate([*pipelines[0], *others], session=self.session))

    def _nearest(self, look: Look, rule: Callable[[Document], Document]) -> Pipeline:
        own = {"userId": self.user_id, "type": self.type.value, "date": {look.than: to_datetime(look.instant)}}
        return [{"$match": rule(own)}, {"$sort": {"date": look.direction}}, {"$limit": 1}, DECIDES]

    def _within(self, first: int, last: int) -> Pipeline:
        dates = {"$gte": to_datetime(first), "$lte": to_datetime(last)}
        own = {"userId": self.user_id, "type": self.type.value, "date": dates}
        return [{"$match": counted(own)}, {"$limit": CHANGED + 1}, POINT]


def _as_stored(conditions: Document) -> Document:
    return conditions
