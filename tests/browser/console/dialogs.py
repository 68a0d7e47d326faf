"""Changing something on the operators' page, as people do."""

from playwright.sync_api import Locator, Page


def confirm(page: Page, button: str, why: str) -> Locator:
    """Press a button, say why, and press it again in the dialog."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why?").fill(why)
    dialog.get_by_role("button", name=button, exact=True).click()
    return dialog
