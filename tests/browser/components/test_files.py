"""Files: a real one is brought, a faulty row found and replaced, an import taken back, everything taken along."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from infra.local.demo.household import READINGS
from tests.browser.accessibility import accessible, fits, reach
from tests.browser.chromium import NARROW
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.server import Served
from tests.browser.settling import settled
from tests.browser.watching import Watch

FAULTY = "Datum;Strom\n31.01.2024;5.200,5\n30.02.2024;5.300\n10.03.2024;5.400\n"
CORRECTED = "Datum;Strom\n31.01.2024;5.205,5\n29.02.2024;5.300\n10.03.2024;5.400\n"
HOSTILE = "<img src=x onerror=alert(1)>"
THEIRS = "Take the file\u2019s"
CONFLICTS = "Where another reading is stored already"


def amounts(served: Served, user: str) -> list[tuple[str, str, float]]:
    """All readings of a user."""
    found = served.call(user, "GET", "/v2/energy?limit=500")["readings"]
    return sorted((reading["type"], reading["date"], reading["amount"]) for reading in found)


def opened(page: Page) -> Page:
    page.get_by_role("link", name="Files").click()
    expect(page.get_by_role("heading", name="Bring a file")).to_be_visible()
    return page


def bring(page: Page, file: str | bytes | Path, name: str = "readings.csv") -> Locator:
    """Choose a file; returns what the page makes of it."""
    choice = page.get_by_label("Choose a file, or drop it here")
    if isinstance(file, Path):
        choice.set_input_files(file)
    else:
        content = file if isinstance(file, bytes) else file.encode()
        choice.set_input_files([FilePayload(name=name, mimeType="text/csv", buffer=content)])
    report = page.get_by_role("region", name=file.name if isinstance(file, Path) else name)
    expect(report.get_by_role("heading", level=3)).to_be_visible()
    settled(page)
    return report


def imported(page: Page, name: str) -> Locator:
    """What the page says of a file once it is stored; a preview has another name."""
    return page.get_by_role("region", name=f"Imported: {name}")


def counts(report: Locator) -> list[str]:
    """The counts of a report, such as ``2 new``."""
    return [item.inner_text().replace("\n", " ") for item in report.get_by_role("status").get_by_role("listitem").all()]


@pytest.fixture
def files(sign_in: SignIn) -> Page:
    """The files of somebody who has nothing yet."""
    return opened(sign_in("alice"))


def test_four_years_of_a_real_household_are_imported(files: Page) -> None:
    report = bring(files, READINGS)
    assert counts(report) == ["1,441 new"]
    expect(report.get_by_text("Nothing is stored yet.")).to_be_visible()
    accessible(files)
    files.get_by_role("button", name="Import 1,441 readings").click()
    expect(files.get_by_text("1,441 stored").first).to_be_visible()
    settled(files)
    accessible(files)
    files.get_by_role("link", name="See it in the overview").click()
    expect(files.get_by_role("region", name="Electricity").get_by_role("article").last).to_contain_text("26 Nov 2010")


def test_a_faulty_row_is_named_by_its_line_left_out_and_replaced_by_the_corrected_one(files: Page) -> None:
    report = bring(files, FAULTY)
    assert counts(report) == ["2 new", "1 faulty"]
    faulty = report.get_by_role("region", name="What cannot be imported")
    expect(faulty).to_contain_text("Line 3")
    expect(faulty).to_contain_text("30.02.2024")
    expect(report.get_by_role("button", name="Import 2 readings")).to_be_disabled()
    accessible(files)
    report.get_by_label("Leave out the faulty row").check()
    report.get_by_role("button", name="Import 2 readings").click()
    expect(files.get_by_text("2 stored").first).to_be_visible()

    again = bring(files, CORRECTED, "corrected.csv")
    assert counts(again) == ["1 new", "1 there already", "1 faulty"]
    again.get_by_role("group", name=CONFLICTS).get_by_label(THEIRS).check()
    settled(files)
    assert counts(again) == ["1 new", "1 replaced", "1 there already"]
    accessible(files)
    again.get_by_role("button", name="Import 2 readings").click()
    expect(imported(files, "corrected.csv")).to_contain_text("1 replaced")


def test_an_import_is_taken_back_and_what_it_replaced_is_as_before(served: Served, sign_in: SignIn) -> None:
    served.bring("home", two_meters())
    before = amounts(served, "home")
    files = opened(sign_in("home"))
    report = bring(files, "date,power\n2024-03-14,8370\n2024-03-15,8380\n")
    report.get_by_role("group", name=CONFLICTS).get_by_label(THEIRS).check()
    files.get_by_role("button", name="Import 2 readings").click()
    just_now = imported(files, "readings.csv")
    expect(just_now).to_contain_text("1 replaced")
    assert amounts(served, "home") != before
    entry = files.get_by_role("region", name="Imported so far").get_by_role("listitem").filter(has_text="readings.csv")
    entry.get_by_role("button", name="Undo this import").click()
    expect(entry.get_by_text("Take everything back that it brought?")).to_be_visible()
    accessible(files)
    entry.get_by_role("button", name="Yes, undo it").click()
    expect(entry.get_by_text("Undone: 1 removed, 1 as before.")).to_be_visible()
    settled(files)
    expect(entry.get_by_text("Undone: 1 removed, 1 as before.")).to_be_visible()
    expect(just_now.get_by_role("button")).to_have_count(0)
    accessible(files)
    assert amounts(served, "home") == before


def drop(page: Page, selector: str, content: str) -> None:
    """Drop a file somewhere; a page without a listener there would let the browser open it."""
    settled(page)
    page.evaluate(
        """([selector, content]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([content], "dropped.csv", {type: "text/csv"}));
          const place = document.querySelector(selector);
          const left = ["dragenter", "dragover", "drop"].filter((name) =>
            place.dispatchEvent(new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer})));
          if (left.length) throw new Error(`left to the browser: ${left}`);
        }""",
        [selector, content],
    )


@pytest.mark.parametrize("selector", ["body", "h1", "#csv_export", ".drop"])
def test_a_file_that_is_dropped_anywhere_is_brought(files: Page, selector: str) -> None:
    drop(files, selector, CORRECTED)
    report = files.get_by_role("region", name="dropped.csv")
    expect(report.get_by_role("button", name="Import 3 readings")).to_be_enabled()


def test_what_is_left_out_is_not_among_the_first_rows(files: Page) -> None:
    report = bring(files, "Datum;Strom\n31.01.2024;5200\n29.02.2024;5300\n10.03.2024;530\n")
    assert counts(report) == ["3 new", "2 to be checked"]
    rows = report.get_by_role("region", name="The first rows").locator("tbody tr")
    expect(rows).to_have_count(3)
    report.get_by_label("Leave these rows out").check()
    expect(rows).to_have_count(1)
    settled(files)
    assert counts(report) == ["1 new", "2 unusual, left out"]
    accessible(files)


def test_a_file_without_a_usable_row_says_that_nothing_can_be_imported(files: Page) -> None:
    report = bring(files, "Datum;Strom\n30.02.2024;1\n31.02.2024;2\n")
    expect(report.get_by_text("Like this, nothing in this file can be imported.")).to_be_visible()
    expect(report.get_by_role("checkbox")).to_have_count(0)
    accessible(files)


def test_in_german_the_page_says_itself_what_is_missing(sign_in: SignIn, watch: Watch) -> None:
    watch.announce(422, "/components/csv_import")
    files = sign_in("alice", locale="de-DE", viewport=NARROW)
    files.get_by_role("link", name="Dateien").click()
    content = b"Datum;Stand\n01.02.2024;5\n"
    files.get_by_label("Datei wählen").set_input_files([FilePayload(name="x.csv", mimeType="", buffer=content)])
    missing = files.get_by_text("In den Namen der Spalten nicht gefunden: Zähler.")
    expect(missing).to_be_visible()
    english = files.get_by_text("missing column type")
    expect(english).to_be_hidden()
    accessible(files)
    files.get_by_text("Einzelheiten (auf Englisch)").click()
    expect(english).to_be_visible()
    expect(english).not_to_contain_text("typeColumn")
    fits(files)
    accessible(files)


def test_what_is_taken_along_fills_another_account(served: Served, sign_in: SignIn, tmp_path: Path) -> None:
    served.bring("home", two_meters())
    files = opened(sign_in("home"))
    with files.expect_download() as download:
        files.get_by_role("button", name="Save the file").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    expect(files.get_by_text("56 readings in")).to_be_visible()
    accessible(files)

    elsewhere = opened(sign_in("alice"))
    bring(elsewhere, saved)
    elsewhere.get_by_role("button", name="Import 56 readings").click()
    expect(elsewhere.get_by_text("56 stored").first).to_be_visible()
    assert amounts(served, "alice") == amounts(served, "home")


def test_a_table_is_pasted_without_a_mouse(files: Page) -> None:
    keyboard = files.keyboard
    reach(files, files.get_by_text("Or paste a table"))
    keyboard.press("Enter")
    reach(files, files.get_by_label("Your table"))
    keyboard.insert_text("date;type;amount\n2024-02-01;gas;812,5\n")
    reach(files, files.get_by_role("button", name="Show what it means"))
    keyboard.press("Enter")
    expect(files.get_by_role("region", name="Pasted table")).to_contain_text("812.5 m³")
    accessible(files)
    reach(files, files.get_by_role("button", name="Import 1 reading"))
    keyboard.press("Enter")
    expect(files.get_by_text("1 stored").first).to_be_visible()


def test_a_hostile_file_is_text(files: Page) -> None:
    name = f"{HOSTILE}.csv"
    report = bring(files, f"date;power;{HOSTILE}\n2024-01-01;{HOSTILE};1\n{HOSTILE};5;2\n2024-01-02;5;3\n", name)
    expect(report.get_by_role("region", name="What cannot be imported")).to_contain_text(HOSTILE)
    report.get_by_label("Leave out the 2 faulty rows").check()
    report.get_by_role("button", name="Import 1 reading").click()
    expect(files.get_by_role("region", name="Imported so far")).to_contain_text(name)
    expect(files.locator("img")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_room_for_a_long_report(sign_in: SignIn, theme: str) -> None:
    files = sign_in("alice", locale="de-DE", color_scheme=theme, viewport=NARROW)
    files.get_by_role("link", name="Dateien").click()
    rows = "".join(f"2024-01-01;unbekannt{number};{number}\n" for number in range(40))
    content = f"Datum;Art;{'sehr' * 30}lang;Stand\n2024-01-02;Strom;;8\n{rows}".encode()
    files.get_by_label("Datei wählen").set_input_files([FilePayload(name="x.csv", mimeType="", buffer=content)])
    expect(files.get_by_role("heading", name="x.csv")).to_be_visible()
    settled(files)
    fits(files)
    accessible(files)
