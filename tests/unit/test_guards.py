"""The code that ``make guards`` takes out still exists, and so do the tests that must notice."""

import re

import pytest

from tests.guards.__main__ import silent
from tests.guards.guard import ROOT, Guard
from tests.guards.guards import CONTROL, GUARDS


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_can_be_taken_out_and_what_is_left_is_still_a_program(guard: Guard) -> None:
    code = (ROOT / guard.file).read_text()
    without = guard.taken_out(code)
    assert without != code
    compile(without, guard.file, "exec")


@pytest.mark.parametrize("test", sorted({CONTROL, *(test for guard in GUARDS for test in guard.tests)}))
def test_a_test_that_must_notice_exists(test: str) -> None:
    file, _, name = test.partition("::")
    before, found, _ = (ROOT / file).read_text().partition(f"\ndef {name.partition('[')[0]}(")
    assert found
    decorators = before.rpartition("\n\n")[2]
    assert "parametrize(" not in decorators or "[" in name, "which case of it?"
    case = name.partition("[")[2].removesuffix("]")
    unnamed = [part for part in case.split("-") if re.fullmatch(r"[a-z_]+\d+", part) and part not in before]
    assert [part for part in unnamed if f'"{part.rstrip("0123456789")}"' not in decorators] == [], (
        "there is no such case"
    )


def test_a_guard_that_has_moved_is_missed_aloud() -> None:
    moved = Guard("the lock", "door.py", "lock()", "", ("test",))
    with pytest.raises(ValueError, match=r"the lock: its text is 0 times in door\.py"):
        moved.taken_out("open()")


def test_a_guard_counts_as_noticed_only_where_all_its_tests_fail_and_the_rest_still_works() -> None:
    guard = Guard("the lock", "door.py", "lock()", "", ("one", "other"))
    assert silent(guard, {"one": "failed", "other": "failed", CONTROL: "passed"}) == []
    assert silent(guard, {"one": "failed", "other": "passed", CONTROL: "passed"}) == ["other: passed"]
    assert silent(guard, {"one": "failed", "other": "broken", CONTROL: "passed"}) == ["other: broken"]
    assert silent(guard, {"one": "failed", CONTROL: "failed"}) == ["other: did not end", f"{CONTROL}: failed"]
