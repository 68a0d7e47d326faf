"""The packaged application and its template."""

import json
import sys
from pathlib import Path

import pytest

from infra.deployment import packaging
from infra.deployment.packaging import Package, digest_of_sources
from infra.errors import DeployError


def test_the_template_becomes_json_without_aliases_and_with_the_uploaded_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "sam.yaml"
    made.write_text("Resources: {A: &x {Type: A::B::C, CodeUri: ./deployment.zip}, B: *x}\n")
    monkeypatch.setattr(packaging, "completed", lambda template: template)
    packaging._complete(made, tmp_path / packaging.TEMPLATE)
    template = json.loads(Package("digest", tmp_path).template("s3://bucket/key"))
    assert {name: template["Resources"][name]["CodeUri"] for name in "AB"} == dict.fromkeys("AB", "s3://bucket/key")
    assert not made.exists()


def test_the_digest_follows_what_is_packaged_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "chalicelib").mkdir()
    source = tmp_path / "chalicelib" / "module.py"
    source.write_text("one")
    before = digest_of_sources(tmp_path)
    (tmp_path / "README.md").write_text("not packaged")
    (tmp_path / "chalicelib" / "README.md").write_text("for readers")
    (tmp_path / "chalicelib" / "__pycache__").mkdir()
    (tmp_path / "chalicelib" / "__pycache__" / "module.pyc").write_text("not a source")
    assert digest_of_sources(tmp_path) == before
    source.write_text("two")
    assert digest_of_sources(tmp_path) != before


@pytest.mark.parametrize(
    "source",
    [
        "resources.yaml",
        *(f"deployment/{name}.py" for name in ("byte_code", "left_out", "packaging", "rights", "template")),
    ],
)
def test_the_digest_follows_what_the_template_is_made_of(tmp_path: Path, source: str) -> None:
    before = digest_of_sources(tmp_path)
    file = tmp_path / "infra" / source
    file.parent.mkdir(parents=True)
    file.write_text("other")
    assert digest_of_sources(tmp_path) != before


def test_packaging_asks_nobody_for_credentials_and_must_leave_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Instead of Chalice runs a program that prints its settings, makes nothing and calls that a success."""
    told = "import os; print('disabled:', os.environ['AWS_EC2_METADATA_DISABLED'])"
    monkeypatch.setattr(packaging, "CHALICE", [sys.executable, "-c", told])
    with pytest.raises(DeployError, match="could not package the application:\ndisabled: true"):
        packaging.package(tmp_path)


def test_another_rule_makes_another_package(tmp_path: Path) -> None:
    (tmp_path / "infra" / "alarms").mkdir(parents=True)
    before = digest_of_sources(tmp_path)
    (tmp_path / "infra" / "alarms" / "rules.py").write_text("RULES = ()")
    assert digest_of_sources(tmp_path) != before
