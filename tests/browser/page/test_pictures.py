"""The README's pictures show the present page."""

from playwright.sync_api import Browser, Page

from tests.browser.pictures import FOLDER, PICTURES, TOLERATED, difference, household, picture, pictures
from tests.browser.server import Served


def test_the_pictures_show_the_page_as_it_is(chromium: Browser, served: Served, blank: Page) -> None:
    household(served)
    taken = dict(pictures(chromium, served))
    assert {file.stem for file in FOLDER.glob("*.png")} == taken.keys() == PICTURES.keys()
    for name, png in taken.items():
        share = difference(blank, png, (FOLDER / f"{name}.png").read_bytes())
        assert share <= TOLERATED, f"{share:.1%} of {name}.png differ; look at the page, then: make pictures"


def test_a_picture_with_another_figure_is_another_picture(blank: Page) -> None:
    shown = []
    for figure in ("370 kWh", "870 kWh"):
        blank.set_content(f"<h1>{figure}</h1>")
        shown.append(picture(blank))
    assert difference(blank, shown[0], shown[0]) == 0
    assert TOLERATED < difference(blank, *shown) < 1
