"""Byte code in the deployment package: Lambda mounts it read-only, so each start would compile every module again."""

import py_compile
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

BEST = 9  # compression


def add_byte_code(archive: Path) -> None:
    """Put its byte code beside each module of a package, in place of what a developer's runs may have left there.

    By the Python that packages, whose version Chalice makes the functions' runtime. Unchecked: nothing changes in a
    package, and by times no byte code would count, because unpacking changes them. What does not compile has none.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        with ZipFile(archive) as packed:
            packed.extractall(root)
        _compile(root)
        complete = archive.with_suffix(".complete")
        with ZipFile(complete, "w", ZIP_DEFLATED, compresslevel=BEST) as packed:
            for file in sorted(filter(Path.is_file, root.rglob("*"))):
                packed.write(file, file.relative_to(root))
    complete.replace(archive)


def _compile(root: Path) -> None:
    for left in [*root.rglob("__pycache__")]:
        shutil.rmtree(left)
    for module in sorted(root.rglob("*.py")):
        name = str(module.relative_to(root))
        py_compile.compile(
            str(module), dfile=name, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
