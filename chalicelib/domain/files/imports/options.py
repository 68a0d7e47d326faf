"""The options of an import, besides how the file is written (CALCULATION.md, 8)."""

from dataclasses import dataclass, field
from typing import Literal

from chalicelib.domain.files.csv.options import CsvOptions
from chalicelib.domain.meters.import_record import FileForm

ImportMode = Literal["all", "partial"]
OnConflict = Literal["error", "skip", "replace"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is read and what may be written of it.

    ``mode``: ``all`` writes nothing where a row is invalid or asked about, ``partial`` leaves such rows out.
    ``confirm`` answers what is asked back, ``preview`` writes nothing. ``on_conflict``: what is done about a row whose
    instant has another amount already. ``file_name`` is shown in the list of imports. ``form``: what the content is.
    """

    mode: ImportMode = "all"
    confirm: bool = False
    preview: bool = False
    on_conflict: OnConflict = "error"
    csv: CsvOptions = field(default_factory=CsvOptions)
    file_name: str | None = None
    form: FileForm = "csv"


DEFAULTS = ImportOptions()
