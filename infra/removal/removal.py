"""The removal: listing what goes, per room, and removing it in a folder. The project itself is never changed."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import OperatorError
from infra.removal.lines import FORMS, without
from infra.removal.manifest import MANIFEST, Manifest, Room, patched_lines

NOWHERE = "/nonexistent"


@dataclass(frozen=True, slots=True)
class Removed:
    """What one room takes away: whole files with their lines, and of files that stay the numbers (from 0) of lines."""

    room: Room
    files: dict[str, int]
    lines: dict[str, set[int]]

    @property
    def count(self) -> int:
        """How many lines go."""
        return sum(self.files.values()) + sum(map(len, self.lines.values()))


def planned(folder: Path, files: Sequence[str], manifest: Manifest) -> list[Removed]:
    """What goes of these files of a folder, room by room.

    Raises:
        OperatorError: something that the manifest names is not there; the message names all of it.
    """
    missing: list[str] = []
    found = [_of_room(folder, files, room, missing) for room in manifest.rooms]
    gone = {file for removed in found for file in removed.files}
    missing += [
        f"{file} goes as a whole, and has lines of its own too" for each in found for file in each.lines if file in gone
    ]
    if missing:
        raise OperatorError("\n".join([f"{MANIFEST.name} does not fit the project; correct it:", *missing]))
    return found


def _of_room(folder: Path, files: Sequence[str], room: Room, missing: list[str]) -> Removed:
    gone = [file for path in room.remove for file in _below(files, path, room, missing)]
    lines: dict[str, set[int]] = {}
    for form, file, text in room.named():
        numbers = FORMS[form](_text(folder / file), text)
        if not numbers:
            missing.append(f"{file}: {room.name} takes away a {form} that is not there: {text}")
        lines.setdefault(file, set()).update(numbers)
    return Removed(room, {file: length(folder / file) for file in gone}, lines)


def _below(files: Sequence[str], path: str, room: Room, missing: list[str]) -> list[str]:
    found = [file for file in files if file == path or file.startswith(f"{path}/")]
    if not found:
        missing.append(f"{path}: {room.name} takes it away, and it is not there")
    return found


def remove(folder: Path, plan: Sequence[Removed], manifest: Manifest) -> None:
    """Take it away in a folder, then apply the patch. Raises OperatorError where the patch does not apply."""
    for file in {file for removed in plan for file in removed.files}:
        (folder / file).unlink()
        _remove_empty(folder, (folder / file).parent)
    for file in {file for removed in plan for file in removed.lines}:
        numbers = set[int]().union(*(removed.lines.get(file, set()) for removed in plan))
        (folder / file).write_text(without((folder / file).read_text(), numbers))
    if patched_lines(manifest.patch):
        _patch(folder, manifest.patch)


def _remove_empty(folder: Path, parent: Path) -> None:
    while parent != folder and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent


def _patch(folder: Path, patch: str) -> None:
    """With git alone, as if the folder were nobody's repository: inside another one it would skip what it finds."""
    command = ["git", f"--git-dir={NOWHERE}", "apply", "--verbose", "-"]
    done = subprocess.run(command, cwd=folder, input=patch, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise OperatorError(f"removal.patch does not apply to what is left; write it again:\n{done.stderr.strip()}")


def copied(root: Path, files: Sequence[str], folder: Path) -> None:
    """Copy these files of a project into an empty folder, which shares the installed environments."""
    for file in files:
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, target, follow_symlinks=False)
    (folder / ".environments").symlink_to((root / ".environments").resolve())


def tracked(root: Path) -> list[str]:
    """The files that git knows. Raises OperatorError where this is no repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        raise OperatorError(f"{root} is no git repository, so nobody knows what belongs to it: {done.stderr.strip()}")
    return [file for file in done.stdout.split("\0") if file and (root / file).exists()]


def length(path: Path) -> int:
    """How many lines a file has; pictures and the like have none."""
    try:
        return len(path.read_text().splitlines())
    except UnicodeDecodeError:
        return 0


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def broken(folder: Path, files: Sequence[str]) -> Iterator[str]:
    """The Python files of what is left that are no program any more, with the reason."""
    for file in files:
        if file.endswith(".py") and (folder / file).exists():
            try:
                compile((folder / file).read_text(), file, "exec")
            except SyntaxError as error:
                yield f"{file}:{error.lineno}: {error.msg}"
