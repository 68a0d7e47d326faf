"""Reading a CSV file in a test: all of it, or why it is refused."""

from chalicelib.domain.errors import CsvError
from chalicelib.domain.files.csv.rows import CsvOptions, ParsedCsv, parse_csv
from tests.unit.domain.calculation.building import BERLIN


def read(content: str | bytes, *, max_rows: int = 50_000, now: int | None = None, **options: object) -> ParsedCsv:
    encoded = content.encode() if isinstance(content, str) else content
    return parse_csv(encoded, BERLIN, CsvOptions(**options), max_rows=max_rows, now=now)  # type: ignore[arg-type]


def outcome(content: str | bytes, **options: object) -> ParsedCsv | str:
    """What was read, or why the file is refused; any other error fails the test."""
    try:
        return read(content, **options)  # type: ignore[arg-type]
    except CsvError as exc:
        return str(exc)


def refusal(content: str | bytes, **options: object) -> str:
    reason = outcome(content, **options)
    assert isinstance(reason, str), "the file was read"
    return reason


def shown(parsed: ParsedCsv) -> list[tuple[int, str, str]]:
    """Line, type and amount of each reading of a file without a bad row."""
    assert parsed.errors == []
    return [(row.line, row.type.value, str(row.amount)) for row in parsed.rows]
