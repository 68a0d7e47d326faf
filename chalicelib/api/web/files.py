"""The files of the page: ``index.html`` and, one folder deep, its scripts, styles and pictures.

They are read once, when the first of them is asked for, and found by their names: no path leads anywhere else.
"""

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parents[2] / "web"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FIRST = "page/main.js"
IMPORT = re.compile(r'^(?:import|export)\b[^"]*? from "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file as it is and as it travels to who takes gzip."""

    content: bytes
    compressed: bytes
    content_type: str

    @classmethod
    def of(cls, content: bytes, content_type: str) -> "WebFile":
        """Compress it: once for all who ask."""
        return cls(content, gzip.compress(content, mtime=0), content_type)


@dataclass(frozen=True, slots=True)
class WebFiles:
    """All files by folder and name, ``digest`` of their content, and the page that asks for them.

    ``early``: the scripts that the page needs before it can show anything; others are loaded when somebody opens them.
    """

    digest: str
    assets: Mapping[str, WebFile]
    early: Sequence[str]
    index: Template

    def page(self, prefix: str, issuer: str, client_id: str) -> bytes:
        """The page as it is reached behind ``prefix``, such as ``/api``."""
        assets = f"{prefix}/assets/{self.digest}"
        names = [escape(f"{assets}/{name}") for name in self.early]
        preload = "\n".join(f'<link rel="modulepreload" href="{name}">' for name in names)
        values = {"assets": assets, "base": prefix, "issuer": issuer, "client": client_id}
        return self.index.substitute({name: escape(value) for name, value in values.items()}, preload=preload).encode()


@cache
def web_files() -> WebFiles:
    """Read the files."""
    found = {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.glob("*/*")) if path.suffix in TYPES}
    assets = {name: WebFile.of(path.read_bytes(), TYPES[path.suffix]) for name, path in found.items()}
    digest = sha256()
    for name, file in assets.items():
        digest.update(f"{name}\0".encode() + sha256(file.content).digest())
    return WebFiles(digest.hexdigest()[:16], assets, _imported(FIRST), Template((FOLDER / "index.html").read_text()))


def _imported(name: str) -> list[str]:
    """A script and what it imports, directly or not; what ``import()`` loads later is not among it."""
    found = [name]
    for script in found:  # which grows
        for path in IMPORT.findall((FOLDER / script).read_text()):
            imported = (FOLDER / script).parent.joinpath(path).resolve().relative_to(FOLDER).as_posix()
            if imported not in found:
                found.append(imported)
    return found
