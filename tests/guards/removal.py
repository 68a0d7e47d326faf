"""The guards of the removal: what does not fit is said, and a patch stays small."""

from tests.guards.guard import Guard

FITS = "tests/unit/infra/retirement/test_removal.py::"

REMOVAL = (
    Guard(
        "the most lines that a patch may change",
        "infra/retirement/manifest.py",
        "if (count := patched_lines(found.patch)) > MOST_PATCHED:",
        "if (count := patched_lines(found.patch)) > 10 * MOST_PATCHED:",
        (f"{FITS}test_a_patch_has_fifty_changed_lines_at_most[26-False]",),
    ),
    Guard(
        "a patch that does not apply is an error",
        "infra/retirement/removal.py",
        '    if done.returncode:\n        raise OperatorError(f"removal.patch',
        '    if False:\n        raise OperatorError(f"removal.patch',
        (f"{FITS}test_a_patch_that_does_not_apply_is_said",),
    ),
    Guard(
        "only a repository says what belongs to the project",
        "infra/retirement/removal.py",
        '    if done.returncode:\n        raise OperatorError(f"{root} is no git repository',
        '    if False:\n        raise OperatorError(f"{root} is no git repository',
        (f"{FITS}test_a_folder_that_is_no_repository_is_said",),
    ),
    Guard(
        "what is left must be a program",
        "infra/retirement/removal.py",
        "            except SyntaxError as error:\n                yield",
        "            except SyntaxError as error:\n                if False:\n                    yield",
        (f"{FITS}test_a_file_that_is_no_program_any_more_is_named_with_its_line",),
    ),
)
