"""Knowing when a page has nothing left to do: no answer is awaited, none is being read, all is drawn."""

from playwright.sync_api import Page

# Counts what is under way from the asking to the end of the answer's body; what is asked next begins at once.
COUNT = """
globalThis.underWay = 0;
const counted = (work) => async function (...given) {
  globalThis.underWay += 1;
  try {
    return await work.apply(this, given);
  } finally {
    globalThis.underWay -= 1;
  }
};
globalThis.fetch = counted(globalThis.fetch);
for (const way of ["json", "text", "blob"]) Response.prototype[way] = counted(Response.prototype[way]);
"""
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let still = 0; still < 3; still = globalThis.underWay ? 0 : still + 1) await frame();
}"""


def settled(page: Page) -> None:
    """Wait until the page shows what it was asked for last."""
    page.evaluate(SETTLE)


def come_back(page: Page) -> None:
    """Return to the page from another window, upon which it looks for what has changed; wait until it shows that."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    settled(page)
