"""A file that somebody brings: a CSV file, or what the JSON export wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import ImportFileError, RowWarning
from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.files.csv.parsed import CsvFormat, CsvRow, RowError
from chalicelib.domain.files.csv.rows import parse_csv
from chalicelib.domain.files.export.json_document import ImportedConfiguration, parse_export
from chalicelib.domain.files.imports.options import ImportOptions
from chalicelib.domain.readings import EnergyType

_FOR_CSV = (
    "type, delimiter, decimal, dateOrder and the names of columns say how a CSV file is written: leave them out, an "
    "export in JSON says everything itself"
)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file holds, in its order. ``format`` is how a CSV file was understood; ``zone``: of a JSON export."""

    rows: Sequence[CsvRow]
    errors: Sequence[RowError] = ()
    warnings: Sequence[RowWarning] = ()
    format: CsvFormat | None = None
    configurations: Mapping[EnergyType, ImportedConfiguration] = field(default_factory=dict)
    zone: ZoneInfo | None = None

    @property
    def types(self) -> list[EnergyType]:
        """The types that the file has readings or settings of."""
        return sorted({row.type for row in self.rows} | self.configurations.keys())


def read_file(content: bytes, zone: ZoneInfo, options: ImportOptions, now: int) -> ReadFile:
    """Read a file.

    Args:
        content: its bytes.
        zone: where a date without an offset is local.
        options: what it is, and how it is written.
        now: the present (UTC milliseconds); what lies more than a day ahead is an error of its row.

    Raises:
        CsvError, ImportFileError: it cannot be read as a whole.
    """
    if options.form == "json":
        if options.csv != CsvOptions():
            raise ImportFileError(_FOR_CSV)
        return _read_export(content, zone, now)
    parsed = parse_csv(content, zone, options.csv, now=now)
    return ReadFile(parsed.rows, parsed.errors, parsed.warnings, parsed.format)


def _read_export(content: bytes, zone: ZoneInfo, now: int) -> ReadFile:
    export = parse_export(content, zone, now=now)
    return ReadFile(
        rows=[CsvRow(*row) for row in export.rows],
        errors=[RowError(*error) for error in export.errors],
        configurations={meter.type: meter for meter in export.meters},
        zone=export.zone,
    )
