"""Which templates cfn-lint is asked about, and when."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local import template_lint

ASKED = list[tuple[Path, ...]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ASKED:
    """The templates that are held against the rules, which find nothing; an application that packages at once."""
    asked: ASKED = []
    template: dict[str, Any] = {"Resources": {}}
    monkeypatch.setattr(template_lint, "FOLDER", tmp_path)
    monkeypatch.setattr(template_lint, "template_alone", lambda: template)
    monkeypatch.setattr(template_lint, "_lint", lambda *templates: asked.append(templates))
    return asked


def test_both_templates_are_asked_about_once(asked: ASKED) -> None:
    template_lint.main()
    template_lint.main()
    (templates,) = asked
    texts = {template.stem: template.read_text() for template in templates}
    assert json.loads(texts["application"]) == {"Resources": {}}
    assert "AWS::AppConfig::Application" in texts["flags"]


def test_other_rules_ask_again(asked: ASKED, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    template_lint.main()
    monkeypatch.setattr(template_lint, "RULES", tmp_path / "rules.yaml")
    template_lint.RULES.write_text("ignore_checks: []")
    template_lint.main()
    assert len(asked) == 2


def test_what_the_rules_find_is_a_failure_until_it_is_gone(asked: ASKED, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(template_lint, "_lint", lambda *_: 4)
        for _ in range(2):
            with pytest.raises(SystemExit, match="4"):
                template_lint.main()
    template_lint.main()
    assert len(asked) == 1
