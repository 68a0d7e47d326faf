"""Commands in messages are about the stack that the person has named."""

from uuid import uuid4

import pytest

from infra import __main__ as command_line
from infra.local.layout import DEFAULT_NAME
from infra.operations.printing import console
from infra.targets.naming import addressed, name_stack

SAID = "first: python -m infra repair --apply, then python -m migrations status"


@pytest.mark.parametrize("name", [None, DEFAULT_NAME])
def test_without_a_name_of_its_own_a_command_is_as_it_is_written(name: str | None) -> None:
    name_stack(name)
    assert addressed(SAID) == SAID


def test_a_command_typed_again_reaches_the_stack_that_was_named(capsys: pytest.CaptureFixture[str]) -> None:
    name_stack("other")
    console.print(SAID, markup=False)
    said = "first: STACK_NAME=other python -m infra repair --apply, then STACK_NAME=other python -m migrations status"
    assert capsys.readouterr().out.strip() == addressed(SAID) == said


def test_a_stack_is_named_for_one_command_only() -> None:
    for name in ("one", "other"):
        with pytest.raises(SystemExit):
            command_line.run(["sweep", "--name", name + uuid4().hex])
    assert "STACK_NAME=other" in addressed(SAID)
    assert "STACK_NAME=one" not in addressed(SAID)
