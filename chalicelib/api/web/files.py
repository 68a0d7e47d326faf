"""The files of the page: ``index.html`` and, one folder deep, its scripts, styles and pictures.

They are read once, when the first of them is asked for, and found by their names: no path leads anywhere else.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parents[2] / "web"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


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
    """All files by folder and name, ``digest`` of their content, and the page that asks for them."""

    digest: str
    assets: Mapping[str, WebFile]
    index: Template

    def page(self, prefix: str, issuer: str, client_id: str) -> bytes:
        """The page as it is reached behind ``prefix``, such as ``/api``."""
        assets = f"{prefix}/assets/{self.digest}"
        scripts = [name for name, file in self.assets.items() if file.content_type == TYPES[".js"]]
        preload = "\n".join(f'<link rel="modulepreload" href="{escape(f"{assets}/{name}")}">' for name in scripts)
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
    return WebFiles(digest.hexdigest()[:16], assets, Template((FOLDER / "index.html").read_text()))
