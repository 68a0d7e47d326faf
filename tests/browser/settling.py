"""Knowing when a page has nothing left to do (no answer is awaited or being read, all is drawn), and what moved."""

from time import monotonic
from weakref import WeakKeyDictionary

from playwright.sync_api import BrowserContext, Page, Request

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
# A script that runs first: afterwards ``shifts`` is what has moved without anybody asking for it, and by how much.
NOTE_SHIFTS = """
  globalThis.shifts = [];
  const seen = ({ value, sources }) => [value, ...sources.map(({ node }) => node?.outerHTML.slice(0, 80))];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().map(seen)))
    .observe({ type: "layout-shift", buffered: true });
"""
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let still = 0; still < 3; still = globalThis.underWay ? 0 : still + 1) await frame();
}"""


SECONDS = 30.0  # a deadline, on a busy machine too: nothing waits for its end
HELD_SECONDS = 10.0  # what is held back until a test lets it go is not waited for longer


def until(page: Page, script: str) -> None:
    """Wait for what a script says of a page: its policy lets Playwright do that for nobody."""
    latest = monotonic() + SECONDS
    while not page.evaluate(script):
        assert monotonic() < latest, f"it never came to this: {script}"
        page.wait_for_timeout(50)


# The files of the page that are under way in each context: a script that is imported late is no answer that counts.
loading: WeakKeyDictionary[BrowserContext, set[Request]] = WeakKeyDictionary()


def note_files(context: BrowserContext) -> None:
    """Know from now on which files of the page are under way."""
    under_way = loading.setdefault(context, set())
    context.on("request", lambda request: under_way.add(request) if "/assets/" in request.url else None)
    context.on("requestfinished", lambda request: under_way.discard(request))
    context.on("requestfailed", lambda request: under_way.discard(request))


def settled(page: Page) -> None:
    """Wait until the page shows what it was asked for last; for a file that is held back, not for ever."""
    latest = monotonic() + HELD_SECONDS
    page.evaluate(SETTLE)
    while loading.get(page.context) and monotonic() < latest:
        page.wait_for_timeout(20)
        page.evaluate(SETTLE)


COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


def come_back(page: Page) -> None:
    """Return to the page from another window, upon which it looks for what has changed; wait until it shows that."""
    page.evaluate(COME_BACK)
    settled(page)
