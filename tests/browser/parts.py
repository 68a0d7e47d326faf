"""The components of the overview as parts of the page, and what each says of its state."""

from playwright.sync_api import Locator, Page

from chalicelib.domain.backends.component import Component

OVERVIEW = [Component.DASHBOARD, Component.MONTHLY_CHARTS, Component.TIMELINE_SLIDER, Component.ENERGY_TABLE]


def part(page: Page, component: Component) -> Locator:
    """The section of a component."""
    return page.locator(f"section#{component}")


def status(page: Page, component: Component) -> Locator:
    """Where a component says that it is being loaded, or could not be."""
    return part(page, component).locator("> [role=status]").first


def path(component: Component) -> str:
    """Where the page asks for a component."""
    return f"/components/{component}"
