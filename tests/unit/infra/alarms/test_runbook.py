"""The chapter about alarms in infra/README.md says what the rules say."""

import pytest

from infra.alarms import runbook
from infra.alarms.rules import RULES


def test_the_readme_has_the_alarms_as_they_are() -> None:
    readme = runbook.README.read_text()
    assert runbook.written(readme) == readme, "python -m infra.alarms.runbook writes it again"


def test_each_alarm_has_one_line_with_both_commands() -> None:
    lines = runbook.table().splitlines()[2:]
    for rule, line in zip(RULES, lines, strict=True):
        assert line.startswith(f"| `{rule.name}`")
        assert line.count("`$I ") == 2


def test_without_its_marks_the_chapter_is_not_written() -> None:
    with pytest.raises(ValueError, match="put both back"):
        runbook.written("# Operate\n")
