"""Deployment packages unpacked once per content, not once per function.

LocalStack unpacks a package for every function that uses it. The functions of one application share theirs, so they
share one folder here too, and with it the byte code that the first of them compiles.
"""

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

KEPT = 3
_lock = threading.Lock()


def folder_of(code: Any) -> Path:
    """Return the folder for a LocalStack code object with the ``code_sha256`` it carries."""
    if code.is_hot_reloading():
        return Path(code.get_unzipped_code_location())
    return _cache() / str(code.code_sha256).replace("/", "_").rstrip("=")


def unpack(code: Any) -> None:
    """Make the folder of ``code`` exist."""
    with _lock:
        target = folder_of(code)
        if target.exists():
            return
        code.prepare_for_execution()
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(code.get_unzipped_code_location(), target)  # noqa: PTH104 - takes either kind of path


def forget_old() -> None:
    """Keep the packages unpacked last, for the next deployment of the same content; called before any is in use."""
    packages = sorted(_cache().glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in packages[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _cache() -> Path:
    return Path(tempfile.gettempdir(), "packages")
