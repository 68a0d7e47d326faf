"""The guards of the removal: what does not fit is said, and a patch stays small."""

from tests.guards.guard import Guard

FITS = "tests/unit/infra/removal/test_removal.py::"
LEFT = "tests/unit/infra/removal/test_references.py::test_a_line_that_names_a_flag_is_found_unless_it_goes"
LINKED = (
    "tests/unit/infra/local/test_environments.py::"
    "test_what_another_project_has_built_is_used_behind_a_link_and_never_built_again"
)

REMOVAL = (
    Guard(
        "the most lines that a patch may change",
        "infra/removal/manifest.py",
        "if (count := patched_lines(found.patch)) > MOST_PATCHED:",
        "if (count := patched_lines(found.patch)) > 10 * MOST_PATCHED:",
        (f"{FITS}test_a_patch_has_fifty_changed_lines_at_most[26-False]",),
    ),
    Guard(
        "a patch that does not apply is an error",
        "infra/removal/removal.py",
        '    if done.returncode:\n        raise OperatorError(f"removal.patch',
        '    if False:\n        raise OperatorError(f"removal.patch',
        (f"{FITS}test_a_patch_that_does_not_apply_is_said",),
    ),
    Guard(
        "only a repository says what belongs to the project",
        "infra/removal/removal.py",
        '    if done.returncode:\n        raise OperatorError(f"{root} is no git repository',
        '    if False:\n        raise OperatorError(f"{root} is no git repository',
        (f"{FITS}test_a_folder_that_is_no_repository_is_said",),
    ),
    Guard(
        "what is left must be a program",
        "infra/removal/removal.py",
        "            except SyntaxError as error:\n                yield",
        "            except SyntaxError as error:\n                if False:\n                    yield",
        (f"{FITS}test_a_file_that_is_no_program_any_more_is_named_with_its_line",),
    ),
    Guard(
        "a flag in a line that goes is not left",
        "infra/removal/references.py",
        " and (file, number) not in lines",
        "",
        (f"{LEFT}[room4-left4]", f"{LEFT}[room6-left6]"),
    ),
    Guard(
        "a flag beside a line that goes is left",
        "infra/removal/references.py",
        "(file, number) not in lines",
        "file not in {named for named, _ in lines}",
        (f"{LEFT}[room5-left5]",),
    ),
    Guard(
        "a removal that cannot be planned is in the way, whatever is forced",
        "infra/operations/retire/ending.py",
        "        yield Blocker(Part.REFERENCES, text, command, unknown=True)\n",
        "        yield Blocker(Part.REFERENCES, text, command)\n",
        ("tests/unit/infra/operations/test_retire_command.py::test_a_removal_that_cannot_be_planned_is_in_the_way",),
    ),
    Guard(
        "environments that a link leads to are known by where they are",
        "infra/local/environments.py",
        "{FOLDER.resolve().parent}",
        "{FOLDER.parent}",
        (LINKED,),
    ),
)
