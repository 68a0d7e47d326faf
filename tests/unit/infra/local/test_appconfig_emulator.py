"""The emulator's lists of AppConfig: newest first, a page at a time, as AWS gives them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.processes.appconfig_emulator import patch

NUMBERS = {"_list_deployments": "DeploymentNumber", "_list_hosted_configuration_versions": "VersionNumber"}


def emulator(count: int) -> Any:
    """What MiniStack has: lists of the oldest ones, as many as the caller wants."""

    def listing(number: str) -> Any:
        def listed(application: str, parent: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
            if application == "unknown":
                return 404, {}, b'{"Message": "no such application"}'
            items = [{number: value} for value in range(1, count + 1)]
            return 200, {}, json.dumps({"Items": items[: int(query.get("max_results", 50))]}).encode()

        return listed

    appconfig = SimpleNamespace(**{name: listing(number) for name, number in NUMBERS.items()})
    patch(appconfig)
    return appconfig


@pytest.mark.parametrize(("name", "number"), NUMBERS.items())
def test_the_newest_come_first_and_the_pages_together_are_all_of_them(name: str, number: str) -> None:
    seen: list[int] = []
    query: dict[str, str] = {"max_results": "40"}
    while True:
        status, _, body = getattr(emulator(101), name)("application", "parent", query)
        page = json.loads(body)
        assert (status, len(page["Items"]) <= 40) == (200, True)
        seen += [item[number] for item in page["Items"]]
        if "NextToken" not in page:
            break
        query["next_token"] = page["NextToken"]
    assert seen == list(range(101, 0, -1))


def test_without_a_size_a_page_has_fifty() -> None:
    page = json.loads(emulator(51)._list_deployments("application", "parent", {})[2])
    assert [item["DeploymentNumber"] for item in page["Items"]] == list(range(51, 1, -1))
    assert page["NextToken"] == "50"


def test_a_refusal_stays_what_it_is() -> None:
    status, _, body = emulator(1)._list_deployments("unknown", "parent", {})
    assert (status, json.loads(body)) == (404, {"Message": "no such application"})


def test_another_emulator_without_these_lists_is_refused() -> None:
    with pytest.raises(AttributeError):
        patch(SimpleNamespace())
