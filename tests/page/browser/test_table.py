"""The table of all jobs: filters, order, files, rows that appear as they are needed."""

import csv
import io
import json
from pathlib import Path

from tests.page.browser import fake
from tests.page.browser.waiting import until

MISSING = "\N{EN DASH}"
ROWS = "#jobs-table tbody tr:not(.space)"


def first_cells(page):
    return page.locator(f"{ROWS} th").all_inner_texts()


def test_text_and_choices_filter(open_page):
    page = open_page()
    assert page.locator("#jobs-count").inner_text() == "32 of 32 jobs"
    page.get_by_label("search").fill("dog conv3")
    assert set(first_cells(page)) == {"dog"}
    assert page.locator(ROWS).count() == 2
    assert "t-find=dog+conv3" in page.url
    page.get_by_label("search").fill("")
    page.locator("#jobs-controls").get_by_label("status").select_option("failed")
    assert page.locator(ROWS).count() == 1
    assert page.locator("#jobs-count").inner_text() == "1 of 32 jobs"


def test_headings_sort_up_down_and_back_by_mouse_and_keyboard(open_page):
    page = open_page()
    heading = page.locator("#jobs-table th", has_text="PSNR").first
    column = heading.get_attribute("aria-colindex")
    cells = page.locator(f"{ROWS} > [aria-colindex='{column}']")

    def values():
        return [float(text) for text in cells.all_inner_texts() if text != MISSING]

    heading.get_by_role("button").first.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert values() == sorted(values())
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert values() == sorted(values(), reverse=True)
    # What is missing is last, whichever way.
    page.evaluate("document.getElementById('jobs-table').scrollTop = 1e6")
    until(page, f"document.querySelector('{ROWS}[aria-rowindex=\"33\"]') !== null")
    assert cells.last.inner_text() == MISSING
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "none"
    assert "t-sort" not in page.url


def test_a_row_opens_its_job_and_pages_follow_the_table(open_page):
    page = open_page("#t-sort=psnr")
    page.locator(ROWS).nth(1).click()
    second = page.url
    page.keyboard.press("PageUp")
    assert page.url != second
    page.keyboard.press("PageDown")
    assert page.url == second
    page.keyboard.press("Escape")
    page.locator(f"{ROWS} button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#lightbox[open]").count() == 1


def saved(page, name):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return Path(waiting.value.path()).read_bytes().decode()


def test_files_hold_what_is_listed_in_its_order(open_page):
    page = open_page("#t-seed=0&t-sort=psnr&t-down=1")
    rows = list(csv.DictReader(io.StringIO(saved(page, "Save CSV"), newline="")))
    assert len(rows) == 16
    numbers = [float(row["psnr"]) for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert {row["picture"] for row in rows} == {"cat", "dog", fake.EVIL, fake.SCRIPT}
    objects = json.loads(saved(page, "Save JSON"))
    assert [one["key"] for one in objects] == [row["key"] for row in rows]
    assert [one["psnr"] for one in objects] == numbers
    assert objects[0]["seed"] == "0"
