"""A package's byte code is used unchanged: wherever it is unpacked, and however it was packaged before."""

import marshal
import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.deployment.byte_code import add_byte_code

HEADER_BYTES, UNCHECKED = 16, b"\x01\x00\x00\x00"  # of PEP 552: by a digest, which nobody compares
MODULE = "said = 'source'\n\ndef fail():\n    raise ValueError(said)\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "deployment.zip"
    with ZipFile(made, "w") as packed:
        packed.writestr("app.py", "from wing.module import fail, said\n")
        packed.writestr("wing/__init__.py", "")
        packed.writestr("wing/module.py", MODULE)
        packed.writestr("wing/__pycache__/module.cpython-310.pyc", b"left from elsewhere")
        packed.writestr("wing/template.py", "this is {no} program")
        packed.writestr("wing/data.json", "{}")
    return made


def test_each_module_has_the_byte_code_of_this_python(archive: Path) -> None:
    add_byte_code(archive)
    with ZipFile(archive) as packed:
        names = set(packed.namelist())
        modules = {name for name in names if name.endswith(".py")}
        code = packed.read(cache_from_source("wing/module.py"))
        assert packed.read("wing/module.py").decode() == MODULE
    assert modules == {"app.py", "wing/__init__.py", "wing/module.py", "wing/template.py"}
    compiled = modules - {"wing/template.py"}
    assert names - modules == {"wing/data.json", *map(cache_from_source, compiled)}
    assert code[:8] == MAGIC_NUMBER + UNCHECKED
    assert marshal.loads(code[HEADER_BYTES:]).co_filename == "wing/module.py"
    assert [each.name for each in archive.parent.iterdir()] == [archive.name]


def test_it_is_used_wherever_the_package_lies_and_tracebacks_name_the_place(archive: Path, tmp_path: Path) -> None:
    """What is unpacked has other times than what was packaged: the module is changed here to see which was run."""
    add_byte_code(archive)
    place = tmp_path / "task"
    with ZipFile(archive) as packed:
        packed.extractall(place)
    (place / "wing" / "module.py").write_text(MODULE.replace("'source'", "'changed'"))
    program = "import app; print(app.said); print(app.fail.__code__.co_filename)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["source", str(place / "wing" / "module.py")]
