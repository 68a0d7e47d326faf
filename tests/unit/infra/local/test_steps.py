"""Printing of steps: what a person sees while they run."""

import io

import pytest
from rich.console import Console

from infra.errors import OperatorError
from infra.local.steps import Step, Steps


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def steps(output: io.StringIO) -> Steps:
    return Steps(Console(file=output, width=100))


def test_a_step_says_what_it_did_and_how_long_it_took(steps: Steps, output: io.StringIO) -> None:
    steps.run("mongod", lambda: "started")
    assert output.getvalue().split() == ["done", "mongod", "0.0", "s", "started"]


def test_a_failure_is_shown_and_raised_after_the_others_have_ended(steps: Steps, output: io.StringIO) -> None:
    ended: list[str] = []

    def fail() -> str:
        raise OperatorError("no such thing")

    def succeed() -> str:
        ended.append("one")
        return "fine"

    together: dict[str, Step] = {"bad": fail, "good": succeed}
    with pytest.raises(OperatorError, match="no such thing") as failure:
        steps.run_together(together)
    assert failure.value.__notes__ == ["This happened in the step 'bad'."]
    assert ended == ["one"]
    assert "failed bad\n" in output.getvalue()
