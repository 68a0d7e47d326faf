"""The parameters that a deployment hands to its functions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.deployment.application import Target, deploy_application
from infra.deployment.cloudformation import Stack
from infra.deployment.packaging import Package


class Cloud(Target):
    """Takes everything; nobody is asked."""

    def __init__(self) -> None:
        super().__init__("eu-central-1", "http://cloud.example")

    def client(self, service: str, config: Any = None) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "000000000000"}

    def head_bucket(self, **_: object) -> None: ...

    def upload_file(self, *_: object, **__: object) -> None: ...

    def put_object(self, **_: object) -> None: ...


def test_the_functions_are_told_the_digest_of_their_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By which the status knows whether a drill was made on it."""
    deployed: dict[str, str] = {}

    def deploy(_stack: object, _template: str, parameters: Mapping[str, str], *, template_url: str) -> bool:
        deployed.update(parameters)
        return True

    monkeypatch.setattr(Stack, "deploy", deploy)
    (tmp_path / "template.json").write_text('{"A": {"CodeUri": "./deployment.zip"}}')
    assert deploy_application(Cloud(), Package("abc123", tmp_path), "dev", "bucket", {"SecretId": "secret"})
    assert (deployed["Release"], deployed["Stage"], deployed["SecretId"]) == ("abc123", "dev", "secret")
