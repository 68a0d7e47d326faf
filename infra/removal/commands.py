"""``python -m infra retire plan | rehearse``: what goes with the old backend, and whether the rest works without it."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Column, Table

from infra.errors import OperatorError
from infra.removal.manifest import Manifest, load, patched_lines
from infra.removal.rehearsal import Tree, counted, formatted, green, rewritten
from infra.removal.removal import Removed, broken, copied, planned, remove, tracked

ROOT = Path(__file__).parents[2]
console = Console(highlight=False, soft_wrap=True, emoji=False)
json_option = click.option("--json", "as_json", is_flag=True, help="print one JSON document")


@click.command("plan")
@json_option
def plan_removal(as_json: bool) -> None:
    """Print what goes with the old backend, part by part: files, lines, routes, functions, collections."""
    manifest = load()
    found = planned(ROOT, tracked(ROOT), manifest)
    if as_json:
        click.echo(json.dumps(_document(found, manifest)))
        return
    for removed in found:
        console.print(_room(removed))
    console.print(_totals(found, manifest))


@click.command("rehearse")
@click.option("--keep", type=click.Path(path_type=Path), help="leave the copy there: a folder that is empty or new")
@click.option("--quick", is_flag=True, help="only see that what is left compiles, not that it works")
def rehearse_removal(keep: Path | None, quick: bool) -> None:
    """Remove it all in a copy of the project and run 'make check' there. Exit code 0 only where that is green."""
    if keep and keep.exists() and any(keep.iterdir()):
        raise OperatorError(f"{keep} is not empty: name another folder")
    manifest, files = load(), tracked(ROOT)
    found = planned(ROOT, files, manifest)
    with nullcontext(str(keep)) if keep else TemporaryDirectory(prefix="energy-monitor-removal-") as folder:
        sys.exit(0 if _rehearsed(Path(folder), files, found, manifest, quick=quick) else 1)


def _rehearsed(
    folder: Path, files: Sequence[str], found: Sequence[Removed], manifest: Manifest, *, quick: bool
) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    copied(ROOT, files, folder)
    remove(folder, found, manifest)
    if problems := [*broken(folder, files)]:
        console.print(*problems, sep="\n", markup=False)
        return False
    if not quick:
        formatted(folder)
        rewritten(folder, manifest.rewrite)
    before, after = Tree.of(ROOT, files), Tree.of(folder, [file for file in files if (folder / file).exists()])
    console.print(_counts(before, after))
    console.print(f"by deletions, named lines and a patch of {patched_lines(manifest.patch)} changed lines")
    if quick:
        return True
    tests = counted(folder)
    console.print(f"tests that are left: {', '.join(f'{count:,} in {name}' for name, count in tests.items())}")
    is_green = green(folder)
    console.print("make check is green there" if is_green else "[red]make check fails there[/]")
    return is_green


def _room(removed: Removed) -> Table:
    table = Table("what", Column("lines", justify="right"), title=removed.room.name, title_justify="left")
    folders = Counter[str]()
    for file, lines in removed.files.items():
        folders[str(Path(file).parent)] += lines
    for folder, count in sorted(folders.items()):
        table.add_row(f"{folder}/", f"{count:,}")
    for file, numbers in sorted(removed.lines.items()):
        table.add_row(f"lines of {file}", f"{len(numbers):,}")
    room = removed.room
    named = {"routes": room.routes, "functions": room.functions, "commands": room.commands}
    for what, names in (
        named | {"collections, dropped by hand when nobody reads them any more": room.collections}
    ).items():
        if names:
            table.add_row(f"{what}: {', '.join(names)}", "")
    return table


def _totals(found: Sequence[Removed], manifest: Manifest) -> str:
    files = {file for removed in found for file in removed.files}
    lines = sum(removed.count for removed in found)
    return f"{len(files):,} files and {lines:,} lines go, and a patch changes {patched_lines(manifest.patch)} lines"


def _counts(before: Tree, after: Tree) -> Table:
    table = Table("lines", *(Column(name, justify="right") for name in ("before", "after", "%")))
    for name in ("without tests", "tests", "sum"):
        was, is_now = before.lines(name), after.lines(name)
        table.add_row(name, f"{was:,}", f"{is_now:,}", f"{100 * (is_now - was) / was:+.1f}")
    return table


def _document(found: Sequence[Removed], manifest: Manifest) -> dict[str, object]:
    rooms = [
        {
            **removed.room.model_dump(include={"name", "routes", "functions", "commands", "collections"}),
            "files": sorted(removed.files),
            "lines": {file: sorted(number + 1 for number in numbers) for file, numbers in removed.lines.items()},
            "count": removed.count,
        }
        for removed in found
    ]
    return {"rooms": rooms, "patch": patched_lines(manifest.patch), "count": sum(each.count for each in found)}
