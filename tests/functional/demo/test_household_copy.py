"""The answers of the demo are what the application says today."""

import json

from tests.functional.demo.household_copy import COPY, generated


def test_the_answers_of_the_demo_are_those_of_the_application() -> None:
    assert COPY.read_text(encoding="utf-8") == generated(), "run python -m tests.functional.demo.household_copy"


def test_the_answers_stand_in_a_script_as_they_are() -> None:
    """In a template literal some signs would mean something else."""
    document = generated().partition("JSON.parse(`")[2].removesuffix("`);\n")
    assert len(json.loads(document)["energy_table"]["readings"]) > 100
    assert not [sign for sign in ("\\", "`", "${") if sign in document]
