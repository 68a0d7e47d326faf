"""The rows of a trace in the database, each found by an index (migration 014)."""

from collections.abc import Callable, Iterator, Mapping

from chalicelib.domain.readings import to_ms
from chalicelib.repositories.database import READ_SECONDS, Collections, Document, MongoDatabase, time_limit
from infra.operations.trace.path import MOST, Step, in_words

Words = Callable[[Document], str]


def rows(database: MongoDatabase, trace_id: str) -> Iterator[Step]:
    """The steps that the database knows. Nothing is sorted there: a trace may have any number of rows."""
    for name, (moment, words) in KEPT.items():
        wanted = {"traceId": trace_id, moment: {"$type": "date"}}
        with time_limit(READ_SECONDS):
            found = [*database[name].find(wanted, limit=MOST + 1)]
        yield from (Step(to_ms(row[moment]), name.value, words(row)) for row in found)


def _usage(row: Document) -> str:
    failed = f", {row['error']}" if row.get("error") else ""
    asked = f"{row.get('component')} by the {row.get('backend')} backend ({row.get('reason')})"
    return f"{asked} in {row.get('elapsedMs')} ms{failed}, user {row.get('user')}"


def _comparison(row: Document) -> str:
    seen = [str(each.get("fingerprint")) for each in row.get("differences", ())]
    return " ".join([f"{row.get('component')} compared: {row.get('outcome')}", *seen])


def _feedback(row: Document) -> str:
    answered = f"answered by the {row.get('backend')} backend ({row.get('reason')})"
    came = "open" if row.get("open") else row.get("outcome") or "not compared"
    return f"{row.get('component')} looks wrong, {answered}: {came}, user {row.get('user')}"


def _flag_change(row: Document) -> str:
    flags = ", ".join(row.get("flags", ()))
    return f"{row.get('action')} {flags} by {row.get('by')}, {row.get('state')}: {row.get('reason')}"


def _import(row: Document) -> str:
    counts = in_words({name: row.get(name) for name in ("success", "replaced", "skipped", "errors")})
    return f"import of {row.get('form')}: {counts}" + (", undone since" if row.get("undone") else "")


def _discarded(row: Document) -> str:
    letter = f"dead letter {row.get('_id')} of {row.get('function')}"
    return f"{letter} discarded by {row.get('discardedBy')}: {row.get('reason')}"


KEPT: Mapping[Collections, tuple[str, Words]] = {
    Collections.USAGE: ("at", _usage),
    Collections.COMPARISONS: ("at", _comparison),
    Collections.FEEDBACK: ("at", _feedback),
    Collections.FLAG_CHANGES: ("at", _flag_change),
    Collections.IMPORTS: ("at", _import),
    Collections.DISCARDED: ("discardedAt", _discarded),
}
