"""Somebody who has never seen the page does eight things with it, finding everything by the words that they see."""

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.server import Served

TABLE = b"Datum;Gas\n02.01.2022;1.010,5\n10.01.2022;1.120\n"


class Newcomer:
    """Looks at a page and acts on words; knows neither its elements nor names that only a screen reader says."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, words: str, beside: str = "") -> None:
        """Press what says this, in the row or card that says something else."""
        self._seen(words, beside).click()

    def write(self, words: str, text: str) -> None:
        """Write into the field whose label this is, in place of what is there."""
        self._seen(words).click()  # which leads into its field
        self._page.keyboard.press("Control+A")
        self._page.keyboard.type(text)

    def choose(self, words: str) -> None:
        """Choose this from the list that has it."""
        lists = self._page.locator("select:visible").filter(has=self._page.get_by_text(words, exact=True))
        lists.first.select_option(words)

    def bring(self, words: str, file: FilePayload) -> None:
        """Press what says this and choose a file."""
        with self._page.expect_file_chooser() as chooser:
            self.press(words)
        chooser.value.set_files([file])

    def save(self, words: str) -> str:
        """Press what says this; returns the file that comes of it."""
        with self._page.expect_download() as download:
            self.press(words)
        return download.value.path().read_text()

    def see(self, *words: str) -> None:
        """Read all of these in one place."""
        place = self._page.locator(PLACES)
        for each in words:
            place = place.filter(has_text=each)
        expect(place.locator("visible=true").first).to_be_visible()

    def _seen(self, words: str, beside: str = "") -> Locator:
        place = self._page.locator(PLACES).filter(has_text=beside).last if beside else self._page.locator(WHOLE)
        return place.get_by_text(words).locator("visible=true").first


WHOLE, PLACES = "dialog[open], body:not(:has(dialog[open]))", "tr, article, li, p, figure, section"


def test_eight_things_are_done_without_help(served: Served, sign_in: SignIn) -> None:
    served.bring("home", two_meters())
    somebody = Newcomer(sign_in())

    # 1 add a reading
    somebody.press("Add reading")
    somebody.write("Reading (kWh)", "8390")
    somebody.press("Save")
    somebody.see("Last reading", "8,390 kWh", "today")

    # 2 find what January has used, and what it used the year before
    somebody.press("As a table")
    somebody.see("January 2024", "341 kWh")

    # 3 correct a reading
    somebody.press("Edit", beside="1 Mar 2024, 00:00")
    somebody.write("Reading (kWh)", "8230")
    somebody.press("Save")
    somebody.see("1 Mar 2024, 00:00", "8,230 kWh")

    # 4 delete one by mistake and get it back
    somebody.press("Delete", beside="1 Feb 2024, 00:00")
    somebody.press("Undo")
    somebody.see("1 Feb 2024, 00:00", "7,907 kWh")

    # 5 look at gas, for the last twelve months
    somebody.press("Gas")
    somebody.press("Last 12 months")
    somebody.see("Gas", "Apr 2023", "Mar 2024")

    # 6 bring a file
    somebody.press("Files")
    somebody.bring("Choose a file", FilePayload(name="gas.csv", mimeType="text/csv", buffer=TABLE))
    somebody.press("Import 2 readings")
    somebody.see("gas.csv", "2 stored")

    # 7 take everything along
    assert "1120" in somebody.save("Save the file")

    # 8 read the page in German, in the dark
    somebody.choose("Deutsch")
    somebody.choose("Dunkel")
    somebody.press("Überblick")
    somebody.see("Letzter Zählerstand", "8.390 kWh", "heute")
