"""What axe-core finds on a page: nothing, by all of its rules, its advice included."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from infra.local.environments import FOLDER

AXE = FOLDER / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.all(changing.map(({ finished }) => finished));
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`));
}"""


def accessible(page: Page) -> None:
    """Fail for each violation, of whatever level, with the element that it concerns."""
    page.evaluate(_axe())  # beside the page's policy, which lets no script in
    found: Any = page.evaluate(RUN)
    assert not found, "\n".join(found)


@cache
def _axe() -> str:
    return AXE.read_text()
