"""Answers that are files of text."""

from typing import Any

from chalice import Response
from typing_extensions import override


class TextFile(Response):
    """A text that the caller keeps as a file.

    Its type may be a binary one of this API, as ``text/csv`` is, so that files arrive byte for byte. Then Chalice would
    answer in base64, and 400 to callers without a fitting ``Accept``, and API Gateway would pass the base64 on to those
    who send ``*/*``. So Chalice sees the type when it has decided, and the answer leaves as text.
    """

    def __init__(self, text: str, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(text, {**headers})
        self._content_type = content_type

    @override
    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """The answer as API Gateway takes it."""
        answer: dict[str, Any] = super().to_dict()
        answer["headers"]["Content-Type"] = self._content_type
        return answer
