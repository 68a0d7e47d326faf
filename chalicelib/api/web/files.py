"""The files of the pages: ``index.html`` and, one folder deep, its scripts, styles and pictures.

The service worker is no asset: its address stays when its content changes, so that browsers find the new one.
They are read once, when the first of them is asked for, and found by their names: no path leads anywhere else.
"""

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parents[2] / "web"
SCRIPT = "text/javascript; charset=utf-8"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": SCRIPT,
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
WITHOUT_NETWORK = {".css", ".js", ".svg"}
LARGE = "demo/household.js"  # figures that are made up: nobody needs them in a cellar
OPERATORS = ("console/", "console_screens/", "styles/console.css")  # nothing of theirs works without network
IMPORT = re.compile(r'^(?:import|export)\b[^"]*? from "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: its first script, and the styles that it has beside everybody's."""

    script: str
    styles: Sequence[str] = ()


HOUSEHOLD = Entry("page/main.js")
CONSOLE = Entry("console/main.js", ("styles/console.css",))
ENTRIES = (
    HOUSEHOLD,
    CONSOLE,
)


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file, and its gzip form for browsers that take it."""

    content: bytes
    compressed: bytes
    content_type: str

    @classmethod
    def of(cls, content: bytes, content_type: str) -> "WebFile":
        """Compress it: once for all who ask."""
        return cls(content, gzip.compress(content, mtime=0), content_type)


@dataclass(frozen=True, slots=True)
class WebFiles:
    """All files by folder and name, ``digest`` of their content, the document of every page, and the service worker.

    ``early``: the scripts that a page needs before it can show anything; others are loaded when somebody opens them.
    """

    digest: str
    assets: Mapping[str, WebFile]
    early: Mapping[Entry, Sequence[str]]
    index: Template
    worker: str

    def page(self, entry: Entry, prefix: str, issuer: str, client_id: str) -> bytes:
        """A page for browsers that reach it behind ``prefix``, such as ``/api``."""
        assets = f"{prefix}/assets/{self.digest}"
        links = [("stylesheet", name) for name in entry.styles]
        links += [("modulepreload", name) for name in self.early[entry]]
        preload = "\n".join(f'<link rel="{rel}" href="{escape(assets)}/{name}">' for rel, name in links)
        values = {"assets": assets, "base": prefix, "issuer": issuer, "client": client_id, "script": entry.script}
        return self.index.substitute({name: escape(value) for name, value in values.items()}, preload=preload).encode()

    def service_worker(self, prefix: str) -> bytes:
        """The script that keeps this release for the household's page behind ``prefix``."""
        kept = [
            name
            for name in self.assets
            if Path(name).suffix in WITHOUT_NETWORK and name != LARGE and not name.startswith(OPERATORS)
        ]
        release = {"base": prefix, "digest": self.digest, "files": kept}
        return f"self.release = {json.dumps(release)};\n{self.worker}".encode()


@cache
def web_files() -> WebFiles:
    """Read the files."""
    found = {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.glob("*/*")) if path.suffix in TYPES}
    assets = {name: WebFile.of(path.read_bytes(), TYPES[path.suffix]) for name, path in found.items()}
    digest = sha256()
    for name, file in assets.items():
        digest.update(f"{name}\0".encode() + sha256(file.content).digest())
    index, worker = ((FOLDER / name).read_text() for name in ("index.html", "service_worker.js"))
    early = {entry: _imported(entry.script) for entry in ENTRIES}
    return WebFiles(digest.hexdigest()[:16], assets, early, Template(index), worker)


def _imported(name: str) -> list[str]:
    """A script and what it imports, directly or not; what ``import()`` loads later is not among it."""
    found = [name]
    for script in found:  # which grows
        for path in IMPORT.findall((FOLDER / script).read_text()):
            imported = (FOLDER / script).parent.joinpath(path).resolve().relative_to(FOLDER).as_posix()
            if imported not in found:
                found.append(imported)
    return found
