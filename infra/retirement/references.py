"""Where the code still names a component's flag, outside of what the removal of the old backend takes away."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.components import Component

MANIFEST = "infra/retirement/manifest.toml"
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


def references(files: Mapping[str, str], removed: Sequence[str]) -> list[Reference]:
    """The references in texts by their paths. ``removed``: files and folders that go."""
    return [
        Reference(path, number)
        for path, text in files.items()
        if not _goes(path, removed)
        for number, line in enumerate(text.splitlines(), 1)
        if FLAG.search(line)
    ]


def removed_by(manifest: str) -> list[str]:
    """The files and folders that a manifest takes away: the ``remove`` of the whole, and of each room."""
    found: Mapping[str, Any] = tomllib.loads(manifest)
    parts = [found, *found.get("rooms", [])]
    return [path for part in parts for path in part.get("remove", [])]


def texts_of(root: Path) -> dict[str, str]:
    """The code of a tree by the paths in it."""
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in _code(root)}


def references_of(root: Path) -> list[Reference] | None:
    """The references of a tree; None: it has no manifest, so nobody can say which of them go. Raises OSError."""
    manifest = root / MANIFEST
    return references(texts_of(root), removed_by(manifest.read_text())) if manifest.exists() else None


def _code(root: Path) -> Iterator[Path]:
    for name in ROOTS:
        found = sorted((root / name).rglob("*")) if (root / name).is_dir() else [root / name]
        yield from (path for path in found if path.suffix in ENDINGS and "node_modules" not in path.parts)


def _goes(path: str, removed: Sequence[str]) -> bool:
    return any(path == each.rstrip("/") or path.startswith(f"{each.rstrip('/')}/") for each in removed)
