"""Building an environment for real."""

from pathlib import Path

import pytest

from infra.local import environments


def test_a_failed_installation_says_what_pip_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("/no/such/package")
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "environments")
    monkeypatch.setattr(environments, "REQUIREMENTS", {"sample": [requirements]})
    with pytest.raises(
        environments.EnvironmentSetupError, match=r"(?s)'sample' could not be built.*/no/such/package.*registry"
    ):
        environments.ensure(["sample"])
    assert not (tmp_path / "environments/sample/stamp").exists()
