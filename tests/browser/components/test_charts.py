"""Chart and timeline: the table says what the chart says; pointer, keys and presets choose what all of them show."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.domain.backends.component import Component
from tests.browser.accessibility import accessible, reach
from tests.browser.conftest import SignIn
from tests.browser.households import two_meters
from tests.browser.parts import part
from tests.browser.server import Served
from tests.browser.settling import settled

MONTHS = 12


@pytest.fixture
def page(served: Served, sign_in: SignIn) -> Page:
    served.bring("home", two_meters())
    return sign_in()


def chart(page: Page) -> Locator:
    return part(page, Component.MONTHLY_CHARTS)


def timeline(page: Page) -> Locator:
    return part(page, Component.TIMELINE_SLIDER)


def months(page: Page) -> list[str]:
    """What the chart says of each month."""
    return [str(month.get_attribute("aria-label")) for month in chart(page).get_by_role("radio").all()]


def dates(page: Page) -> list[str]:
    """The dates in the table of readings."""
    return part(page, Component.ENERGY_TABLE).locator("tbody tr td:first-child").all_inner_texts()


def show(page: Page, year: int) -> None:
    """Let the chart show a year, as somebody does who types it."""
    chart(page).get_by_label("Year", exact=True).fill(str(year))
    chart(page).get_by_label("Year", exact=True).press("Enter")
    expect(chart(page).get_by_role("figure")).to_contain_text(f"Electricity in {year}")
    settled(page)


@pytest.mark.parametrize("year", [2022, 2023, 2024])
def test_the_table_of_the_chart_says_what_the_chart_says(page: Page, year: int) -> None:
    show(page, year)
    chart(page).get_by_text("As a table").click()
    rows = chart(page).get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(MONTHS + 1)
    for said, row in zip(months(page), rows.all()[1:], strict=True):
        now, before, difference, reading, _ = row.get_by_role("cell").all_inner_texts()
        name = row.get_by_role("rowheader").inner_text()
        last_year = name.replace(str(year), str(year - 1))
        assert said.startswith(f"{name}: {spoken(now)}; {last_year}: {spoken(before)}; {difference}")
        end = said.partition("At the end: ")[2]
        if number(reading) is None:
            assert end == reading == "not known"
        else:
            assert number(end) == pytest.approx(number(reading), abs=0.05)
    accessible(page)


@pytest.mark.parametrize("year", [2022, 2023, 2024])
def test_bars_are_as_high_as_their_figures(page: Page, year: int) -> None:
    show(page, year)
    figures = [number(said.partition(": ")[2].partition(";")[0]) for said in months(page)]
    drawn = (
        chart(page)
        .locator("rect.bar.now[height]")
        .evaluate_all(
            "bars => bars.filter((bar) => bar.closest('.plot')).map((bar) => parseFloat(bar.getAttribute('height')))"
        )
    )
    known = [figure for figure in figures if figure]
    assert len(drawn) == len(known) > 4
    per_unit = [height / figure for height, figure in zip(drawn, known, strict=True)]
    assert per_unit == pytest.approx([per_unit[0]] * len(known), rel=0.01)


def test_years_follow_each_other_up_to_the_edges(page: Page) -> None:
    back, on = (chart(page).get_by_role("button", name=name) for name in ("Previous year", "Next year"))
    expect(on).to_be_disabled()
    for year in (2023, 2022, 2021):
        back.click()
        expect(chart(page).get_by_role("figure")).to_contain_text(f"Electricity in {year}")
    expect(back).to_be_disabled()
    accessible(page)
    on.click()
    expect(chart(page).get_by_role("figure")).to_contain_text("Electricity in 2022")


def test_a_month_says_its_figure_by_pointer_and_by_keyboard(page: Page) -> None:
    picked = chart(page).get_by_role("strong")
    expect(picked).to_have_text("February 2024")
    chart(page).get_by_role("radio", name="January 2024").hover(force=True)
    expect(picked).to_have_text("January 2024")
    expect(chart(page)).to_contain_text("At the beginning: 7,566 kWh, measured on 1 Jan 2024")
    page.mouse.move(0, 0)
    expect(picked).to_have_text("February 2024")
    reach(page, chart(page).get_by_role("radio", name="February 2024"))
    page.keyboard.press("ArrowRight")
    expect(picked).to_have_text("March 2024")
    page.keyboard.press("Home")
    expect(picked).to_have_text("January 2024")
    accessible(page)


def test_the_register_is_a_line_on_request(page: Page) -> None:
    expect(chart(page).locator("line.register")).to_have_count(0)
    chart(page).get_by_label("Show the meter reading as a line").check()
    expect(chart(page).locator(".plot line.register").first).to_be_attached()
    accessible(page)


def test_the_other_meter_is_shown_everywhere(page: Page) -> None:
    page.get_by_role("group", name="Meter").get_by_label("Gas").check()
    expect(chart(page).get_by_role("figure")).to_contain_text("Gas in 2024")
    expect(part(page, Component.ENERGY_TABLE).get_by_role("row").nth(1)).to_contain_text("8,216 m³")
    settled(page)
    accessible(page)


def test_keys_move_the_handles_month_by_month_and_chart_and_table_follow(page: Page) -> None:
    start = timeline(page).get_by_role("slider", name="From")
    reach(page, start)
    for _ in range(16):
        page.keyboard.press("PageUp")
    settled(page)
    expect(start).to_have_attribute("aria-valuetext", "1 May 2023")
    expect(timeline(page)).to_contain_text("1 May 2023 to 14 Mar 2024: 12 readings")
    assert dates(page)[-1] == "1 May 2023, 00:00"
    assert months(page)[0].startswith("May 2023: 217")
    reach(page, timeline(page).get_by_role("slider", name="To"))
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    settled(page)
    assert dates(page)[0] == "1 Jan 2024, 00:00"
    assert months(page)[-1].startswith("January 2024")
    accessible(page)


def test_a_handle_is_dragged(page: Page) -> None:
    start = timeline(page).get_by_role("slider", name="From")
    start.scroll_into_view_if_needed()
    box = start.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=5)
    page.mouse.up()
    settled(page)
    said = start.get_attribute("aria-valuetext")
    assert said
    assert re.search(r"\b(Jan|Feb|Mar) 2023\b", said)
    expect(timeline(page).get_by_role("status").last).to_contain_text(f"{said} to 14 Mar 2024")
    assert dates(page)[-1] in {"1 Feb 2023, 00:00", "1 Mar 2023, 00:00"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("preset", "last", "count"),
    [("This year", "1 Jan 2024, 00:00", 4), ("Last 12 months", "1 Apr 2023, 00:00", 13), ("All", None, 28)],
)
def test_a_preset_chooses_the_range(page: Page, preset: str, last: str | None, count: int) -> None:
    timeline(page).get_by_role("button", name="Last 12 months").click()
    settled(page)
    timeline(page).get_by_role("button", name=preset).click()
    settled(page)
    expect(timeline(page).get_by_role("button", name=preset)).to_have_attribute("aria-pressed", "true")
    expect(timeline(page)).to_contain_text(f"{count} readings")
    if last:
        assert dates(page)[-1] == last
    accessible(page)


def spoken(cell: str) -> str:
    """A figure of the table in the words of the chart: how sure it is follows a comma."""
    return re.sub(r"(kWh|m³) (?=\w)", r"\1, ", cell)


def number(text: str) -> float | None:
    """The first number in a text."""
    found = re.match(r"[\d,.]+", text)
    return float(found[0].replace(",", "")) if found else None
