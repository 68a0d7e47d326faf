"""``python -m infra backup FILE`` and ``restore FILE``: the whole of the data as one file, and back."""

import time
from collections.abc import Callable
from pathlib import Path

import click

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.repositories.database import MongoDatabase
from infra.operations.backup.data import CARRIED, take
from infra.operations.backup.data import restore as restore_data
from infra.operations.backup.file import Document, Writer, counted, inspected, new_file
from infra.operations.printing import console, print_progress, progress_console
from infra.targets.database import database_of
from infra.targets.options import with_target
from infra.targets.target import Target, person

PROGRESS_SECONDS = 2.0
REBUILD = "the sweeper calculates it, or at once: python -m infra rebuild"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_target(changes=False)
def backup(target: Target, file: Path) -> None:
    """Write the whole of the data to FILE, as of one moment.

    Readings of both sides, meters, settings, exchanges, control and records. Display documents and observations of the
    rollout are left out: a restore calculates the display again.
    """
    with database_of(target) as database, new_file(file) as packed:

        def writer(header: Document) -> Writer:
            return Writer(packed, header)

        counts = take(database, writer, _say)
    console.print(f"{file}: {counted(counts) or 'no documents'}; {file.stat().st_size:,} bytes", markup=False)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rebuild/--no-rebuild", default=True, show_default=True, help="calculate the display at once")
@with_target(changes=True)
def restore(target: Target, file: Path, rebuild: bool) -> None:
    """Put FILE back into an empty database. The same command again goes on with an interrupted restore."""
    _say(f"checking {file}")
    contents = inspected(file)
    with database_of(target) as database:
        mode = restore_data(database, file, contents, person(), _now_and_then(_say))
        console.print(f"{database.name}: {counted(contents.counts, CARRIED) or 'no documents'}", markup=False)
        said = f"the mode is {mode.get('mode') if mode else 'none: nothing of the new backend was there'}"
        console.print(said, markup=False)
        console.print(_rebuilt(database) if rebuild else f"the display lags: {REBUILD}", markup=False)
    console.print("what comes next: python -m infra verify, then python -m infra flags restore where flags are lost")


def _rebuilt(database: MongoDatabase) -> str:
    try:
        seen = shell_operations(database).rebuild.rebuild(None, print_progress, restart=True)
    except EnergyMonitorError as error:  # the data is back in spite of it
        return f"no display was calculated: {error}"
    return f"display calculated: {seen.meters} meters, {seen.differences} cannot be"


def _say(text: str) -> None:
    progress_console.print(text, markup=False)


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    last = [0.0]

    def said(text: str) -> None:
        if time.monotonic() - last[0] > PROGRESS_SECONDS:
            last[0] = time.monotonic()
            say(text)

    return said
