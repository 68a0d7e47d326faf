"""Steps are carried out in their order until one fails, and the timeline says what each has shown."""

from itertools import count

import pytest

from chalicelib.domain.errors import SyncModeError
from infra.errors import OperatorError
from infra.rehearsal.timeline import Step, Timeline, carried_out, line_of, markdown


def nothing_is_wrong() -> None:
    """Beside the steps."""


def failing(error: Exception) -> str:
    raise error


def run(*steps: Step, said: list[str] | None = None) -> Timeline:
    ticks = count()
    return carried_out(steps, lambda: float(next(ticks)), nothing_is_wrong, (said if said is not None else []).append)


def test_every_step_has_its_line_and_its_time() -> None:
    said: list[str] = []
    made = run(Step("one", lambda: "first"), Step("other", lambda: "second"), said=said)
    assert [(entry.name, entry.at, entry.seconds, entry.shows) for entry in made.entries] == [
        ("one", 1.0, 1.0, "first"),
        ("other", 3.0, 1.0, "second"),
    ]
    assert (made.passed, made.failed, made.left, made.seconds) == (True, None, (), 4.0)
    assert said == ["00:01  +1 s  one: first", "00:03  +1 s  other: second"]


@pytest.mark.parametrize("error", [OperatorError("not so"), SyncModeError("not so"), OSError("not so")], ids=repr)
def test_the_first_step_that_fails_ends_it_and_says_why(error: Exception) -> None:
    done: list[str] = []

    def last() -> str:
        done.append("last")
        return ""

    made = run(Step("one", lambda: "fine"), Step("bad", lambda: failing(error)), Step("last", last))
    assert made.failed is not None
    assert (made.passed, made.failed.name, made.failed.shows, made.left) == (False, "bad", "not so", ("last",))
    assert not done
    assert line_of(made.failed) == "00:03  +1 s  bad: FAILED: not so"


def test_a_defect_is_no_failed_step() -> None:
    with pytest.raises(ZeroDivisionError):
        run(Step("one", lambda: failing(ZeroDivisionError())))


def test_what_is_wrong_beside_a_step_fails_it() -> None:
    def wrong_answer() -> None:
        raise OperatorError("somebody saw a wrong table")

    made = carried_out([Step("one", lambda: "fine"), Step("two", lambda: "")], lambda: 0.0, wrong_answer, print)
    assert made.failed is not None
    assert (made.failed.shows, made.left) == ("somebody saw a wrong table", ("two",))


def test_a_timeline_that_ends_too_early_has_not_passed() -> None:
    assert not Timeline((), ("one",)).passed


def test_the_document_has_everything() -> None:
    document = run(Step("one", lambda: "fine"), Step("bad", lambda: failing(OperatorError("no")))).as_document()
    assert document == {
        "passed": False,
        "seconds": 4.0,
        "failed": "bad",
        "left": [],
        "timeline": [
            {"step": "one", "at": 1.0, "seconds": 1.0, "shows": "fine", "holds": True},
            {"step": "bad", "at": 3.0, "seconds": 1.0, "shows": "no", "holds": False},
        ],
    }


def test_the_table_is_the_one_of_the_readme() -> None:
    assert markdown(run(Step("one", lambda: "fine"))).splitlines() == [
        "| at | took | step | what was seen |",
        "|---|---|---|---|",
        "| 00:01 | 1 s | one | fine |",
    ]
