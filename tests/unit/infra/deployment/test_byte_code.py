"""A package's byte code is used unchanged: wherever it is unpacked, and however it was packaged before.

Our own modules keep their source beside it, dependencies do not.
"""

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
OWN = "chalicelib/module.py"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "deployment.zip"
    with ZipFile(made, "w") as packed:
        packed.writestr("app.py", "from chalicelib.module import fail, said\nimport wing.module\n")
        packed.writestr("chalicelib/__init__.py", "")
        packed.writestr(OWN, MODULE)
        packed.writestr("chalicelib/__pycache__/module.cpython-310.pyc", b"left from elsewhere")
        packed.writestr("wing/__init__.py", "")
        packed.writestr("wing/module.py", MODULE)
        packed.writestr("wing/template.py", "this is {no} program")
        packed.writestr("wing/data.json", "{}")
        packed.writestr("alone.py", MODULE)
    return made


def test_each_module_has_the_byte_code_of_this_python(archive: Path) -> None:
    add_byte_code(archive)
    with ZipFile(archive) as packed:
        names = set(packed.namelist())
        source = packed.read(OWN).decode()
        codes = {name: packed.read(name) for name in (cache_from_source(OWN), "wing/module.pyc")}
    own = {"app.py", "chalicelib/__init__.py", OWN}
    others = {"wing/__init__.pyc", "wing/module.pyc", "wing/template.py", "wing/data.json", "alone.pyc"}
    assert names == own | others | {*map(cache_from_source, own)}
    assert source == MODULE
    for name, code in codes.items():
        assert code[:8] == MAGIC_NUMBER + UNCHECKED
        made = marshal.loads(code[HEADER_BYTES:])
        assert made.co_filename == (OWN if "__pycache__" in name else "wing/module.py")
    assert [each.name for each in archive.parent.iterdir()] == [archive.name]


def test_to_compile_again_changes_nothing(archive: Path) -> None:
    add_byte_code(archive)
    with ZipFile(archive) as packed:
        before = {name: packed.read(name) for name in packed.namelist()}
    add_byte_code(archive)
    with ZipFile(archive) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == before


def test_it_is_used_wherever_the_package_lies_and_tracebacks_name_the_place(archive: Path, tmp_path: Path) -> None:
    """What is unpacked has other times than what was packaged: the module is changed here to see which was run."""
    add_byte_code(archive)
    place = tmp_path / "task"
    with ZipFile(archive) as packed:
        packed.extractall(place)
    (place / OWN).write_text(MODULE.replace("'source'", "'changed'"))
    program = "import app; print(app.said); print(app.fail.__code__.co_filename); print(app.wing.module.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["source", str(place / OWN), str(place / "wing" / "module.pyc")]


def test_the_traceback_of_a_dependency_names_module_line_and_function(archive: Path, tmp_path: Path) -> None:
    add_byte_code(archive)
    place = tmp_path / "task"
    with ZipFile(archive) as packed:
        packed.extractall(place)
    program = "import app; app.wing.module.fail()"
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert 'File "wing/module.py", line 4, in fail' in done.stderr
