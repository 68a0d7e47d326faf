"""The page's words for operators: every reason that the application gives has some."""

import re
from pathlib import Path

import pytest

from chalicelib.domain.migration.records.decision import Reason

WORDS = Path(__file__).parents[3] / "chalicelib" / "web" / "witness" / "mark_words.js"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_has_words_in_both_languages(reason: Reason) -> None:
    said = re.findall(rf'^    {reason}: "(.+)",$', WORDS.read_text(), re.MULTILINE)
    assert len({*said}) == 2


def test_there_are_no_words_of_reasons_that_nobody_gives() -> None:
    reasons = re.findall(r"reasons: {\n(.*?)\n  }", WORDS.read_text(), re.DOTALL)
    assert [re.findall(r"^    (\w+):", each, re.MULTILINE) for each in reasons] == [[*Reason]] * 2
