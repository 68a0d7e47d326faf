"""Deciding which media types API Gateway passes as bytes.

See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html.
"""

from collections.abc import Iterable


def matches(mime_type: str | None, binary_media_types: Iterable[str]) -> bool:
    """Whether the first type of an ``Accept`` or ``Content-Type`` is one of the API's; ``*/*`` there means all."""
    first = (mime_type or "").split(",")[0].split(";")[0].strip().lower()
    kind = first.partition("/")[0]
    return bool(first) and any(known in ("*/*", f"{kind}/*", first) for known in binary_media_types)
