"""The mark ``series.calculation``, the calculation version that a meter shows, as queries and expressions.

The mark lies in ``series``, because the first release, which knows no calculation versions, writes or removes all of
``series`` whenever it publishes: the mark goes by itself then. ``invariants.calculation_of`` says what it means.
"""

from chalicelib.domain.meters.invariants import FIRST_CALCULATION, VERSION_LIMIT
from chalicelib.repositories.database import Document

MARK = "series.calculation"


def version_or(field: str, otherwise: int) -> Document:
    """An expression: a field, or something else where it holds no version."""
    checks = [{"$in": [{"$type": field}, ["int", "long"]]}, {"$gte": [field, 0]}, {"$lt": [field, VERSION_LIMIT]}]
    return {"$cond": [{"$and": checks}, field, otherwise]}


_MARKED: Document = {"$eq": ["$series.version", "$displayVersion"]}
_MARK_OR_FIRST: Document = {"$cond": [_MARKED, version_or(f"${MARK}", FIRST_CALCULATION), FIRST_CALCULATION]}
# ``invariants.calculation_of`` as an expression.
SHOWN_BY: Document = {"$cond": [{"$eq": ["$displayVersion", 0]}, 0, _MARK_OR_FIRST]}


def behind(version: int, calculation: int, *, whole: bool) -> Document:
    """What matches a sound meter that an update to a version, by a calculation, may be published to.

    One that shows an older version by the same calculation; where the update is ``whole`` also one that shows nothing
    newer by an older calculation. Never one that a newer calculation shows.
    """
    if not whole:
        return {"displayVersion": {"$lt": version}, "$expr": {"$in": [SHOWN_BY, [0, calculation]]}}
    older = {"$and": [{"$eq": [SHOWN_BY, calculation]}, {"$lt": ["$displayVersion", version]}]}
    return {"displayVersion": {"$lte": version}, "$expr": {"$or": [{"$lt": [SHOWN_BY, calculation]}, older]}}


def outdated(calculation: int) -> Document:
    """What matches meters that show all there is, by an older calculation: by the index on the mark."""
    return {MARK: {"$not": {"$gte": calculation}}, "displayVersion": {"$gt": 0}, "dirtySince": {"$exists": False}}


def not_newer(calculation: int) -> Document:
    """What matches meters that no newer calculation shows; an expression, so that no plan goes by the mark alone."""
    return {"$expr": {"$lte": [SHOWN_BY, calculation]}}
