"""Starts MiniStack in its own environment, with lists of AppConfig as AWS gives them: newest first, in pages.

MiniStack lists the oldest fifty versions and deployments and has no next page, so the newest ones are never listed.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
PER_PAGE = 50
EVERYTHING = {"max_results": "1000000000"}


def newest_first(listed: Callable[..., Answer], number: str) -> Callable[..., Answer]:
    """The list of one kind of item, by its member ``number``; the token of a page is where that page begins."""

    def page(application: str, parent: str, query: dict[str, str]) -> Answer:
        status, headers, body = listed(application, parent, EVERYTHING)
        answer: dict[str, Any] = json.loads(body)
        if "Items" in answer:
            start, size = int(query.get("next_token", 0)), int(query.get("max_results", PER_PAGE))
            items = sorted(answer["Items"], key=lambda item: int(item[number]), reverse=True)
            answer = {"Items": items[start : start + size]}
            if len(items) > start + size:
                answer["NextToken"] = str(start + size)
        return status, headers, json.dumps(answer).encode()

    return page


def patch(appconfig: Any) -> None:
    """Put the lists in place of the emulator's own. Raises AttributeError where another version has others."""
    for name, number in (
        ("_list_deployments", "DeploymentNumber"),
        ("_list_hosted_configuration_versions", "VersionNumber"),
    ):
        setattr(appconfig, name, newest_first(getattr(appconfig, name), number))


if __name__ == "__main__":
    patch(import_module("ministack.services.appconfig"))
    import_module("ministack.app").main()
