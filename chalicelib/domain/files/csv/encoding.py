"""The text of a file (CALCULATION.md, 8): UTF-8, UTF-16 with a byte order mark, or else Windows-1252."""

import codecs

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.parsed import Encoding

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
_SAVE = "save it as CSV UTF-8"


def decode(content: bytes) -> tuple[str, Encoding]:
    """The text without its byte order mark, and the encoding; ASCII is UTF-8.

    Windows-1252 leaves five bytes undefined. A file with one of them is refused: a replacement would change a text.

    Raises:
        CsvError: no text in one of the three encodings.
    """
    if content.startswith(_WORKBOOKS):
        raise CsvError(f"the file is a workbook or an archive, not CSV: {_SAVE}")
    if content.startswith(_UTF_16):
        return _utf_16(content), "utf-16"
    if b"\0" in content[:4]:
        raise CsvError(f"the file begins with NUL bytes, as UTF-16 without a byte order mark does: {_SAVE}")
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as exc:
        if content.startswith(codecs.BOM_UTF8):
            raise CsvError(f"the file begins as UTF-8 but is not ({_where(exc)}): {_SAVE}") from exc
    return _windows_1252(content), "windows-1252"


def _utf_16(content: bytes) -> str:
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as exc:
        raise CsvError(f"the file begins as UTF-16 but breaks off within a character: {_SAVE}") from exc


def _windows_1252(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as exc:
        raise CsvError(f"the file is neither UTF-8 nor Windows-1252 ({_where(exc)}): {_SAVE}") from exc


def _where(exc: UnicodeDecodeError) -> str:
    line = len((exc.object[: exc.start] + b".").splitlines())
    return f"byte 0x{exc.object[exc.start]:02X} in line {line}"
