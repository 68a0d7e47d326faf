"""What a stack and a deployment send to AWS, or to its emulators on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from infra.deployment.application import Target, ensure_bucket
from infra.deployment.cloudformation import Stack, _AnyTag
from infra.errors import DeployError
from infra.local import layout
from infra.local.cloud import EmulatedCloud, updated_or_replaced
from infra.local.layout import Layout, Ports
from infra.local.processes import emulators
from tests.unit.infra.deployment.scripted_cloudformation import ScriptedCloudFormation

RESOURCES = Path(__file__).parents[4] / "infra" / "resources.yaml"
OURS = "111111111111"


class Emulator(BaseHTTPRequestHandler):
    """Answers every GET as S3 answers for an object."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


class Bucket:
    """S3 with at most one bucket, of ``owner``; none without one."""

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self.created: list[dict[str, Any]] = []

    def head_bucket(self, **options: Any) -> None:
        code = (
            "404" if not self.owner else "403" if options.get("ExpectedBucketOwner", self.owner) != self.owner else ""
        )
        if code:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "HeadBucket")

    def create_bucket(self, **options: Any) -> None:
        self.created.append(options)


@pytest.fixture
def emulator() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Emulator)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_proxy_does_not_stand_between_this_machine_and_itself(emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    body = Target("us-east-1", emulator).client("s3").get_object(Bucket="b", Key="k")["Body"]
    with body:
        assert body.read() == b"ok"
    assert emulators.answers(emulator)


def test_the_emulators_use_no_proxy_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    stack = Layout("sample", Ports())
    for piece in (emulators.localstack(stack), emulators.appconfig(stack)):
        assert {piece.environment[name] for name in ("NO_PROXY", "no_proxy")} == {"*"}


def test_another_secret_is_another_deployment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    told = [EmulatedCloud(Layout("sample", Ports(), uri)).parameters() for uri in ("", "", "mongodb://u:secret@x/")]
    digests = [parameters["SecretDigest"] for parameters in told]
    assert digests[0] == digests[1] != digests[2]
    assert "u:secret" not in json.dumps(told)


@pytest.mark.parametrize(("status", "attempts"), [("", 1), ("UPDATE_COMPLETE", 2)])
def test_only_an_update_that_fails_is_tried_again_from_nothing(status: str, attempts: int) -> None:
    asked: list[str] = []

    def fail() -> bool:
        asked.append("deploy")
        raise DeployError(f"attempt {len(asked)}")

    client = ScriptedCloudFormation({}, [status])
    with pytest.raises(DeployError, match=f"attempt {attempts}"):
        updated_or_replaced(Stack(client, "sample"), fail)
    assert len(asked) == attempts


def test_the_digest_of_the_secret_reaches_the_functions_environment() -> None:
    resources = RESOURCES.read_text()
    assert "SECRET_DIGEST: !Ref SecretDigest\n" in resources
    declared = yaml.load(resources, Loader=_AnyTag)["Parameters"]["SecretDigest"]
    assert (declared["Type"], declared["Default"]) == ("String", "")


def test_a_missing_bucket_is_made_where_the_deployment_goes() -> None:
    home, abroad = Bucket(), Bucket()
    ensure_bucket(home, "b", "us-east-1", OURS)
    ensure_bucket(abroad, "b", "eu-central-1", OURS)
    assert home.created == [{"Bucket": "b"}]
    assert abroad.created[0]["CreateBucketConfiguration"] == {"LocationConstraint": "eu-central-1"}


def test_only_a_bucket_of_ones_own_is_used() -> None:
    ours = Bucket(OURS)
    ensure_bucket(ours, "b", "us-east-1", OURS)
    assert ours.created == []
    with pytest.raises(DeployError, match="ARTIFACTS_BUCKET"):
        ensure_bucket(Bucket("222222222222"), "b", "us-east-1", OURS)
