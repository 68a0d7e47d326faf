"""Byte code in the deployment package: Lambda mounts it read-only, so each start would compile every module again.

Our own modules have it beside their source, so that a traceback shows lines. Dependencies have it in place of their
source and without columns, which are for showing lines: that is a quarter of the package. Their tracebacks name file,
line and function.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from infra.deployment.left_out import leave_out

BEST = 9  # compression
OWN = ("app.py", "chalicelib")
# Unchecked: nothing changes in a package, and by times no byte code would count, because unpacking changes them.
COMPILE = ["-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
IN_PLACE = "-b"
WITHOUT_COLUMNS = ["-X", "no_debug_ranges"]


def add_byte_code(archive: Path) -> None:
    """Give each module of a package its byte code, without what a developer's runs may have left there.

    By the Python that packages, whose version Chalice makes the functions' runtime. What does not compile keeps its
    source. Raises DeployError where something is missed that the package does without.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        with ZipFile(archive) as packed:
            packed.extractall(root)
        for left in [*root.rglob("__pycache__")]:
            shutil.rmtree(left)
        leave_out(root)
        _compile(root)
        complete = archive.with_suffix(".complete")
        with ZipFile(complete, "w", ZIP_DEFLATED, compresslevel=BEST) as packed:
            for file in sorted(filter(Path.is_file, root.rglob("*"))):
                packed.write(file, file.relative_to(root))
    complete.replace(archive)


def _compile(root: Path) -> None:
    own = [root / name for name in OWN]
    others = sorted(each for each in root.iterdir() if each not in own)
    _run([*COMPILE, "-s", str(root), *map(str, own)])
    _run([*WITHOUT_COLUMNS, *COMPILE, IN_PLACE, "-s", str(root), *map(str, others)])
    for compiled in root.rglob("*.pyc"):
        if compiled.parent.name != "__pycache__":
            compiled.with_suffix(".py").unlink(missing_ok=True)


def _run(arguments: list[str]) -> None:
    """Its exit code says whether all compiled, which need not be: a template of a program is no program."""
    subprocess.run([sys.executable, *arguments], check=False)  # noqa: S603
