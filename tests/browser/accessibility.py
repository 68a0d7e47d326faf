"""Checks whether everybody can use a page: axe-core finds nothing, it fits its window, keys reach everything."""

from functools import cache
from typing import Any

from playwright.sync_api import Locator, Page

from infra.local.environments import FOLDER

AXE = FOLDER / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
MOST_TABS = 80
RUN = """async () => {
  const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.allSettled(changing.map(({ finished }) => finished)); // one that is cancelled is over too
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`));
}"""


def accessible(page: Page) -> None:
    """Fail for each violation, of whatever level, with the element that it concerns."""
    page.evaluate(_axe())  # beside the page's policy, which lets no script in
    found: Any = page.evaluate(RUN)
    assert not found, "\n".join(found)


def fits(page: Page) -> None:
    """Fail where a person would have to scroll sideways."""
    width, room = page.evaluate(
        "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.documentElement)"
    )
    assert width <= room, f"the page is {width} pixels wide, its window {room}"


def reach(page: Page, target: Locator) -> None:
    """Press Tab until the focus is on the target, as somebody does who uses no mouse."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way leads to {target} by Tab")


@cache
def _axe() -> str:
    return AXE.read_text()
