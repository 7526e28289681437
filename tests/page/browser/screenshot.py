"""Take the picture of the report that the README shows, from the study here.

    python -m tests.page.browser.screenshot

The first screen of reports/index.html, 1,400 pixels wide, in the system's Chromium.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from stages.store import paths

PICTURE = Path(".github/report.png")
SIZE = {"width": 1400, "height": 900}
# Colours that are kept, our choice: a third of the bytes, and no difference to the eye.
COLOURS = 256


def screenshot(page: Path) -> bytes:
    """Return the first screen of a page as PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        opened = browser.new_page(viewport=SIZE, color_scheme="light")
        opened.goto(page.resolve().as_uri())
        opened.wait_for_selector("html[data-ready]", state="attached")
        opened.wait_for_timeout(500)
        data = opened.screenshot()
        browser.close()
    return data


def main() -> None:
    """Write the picture."""
    with Image.open(io.BytesIO(screenshot(paths.REPORT))) as picture:
        picture.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
