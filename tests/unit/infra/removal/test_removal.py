"""The removal in a small project: what does not fit is said with all that is wrong, and nothing else is touched."""

from pathlib import Path

import pytest

from infra.errors import OperatorError
from infra.removal import manifest as manifests
from infra.removal.manifest import MOST_PATCHED, Manifest, Room, load, patched_lines
from infra.removal.removal import broken, copied, planned, remove, tracked

FILES = {
    "old/one.py": "ONE = 1\n",
    "old/two.py": "TWO = 2\n",
    "app.py": "from old.one import ONE\n\nLEAST = 1\nLIMIT = 5\n\n\ndef old() -> int:\n    return ONE\n",
}
PATCH = """--- a/app.py
+++ b/app.py
@@ -1,2 +1,2 @@
 LEAST = 1
-LIMIT = 5
+LIMIT = 6
"""
ROOM = Room(
    name="the old one",
    remove=("old",),
    lines={"app.py": ("from old.one import ONE",)},
    blocks={"app.py": ("def old() -> int:",)},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".environments").mkdir()
    return root


def removed(project: Path, manifest: Manifest) -> Path:
    folder = project.parent / "copy"
    folder.mkdir()
    copied(project, [*FILES], folder)
    remove(folder, planned(project, [*FILES], manifest), manifest)
    return folder


def test_files_lines_and_blocks_go_in_the_copy_alone(project: Path) -> None:
    folder = removed(project, Manifest(rooms=(ROOM,), patch=PATCH))
    assert (folder / "app.py").read_text() == "LEAST = 1\nLIMIT = 6\n"
    assert not (folder / "old").exists()
    assert {name: (project / name).read_text() for name in FILES} == FILES


def test_the_plan_counts_what_goes_by_room(project: Path) -> None:
    [found] = planned(project, [*FILES], Manifest(rooms=(ROOM,)))
    assert (found.files, found.lines, found.count) == ({"old/one.py": 1, "old/two.py": 1}, {"app.py": {0, 6, 7}}, 5)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (Room(name="x", remove=("older",)), "older: x takes it away, and it is not there"),
        (Room(name="x", lines={"app.py": ("LIMIT",)}), "app.py: x takes away a line that is not there: LIMIT"),
        (Room(name="x", blocks={"no.py": ("def f():",)}), "no.py: x takes away a block that is not there: def f():"),
        (Room(name="x", chapters={"app.py": ("# A",)}), "app.py: x takes away a chapter that is not there: # A"),
        (
            Room(name="x", remove=("app.py",), lines={"app.py": ("LIMIT = 5",)}),
            "app.py goes as a whole, and has lines of its own too",
        ),
    ],
)
def test_what_does_not_fit_is_named(project: Path, room: Room, said: str) -> None:
    other = Room(name="y", remove=("nowhere",))
    with pytest.raises(OperatorError) as caught:
        planned(project, [*FILES], Manifest(rooms=(room, other)))
    assert said in str(caught.value).splitlines()
    assert "nowhere: y takes it away, and it is not there" in str(caught.value)


def test_a_patch_that_does_not_apply_is_said(project: Path) -> None:
    with pytest.raises(OperatorError, match="does not apply to what is left; write it again"):
        removed(project, Manifest(rooms=(ROOM,), patch=PATCH.replace("LIMIT = 5", "LIMIT = 4")))


def test_a_file_that_is_no_program_any_more_is_named_with_its_line(project: Path) -> None:
    folder = removed(project, Manifest(rooms=(Room(name="x", lines={"app.py": ("return ONE",)}),)))
    assert [*broken(folder, [*FILES])] == ["app.py:7: expected an indented block after function definition on line 7"]


@pytest.mark.parametrize(("count", "fits"), [(MOST_PATCHED // 2, True), (MOST_PATCHED // 2 + 1, False)])
def test_a_patch_has_fifty_changed_lines_at_most(tmp_path: Path, count: int, fits: bool) -> None:
    patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n same\n" + "-old\n+new\n" * count
    (tmp_path / "manifest.toml").write_text("[[rooms]]\nname = 'x'\n")
    (tmp_path / "removal.patch").write_text(patch)
    files = tmp_path / "manifest.toml", tmp_path / "removal.patch"
    assert patched_lines(patch) == 2 * count
    if fits:
        assert load(*files).patch == patch
    else:
        with pytest.raises(OperatorError, match="changes 52 lines, and 50 are the most"):
            load(*files)


@pytest.mark.parametrize("text", ["[[rooms]]\nname = 'x'\nremoves = ['y']\n", "[[rooms]\n"])
def test_a_manifest_that_says_something_unknown_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(OperatorError, match="cannot be read"):
        load(tmp_path / "manifest.toml", manifests.PATCH)


def test_a_manifest_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot be read: .*No such file"):
        load(tmp_path / "manifest.toml", manifests.PATCH)


def test_a_folder_that_is_no_repository_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(OperatorError, match="is no git repository"):
        tracked(tmp_path)
