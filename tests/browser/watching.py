"""Collecting a browser's complaints: when a test ends, only those may be left that it has announced."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

from tests.browser.settling import note_files

# Fetched by the browser itself, and given up by it when its person goes on at once.
OF_THE_BROWSER = ("/icons/", "/service-worker.js")
BLOCKED = "Service Worker registration blocked by Playwright"  # as the tests want it
LOUD = {"error", "warning", "assert"}
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`content security policy: ${violatedDirective} ${blockedURI}`));
"""
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")


@dataclass
class Watch:
    """Complaints of every page of a context; ``announced`` are the refusals that the test provokes itself."""

    complaints: list[str] = field(default_factory=list)
    announced: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    is_over: bool = False

    def over(self, context: BrowserContext) -> None:
        """Look at the pages of this context."""
        context.add_init_script(REPORT_VIOLATIONS)
        note_files(context)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        context.on("requestfailed", self._failed)

    def announce(self, status: int, path: str) -> None:
        """Expect that a path is refused with a status, once or more; status 0: no answer comes."""
        self.announced[path] = status

    def close(self) -> None:
        """Fail for every complaint, and for an announcement that was none. Later ones do not count."""
        missing = [f"announced, but not seen: {path}" for path in self.announced.keys() - self.refused]
        found, self.complaints, self.announced = [*self.complaints, *missing], [], {}
        self.is_over = True
        assert not found, "\n".join(found)

    def _heard(self, message: ConsoleMessage) -> None:
        if self.is_over or message.type not in LOUD or message.text == BLOCKED:
            return
        refused = REFUSED.match(message.text)
        if refused and self._excused(message.location["url"], int(refused[1])):
            return
        if message.text.startswith("Failed to load resource: net::") and self._excused(message.location["url"], 0):
            return
        self.complaints.append(f"console, {message.type}: {message.text} ({message.location['url']})")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED" and _is_of_the_browser(request):
            return
        if not (self.is_over or self._excused(request.url, 0)):
            self.complaints.append(f"no answer: {request.method} {request.url} {request.failure}")

    def _excused(self, url: str, status: int) -> bool:
        for path, expected in self.announced.items():
            if path in url and expected == status:
                self.refused.add(path)
                return True
        return False


def _is_of_the_browser(request: Request) -> bool:
    """Nothing but leaving the page gives up a script that is on its way."""
    return request.resource_type == "script" or any(path in request.url for path in OF_THE_BROWSER)
