"""Finding places that still name a component's flag when everything is removed that goes with the old backend."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.backends.component import Component
from infra.removal.manifest import Manifest, load
from infra.removal.removal import planned, tracked

ROOTS = ("app.py", "chalicelib", "infra", "migrations")
ENDINGS = (".py", ".js", ".json", ".yaml")
# The name of a flag, and how code makes one of a component's name.
FLAG = re.compile(rf"\b(?:{'|'.join(Component)})_new_backend\b|}}_new_backend\b")


@dataclass(frozen=True, slots=True)
class Reference:
    """A line that names a flag; the first line of a file is 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def references_of(root: Path) -> list[Reference]:
    """The references that the removal leaves in a project.

    Raises OperatorError: its files or its manifest cannot be read, or do not fit each other. So nobody can say.
    """
    return left_by(load(), root, tracked(root))


def left_by(manifest: Manifest, root: Path, files: Sequence[str]) -> list[Reference]:
    """Those that a manifest leaves in these files, by today's lines; what its patch changes counts as left."""
    plan = planned(root, files, manifest)
    gone = {file for removed in plan for file in removed.files}
    lines = {(file, number) for removed in plan for file, numbers in removed.lines.items() for number in numbers}
    return [
        Reference(file, number + 1)
        for file in files
        if file not in gone and _is_code(file)
        for number, line in enumerate((root / file).read_text(encoding="utf-8").splitlines())
        if FLAG.search(line) and (file, number) not in lines
    ]


def _is_code(file: str) -> bool:
    return file.partition("/")[0] in ROOTS and file.endswith(ENDINGS)
