"""Reading the first screen: its figures, and the commands beside them."""

from typing import Any

from playwright.sync_api import Locator, Page

from chalicelib.domain.backends.component import Component


def values(place: Locator) -> list[float | str]:
    """The figures in a place, in their order; those that are not known are none."""
    found: list[str] = place.locator("data").evaluate_all("(all) => all.map(({ value }) => value)")
    return [_plain(value) for value in found]


def instants(place: Locator) -> list[str]:
    """The instants in a place, in their order."""
    found: list[str] = place.locator("time").evaluate_all("(all) => all.map(({ dateTime }) => dateTime)")
    return found


def commands(page: Page) -> set[str]:
    """Every command on a screen, folded ones too."""
    return {*page.locator(".command code").all_text_contents()}


def on_screen(page: Page) -> dict[str, list[float | str]]:
    """All figures of the first screen: of each component, and of the system that they share."""
    cards = {str(each): values(page.locator(f"article[data-component={each}]")) for each in Component}
    return cards | {"platform": values(page.locator("#platform")), "instants": [*instants(page.locator("#platform"))]}


def in_document(status: dict[str, Any]) -> dict[str, list[float | str]]:
    """The same figures in the status document."""
    cards = {each["component"]: _known(_of_component(each)) for each in status["components"]}
    return cards | {"platform": _known(_of_platform(status)), "instants": _known(_instants(status))}


def _of_component(status: dict[str, Any]) -> list[Any]:
    share, backends = status["share"], status["backends"]
    failing = [backends[name] and backends[name]["failurePercent"] for name in ("new", "old")]
    people = [] if not share["people"] else [share["new"], share["people"]]
    lists = [status["testUsers"], *failing, status["comparisons"]["open"], status["feedback"]["open"]]
    return [status["percent"], share["percent"], *people, *lists]


def _of_platform(status: dict[str, Any]) -> list[Any]:
    sync, verify, display, drill = (status[name] for name in ("sync", "verify", "display", "drill"))
    opened, erasures = status["migrations"]["open"], status["erasures"]
    return [
        *(sync["mode"], sync["drainSeconds"], verify["differences"], verify["meters"]),
        *(display["lagging"], display["failing"], display["oldestSeconds"]),
        *(status["deadLetters"]["count"], status["eventsNotPublished"]["count"]),
        None if opened is None else len(opened),
        *((drill["lostWrites"], drill["lastNewAnswerSeconds"]) if drill["at"] else ()),
        *(erasures["waiting"], erasures["oldestSeconds"] if erasures["waiting"] else None),
    ]


def _instants(status: dict[str, Any]) -> list[Any]:
    return [status["sync"]["since"], status["verify"]["at"], status["drill"]["at"]]


def _known(found: list[Any]) -> list[float | str]:
    return [_plain(value) for value in found if value is not None]


def _plain(value: float | str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
