"""The lines that the manifest means in a file are found, and no others."""

import pytest

from infra.removal.lines import blocks_of, chapters_of, lines_of, paragraphs_of, without

CODE = '''import a
import b


@first
@second(
    1,
)
def one(
    x: int,
) -> int:
    """Says one."""

    return x


def other() -> int:
    table = {
        "one": one(1),
        "other": 2,
    }
    return table["one"]
'''
TEXT = "# Head\n\n## One\n\nsaid\n\n### Below\n\nmore\n\n## Other\n\nsaid\n"


def left(text: str, numbers: set[int]) -> list[str]:
    return [line for number, line in enumerate(text.splitlines()) if number not in numbers and line]


def test_a_line_is_named_without_its_indentation() -> None:
    assert lines_of(CODE, '"one": one(1),') == {18}
    assert lines_of(CODE, '"one"') == set()


def test_a_line_can_be_named_by_an_expression_that_is_the_whole_of_it() -> None:
    assert lines_of(CODE, r"re:import \w") == {0, 1}
    assert lines_of(CODE, "re:import") == set()


def test_several_lines_are_named_one_after_the_other() -> None:
    assert lines_of(CODE, "import a\nimport b") == {0, 1}
    assert lines_of(CODE, "import b\nimport a") == set()


def test_a_block_goes_with_its_decorators_and_all_that_is_in_it() -> None:
    assert blocks_of(CODE, "def one(") == {*range(4, 14)}
    assert left(CODE, blocks_of(CODE, "def one("))[2] == "def other() -> int:"


def test_a_block_ends_with_the_bracket_that_closes_it() -> None:
    assert blocks_of(CODE, "table = {") == {17, 18, 19, 20}


@pytest.mark.parametrize("wanted", ["def one", "def nobody():"])
def test_a_block_that_is_not_there_is_nothing(wanted: str) -> None:
    assert blocks_of(CODE, wanted) == set()


def test_a_chapter_goes_up_to_the_next_heading_that_is_not_below_it() -> None:
    assert left(TEXT, chapters_of(TEXT, "## One")) == ["# Head", "## Other", "said"]
    assert left(TEXT, chapters_of(TEXT, "## Other")) == ["# Head", "## One", "said", "### Below", "more"]


def test_a_paragraph_lies_between_blank_lines() -> None:
    text = "one\n\nfirst\nsecond\n\nlast\n"
    assert paragraphs_of(text, "second") == {2, 3}
    assert paragraphs_of(text, "last") == {5}


def test_what_goes_between_blank_lines_leaves_them_once() -> None:
    assert without("one\n\ngone\n\nother\n", {2}) == "one\n\nother\n"
    assert without("gone\n\nother\n", {0}) == "other\n"
    assert without("one\ngone\n\nother\n", {1}) == "one\n\nother\n"
