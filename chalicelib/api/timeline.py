"""The range and buckets of a histogram as a caller gives them: dates as texts, in the user's zone."""

from chalicelib.api.endpoint import Call
from chalicelib.domain.histogram import DEFAULT_BUCKETS
from chalicelib.domain.readings import parse_instant
from chalicelib.services.display import Timeline


def timeline_of(call: Call, first: str | None, last: str | None, buckets: int | None) -> Timeline:
    """The timeline that a query asks for; the user's zone is read only where there is a date to read in it.

    Raises:
        InvalidReadingError: a text that is no date.
    """
    if first is None and last is None:
        return Timeline(buckets=buckets or DEFAULT_BUCKETS)
    zone = call.container.configuration.settings(call.user_id).zone
    instants = [None if text is None else parse_instant(text, zone) for text in (first, last)]
    return Timeline(instants[0], instants[1], buckets or DEFAULT_BUCKETS)
