"""How long a function's start takes beside that of a hello-world from the same package, as ratios of one run.

Run: ``make bench``, or ``python -m tests.performance.bench_start``. Each start is a program of its own in the unzipped
package, which it may not write to, as in Lambda, and is measured by its processor time. The hello-world imports
Chalice, pymongo, pydantic and Powertools from the same package, byte code included. "Without byte code" is the same
application, as if nobody had compiled it.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from rich.console import Console
from rich.table import Table

from infra.deployment.byte_code import add_byte_code
from infra.deployment.packaging import package
from infra.local.environments import python_of

ROUNDS = 9
HELLO = '''"""A function that says hello."""
import pymongo
from aws_lambda_powertools import Logger, Metrics
from chalice import Chalice
from pydantic import BaseModel

app = Chalice(app_name="hello")


class Greeting(BaseModel):
    text: str


@app.route("/")
def hello() -> dict[str, str]:
    return Greeting(text="hello").model_dump()
'''
BOUND = 1.5
MEGABYTES = 12


def main() -> None:
    """Package, unpack, start in turn, print the table."""
    archive = package().archive
    with folders(archive) as places:
        taken: dict[str, list[float]] = {name: [] for name in places}
        for _ in range(ROUNDS):
            for name, place in places.items():
                taken[name].append(start(place))
    seconds = {name: median(times) for name, times in taken.items()}
    table = Table("figure", "value", "bound", "holds")
    for name, value in seconds.items():
        table.add_row(name, f"{value:.3f} s of processor time", "", "")
    ratio = seconds["application"] / seconds["hello-world"]
    table.add_row("application / hello-world", f"{ratio:.2f} x", f"< {BOUND} x", "yes" if ratio < BOUND else "NO")
    gained = seconds["application without byte code"] / seconds["application"]
    table.add_row("without byte code / with it", f"{gained:.2f} x", "", "")
    size = archive.stat().st_size / 1024**2
    table.add_row("package", f"{size:.1f} MB", f"< {MEGABYTES} MB", "yes" if size < MEGABYTES else "NO")
    Console().print(table)


@contextmanager
def folders(archive: Path) -> Iterator[dict[str, Path]]:
    """The package unpacked, without its byte code, and with a hello-world in place of the application."""
    with TemporaryDirectory() as folder:
        places = {
            name: Path(folder) / name.replace(" ", "_")
            for name in ("application", "application without byte code", "hello-world")
        }
        whole, without, hello = places.values()
        unpacked(archive, whole)
        shutil.copytree(whole, without, ignore=shutil.ignore_patterns("__pycache__"))
        unpacked(hello_archive(whole, Path(folder)), hello)
        yield places


def hello_archive(whole: Path, folder: Path) -> Path:
    """The same package with a hello-world in place of the application, packaged in the same way."""
    sources = folder / "sources"
    shutil.copytree(whole, sources, ignore=shutil.ignore_patterns("chalicelib"))
    (sources / "app.py").write_text(HELLO)
    archive = Path(shutil.make_archive(str(folder / "hello"), "zip", sources))
    add_byte_code(archive)
    return archive


def unpacked(archive: Path, place: Path) -> None:
    """Unpack a package."""
    with ZipFile(archive) as packed:
        packed.extractall(place)


def start(place: Path) -> float:
    """Processor time of a program that imports what lies there, in seconds."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    before = spent()
    subprocess.run([python_of("runtime"), "-c", "import app"], cwd=place, env=environment, check=True)
    return spent() - before


def spent() -> float:
    """Processor time of all programs that were started here and have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
