"""The media types that the laptop's API Gateway passes as bytes."""

from pathlib import Path

import pytest
import yaml

from infra.deployment.cloudformation import _AnyTag
from infra.local.localstack_plugin.process_lambda.gateway.binary_types import matches

TEMPLATE = yaml.load((Path(__file__).parents[6] / "infra" / "resources.yaml").read_text(), Loader=_AnyTag)
OURS = TEMPLATE["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-binary-media-types"]
FORM = "multipart/form-data; boundary=----x"


@pytest.mark.parametrize("header", [FORM, "Text/CSV; charset=windows-1252", "*/*", "text/html,*/*;q=0.8", "nonsense"])
def test_everything_passes_as_bytes_through_our_api(header: str) -> None:
    assert matches(header, OURS)


@pytest.mark.parametrize(
    ("header", "types", "found"),
    [
        (FORM, ["multipart/form-data"], True),
        ("text/csv", ["text/*"], True),
        ("image/png, text/csv", ["text/csv"], False),
        ("*/*", ["text/csv"], False),
        (None, ["*/*"], False),
        ("", ["*/*"], False),
        ("text/csv", [], False),
    ],
)
def test_the_first_type_counts(header: str | None, types: list[str], found: bool) -> None:
    assert matches(header, types) is found
