"""The file of a request: its body, or the one file of a form."""

import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from chalicelib.api.errors import PLACE_LENGTH, BodyTooLargeError, MalformedBodyError, UnsupportedMediaError, shortened
from chalicelib.domain.errors import FieldError, InvalidInputError

JSON = "application/json"
TEXT_CSV = "text/csv"
FORM = "multipart/form-data"
# What browsers, shells and Excel on Windows call a CSV file.
CSV = (TEXT_CSV, "text/plain", "application/csv", "application/vnd.ms-excel")
UNNAMED = "application/octet-stream"  # of a file in a form: the client does not know what it is

FILE_BYTES = 4 * 1024 * 1024  # base64 of it stays below the 6 MB that Lambda takes
FORM_BYTES = FILE_BYTES + 64 * 1024  # what a form puts around its file is no part of the file
FORM_PARTS = 20
NAME_LENGTH = 200
UNREADABLE = "/"  # in place of a name that nobody can read: it is a file all the same, and has none


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file: its bytes, at most 4 MB; its name where a form gives one; its type, which may be ``UNNAMED``."""

    content: bytes
    name: str | None
    media_type: str


def file_of(content: bytes, content_type: str, accepted: Collection[str]) -> UploadedFile:
    """The file of a request, from its body and its ``Content-Type``; ``accepted`` are the types of files.

    Raises:
        BodyTooLargeError: the file has more than 4 MB.
        MalformedBodyError: the body is no form, though its type says so.
        InvalidInputError: the form has not exactly one file, or fields beside it.
        UnsupportedMediaError: the file in the form is of another type.
    """
    media_type = media_type_of(content_type)
    file = _file_of_form(content, content_type) if media_type == FORM else UploadedFile(content, None, media_type)
    if file.media_type not in {*accepted, UNNAMED}:
        raise UnsupportedMediaError(
            f"the file in the form is {shortened(file.media_type, PLACE_LENGTH)}: send {' or '.join(accepted)}"
        )
    if len(file.content) > FILE_BYTES:
        raise BodyTooLargeError(f"the file has {len(file.content)} bytes, this path takes up to {FILE_BYTES}")
    return file


def media_type_of(content_type: str) -> str:
    """A ``Content-Type`` without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def _file_of_form(content: bytes, content_type: str) -> UploadedFile:
    files: list[UploadedFile] = []
    for head, part in _parts(content, content_type):
        name = _file_name(head)
        if name is None:
            raise _field(shortened(str(head.name), PLACE_LENGTH), "a form field: send options in the query string")
        if name or part:  # a browser sends an empty one where no file was chosen
            files.append(UploadedFile(part, _without_path(name), head.content_type or UNNAMED))
    if len(files) != 1:
        raise _field("body", f"the form has {len(files)} files: send exactly one")
    return files[0]


def _parts(content: bytes, content_type: str) -> Iterator[tuple[MultipartSegment, bytes]]:
    """What the form is made of: the head of each part, and its bytes. Raises MalformedBodyError."""
    chunks: list[bytes] = []
    try:
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        parser = PushMultipartParser(boundary.encode(errors="replace"), max_segment_count=FORM_PARTS)
        for event in parser.parse_blocking(io.BytesIO(content).read):
            if isinstance(event, MultipartSegment):
                head, chunks = event, []
            elif event is None:
                yield head, b"".join(chunks)
            else:
                chunks.append(event)
    except MultipartError as error:
        raise MalformedBodyError(f"the body is not a form ({FORM}) as its Content-Type says: {error}") from error


def _file_name(head: MultipartSegment) -> str | None:
    """The name of a part that is a file, however its client encodes it (RFC 7578, and 5987 as some programs do)."""
    if head.filename is None:
        message = Message()
        message["Content-Disposition"] = head.header("Content-Disposition")
        try:
            return message.get_filename()
        except ValueError:  # an encoding that no name has, such as "undefined", or one in which it is nonsense
            return UNREADABLE
    return str(head.filename)


def _without_path(given: str) -> str | None:
    """The name alone: some clients send the whole path on their machine."""
    last = re.split(r"[/\\]", given)[-1]
    return "".join(filter(str.isprintable, last)).strip()[:NAME_LENGTH] or None


def _field(where: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{where}: {reason}", (FieldError(where, reason),))
