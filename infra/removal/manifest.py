"""The manifest of everything that goes with the old backend. Its form is at the beginning of ``manifest.toml``."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.errors import OperatorError

FOLDER = Path(__file__).parent
MANIFEST, PATCH = FOLDER / "manifest.toml", FOLDER / "removal.patch"
MOST_PATCHED = 50  # changed lines: what more needs is no room of its own
Texts = tuple[Annotated[str, Field(min_length=1)], ...]
OfFiles = dict[str, Texts]


class Part(BaseModel):
    """A part of the manifest; a name that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Room(Part):
    """What goes together, and why. Paths are relative to the project."""

    name: str
    routes: Texts = ()
    functions: Texts = ()
    commands: Texts = ()
    collections: Texts = ()
    remove: Texts = ()
    lines: OfFiles = {}
    blocks: OfFiles = {}
    chapters: OfFiles = {}
    paragraphs: OfFiles = {}

    def named(self) -> Iterator[tuple[str, str, str]]:
        """What goes of files that stay: form, file, text."""
        forms = {"line": self.lines, "block": self.blocks, "chapter": self.chapters, "paragraph": self.paragraphs}
        for form, files in forms.items():
            yield from ((form, file, text) for file, texts in files.items() for text in texts)


class Manifest(Part):
    """All rooms, and the commands that write copies again which are made of the code."""

    rewrite: tuple[Texts, ...] = ()
    rooms: tuple[Room, ...]
    patch: str = ""


def load(manifest: Path = MANIFEST, patch: Path = PATCH) -> Manifest:
    """Read the manifest with its patch. Raises OperatorError: it cannot be read, or the patch has too many lines."""
    try:
        found = Manifest.model_validate(tomllib.loads(manifest.read_text()) | {"patch": patch.read_text()})
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise OperatorError(f"{manifest} cannot be read: {error}") from error
    if (count := patched_lines(found.patch)) > MOST_PATCHED:
        raise OperatorError(
            f"{patch} changes {count} lines, and {MOST_PATCHED} are the most: "
            "give what goes a room, or lines, of its own"
        )
    return found


def patched_lines(patch: str) -> int:
    """How many lines a patch takes away and adds."""
    return sum(line[:1] in "+-" and line[:4] not in ("+++ ", "--- ") for line in patch.splitlines() if line)
