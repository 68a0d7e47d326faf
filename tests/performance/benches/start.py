"""Time of a function's start beside that of a hello-world from the same package, and of a call of the command line.

Each start is a program of its own in the unzipped package, which it may not write to, as in Lambda, and is measured by
its processor time. The hello-world imports Chalice, pymongo, pydantic and Powertools from the same package, byte code
included. "Without byte code" is the same application, as if nobody had compiled our own modules.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from infra.deployment.byte_code import add_byte_code
from infra.deployment.packaging import package
from infra.local.environments import python_of
from infra.local.layout import ROOT
from tests.performance.form import Figure, Target
from tests.performance.setting import server

TITLE = "Start"
ROUNDS = 7
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
APP, UNCOMPILED, WORLD = "application", "application without byte code of its own", "hello-world"
START, PACKAGE, COMMAND = f"{APP} / {WORLD}", "package", "a call of the command line (sweep --list)"
TARGETS = {
    START: Target(
        1.5,
        "124 dataclasses and 127 models of ours, and boto3, which the first call needs anyway; use cases that are "
        "imported and made at their first use were tried (1.6 x, a function of events 1.1 x) and left out: a wrong "
        "composition would show in production, at that use; next: a composition for each kind of function",
    ),
    PACKAGE: Target(12, "7 MB are cryptography's and pydantic's compiled parts; next: strip their symbols"),
    COMMAND: Target(0.4, "the command's own imports: pymongo, pydantic, rich and our models"),
}


def measure() -> Iterator[Figure]:
    """Package, unpack, start in turn; then the command line."""
    archive = package().archive
    with folders(archive) as places:
        taken = defaultdict[str, list[float]](list)
        for _ in range(ROUNDS):
            for name, place in places.items():
                taken[name].append(start(place))
    seconds = {name: median(times) for name, times in taken.items()}
    yield Figure(START, seconds[APP] / seconds[WORLD], "x", f"{seconds[APP]:.3f} s / {seconds[WORLD]:.3f} s")
    yield Figure(f"{UNCOMPILED} / with it", seconds[UNCOMPILED] / seconds[APP], "x")
    yield Figure(PACKAGE, archive.stat().st_size / 1024**2, "MB")
    yield Figure(COMMAND, median(command()), "s", "processor time")


@contextmanager
def folders(archive: Path) -> Iterator[dict[str, Path]]:
    """The package unpacked, without its byte code, and with a hello-world in place of the application."""
    with TemporaryDirectory() as folder:
        places = {name: Path(folder) / name.replace(" ", "_") for name in (APP, UNCOMPILED, WORLD)}
        unpacked(archive, places[APP])
        shutil.copytree(places[APP], places[UNCOMPILED], ignore=shutil.ignore_patterns("__pycache__"))
        unpacked(hello_archive(places[APP], Path(folder)), places[WORLD])
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
    """Processor seconds of a program that imports what lies there."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    return of_a_program([str(python_of("runtime")), "-c", "import app"], place, environment)


def command() -> list[float]:
    """Processor seconds of a short command on a database, several times."""
    with server() as (uri, database):
        place = {"MONGODB_URI": uri, "MONGODB_DATABASE": database.name}
        wanted = [sys.executable, "-m", "infra", "sweep", "--list"]
        return [of_a_program(wanted, ROOT, {**os.environ, **place}) for _ in range(ROUNDS)]


def of_a_program(wanted: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Processor seconds of a program from its start to its end."""
    before = spent()
    subprocess.run(wanted, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return spent() - before


def spent() -> float:
    """Processor seconds of all programs that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
