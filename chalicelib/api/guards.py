"""Security headers of answers: no guessing of content types, https only, no stored copies."""

from chalice import Response
from chalice.app import Request

STRICT_TRANSPORT = "max-age=63072000"  # two years; subdomains are not ours to speak for


def guard(request: Request, response: Response) -> None:
    """Add what every answer carries."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.headers.get("x-forwarded-proto") == "https":
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT


def keep_private(response: Response) -> Response:
    """Let no cache keep a person's data."""
    response.headers["Cache-Control"] = "no-store"
    return response
