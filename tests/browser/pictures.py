"""The README's pictures: of one household on one day, so that they change only with the page.

Run: ``python -m tests.browser.pictures`` (``make pictures``) writes them into the folder beside this file.
"""

import base64
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from infra.local import throwaway
from infra.local.demo.household import file_of, readings_until
from tests.browser.chromium import USUAL, chromium
from tests.browser.households import TODAY, csv_of, register
from tests.browser.people import sign_in_as
from tests.browser.server import Clock, Served, Server
from tests.browser.settling import COUNT, note_files, settled

FOLDER = Path(__file__).with_name("pictures")
DESK = {"width": 1280, "height": 1330}
PICTURES: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESK},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True},
}
# Compared at a quarter of the size, where the edges of letters do not count that another Chromium smooths otherwise.
NOTICEABLE, TOLERATED = 40, 0.0001  # of 255 in one colour; a share of the pixels
DIFFERENCE = """async ([one, other, noticeable]) => {
  const drawn = async (png) => {
    const image = Object.assign(new Image(), { src: `data:image/png;base64,${png}` });
    await image.decode();
    const [width, height] = [image.width >> 2, image.height >> 2];
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.imageSmoothingQuality = "high";
    canvas.drawImage(image, 0, 0, width, height);
    return canvas.getImageData(0, 0, width, height);
  };
  const [a, b] = [await drawn(one), await drawn(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if ([0, 1, 2].some((colour) => Math.abs(a.data[at + colour] - b.data[at + colour]) > noticeable)) different += 1;
  }
  return different / (a.width * a.height);
}"""


def household(served: Served) -> None:
    """A real register of electricity up to yesterday, and one of gas that is read each month."""
    yesterday = date.fromordinal(TODAY.toordinal() - 1)
    readings = readings_until(yesterday)
    served.bring("home", file_of(readings))
    months = sorted({reading.day.replace(day=1) for reading in readings[31:]})
    served.bring("home", csv_of(register("gas", months)))


def pictures(browser: Browser, served: Served) -> Iterator[tuple[str, bytes]]:
    """Each picture by its name: what somebody sees who has signed in."""
    for name, options in PICTURES.items():
        with browser.new_context(**USUAL | options) as context:
            context.add_init_script(COUNT)
            note_files(context)
            context.clock.set_fixed_time(served.clock.moment)
            page = context.new_page()
            page.goto(served.url)
            sign_in_as(page, "home")
            yield name, picture(page)


def picture(page: Page) -> bytes:
    """The page as one sees it first, once it has nothing left to do."""
    settled(page)
    return page.screenshot(animations="disabled", caret="hide")


def difference(page: Page, one: bytes, other: bytes) -> float:
    """The share of pixels that differ noticeably; 1 where the sizes do. ``page`` calculates it."""
    encoded = [base64.b64encode(png).decode() for png in (one, other)]
    share: float = page.evaluate(DIFFERENCE, [*encoded, NOTICEABLE])
    return share


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with throwaway.issuer() as layout, Server(layout) as server, server.serving(Clock()) as served:
        household(served)
        with chromium() as browser:
            for name, png in pictures(browser, served):
                (FOLDER / f"{name}.png").write_bytes(png)


if __name__ == "__main__":
    main()
