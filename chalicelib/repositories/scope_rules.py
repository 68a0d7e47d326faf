"""Rules of the session filter: it refuses code in filters, stages that reach elsewhere, updates of the owner.

Rules only, on values that are about to be sent; the methods are in ``scoped``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from chalicelib.domain.errors import ScopeError

PLAIN = frozenset({str, int, bool, datetime, Decimal, ObjectId})
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Request = DeleteMany | DeleteOne | InsertOne[Any] | ReplaceOne[Any] | UpdateMany | UpdateOne
OWNER = "userId"
# Operators that run code, and stages that read or write other collections: refused at any place.
FORBIDDEN = frozenset(
    {"$where", "$function", "$accumulator", "$lookup", "$unionWith", "$graphLookup", "$out", "$merge"}
)
# Stages of a pipeline that see nothing but the documents before them. What a new server brings must be added by hand.
STAGES = frozenset(
    {
        "$addFields",
        "$bucket",
        "$bucketAuto",
        "$count",
        "$densify",
        "$facet",
        "$fill",
        "$group",
        "$limit",
        "$match",
        "$project",
        "$redact",
        "$replaceRoot",
        "$replaceWith",
        "$sample",
        "$set",
        "$setWindowFields",
        "$skip",
        "$sort",
        "$sortByCount",
        "$unset",
        "$unwind",
    }
)
# Those of an update that name what they change; the others could replace the document, owner and all.
UPDATE_STAGES = frozenset({"$addFields", "$set", "$unset"})


def check_operators(value: Any) -> None:
    """Raise ScopeError for a forbidden operator, at any depth."""
    if found := sorted(FORBIDDEN.intersection(_keys(value))):
        raise ScopeError(f"{', '.join(found)} is not allowed here")


def check_pipeline(pipeline: Sequence[Mapping[str, Any]]) -> None:
    """Raise ScopeError unless every stage works on the documents before it alone."""
    check_operators(pipeline)
    _check_stages(pipeline, STAGES)


def check_update(update: Update) -> None:
    """Raise ScopeError for an update that could change who owns a document."""
    check_operators(update)
    if not isinstance(update, Mapping):
        _check_stages(update, UPDATE_STAGES)
    if any(path.split(".")[0] == OWNER for path in _changed(update)):
        raise ScopeError("the owner of a document cannot be changed")


def owned(document: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """The document as the user's. Raises ScopeError where it says to be another's."""
    if document.get(OWNER, user_id) != user_id:
        raise ScopeError("a document of another user must not be written")
    return {**document, OWNER: user_id}


def _keys(value: Any) -> set[str]:
    """Every key at every depth; the driver takes tuples for arrays too.

    Without a recursion, and with a short way for plain values: this looks at all that is sent.
    """
    keys, left = set[str](), [value]
    while left:
        item = left.pop()
        if type(item) in PLAIN:
            continue
        if isinstance(item, Mapping):
            keys.update(item)
            left.extend(item.values())
        elif isinstance(item, list | tuple):
            left.extend(item)
    return keys


def _check_stages(pipeline: Sequence[Mapping[str, Any]], allowed: frozenset[str]) -> None:
    if unknown := sorted({name for stage in pipeline for name in stage} - allowed):
        raise ScopeError(f"the stage {', '.join(unknown)} is not allowed here")


def _changed(update: Update) -> Iterator[str]:
    """The paths that an update writes, in each of the forms that operators and stages take."""
    for stage in [update] if isinstance(update, Mapping) else update:
        for operator, fields in stage.items():
            yield from fields if isinstance(fields, Mapping | list | tuple) else (str(fields),)
            if operator == "$rename":
                yield from fields.values()
