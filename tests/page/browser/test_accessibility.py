"""No violation that axe-core knows, and the keys that move in the gallery."""

import pytest

from tests.page.browser.test_charts import seen
from tests.page.browser.waiting import until

PICKS = "document.querySelectorAll('#matrix .pick').length"
FOCUSED = "document.activeElement.dataset.key"
STOPS = "document.querySelectorAll('#matrix [tabindex=\"0\"]').length"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "view", ["", "#job=0k0k0&a=1k0k0", "#job=0k1k0&compare=slider"]
)
def test_axe_finds_no_violation(open_page, view, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe-playwright-python is not installed",
    )
    page = open_page(view, color_scheme=scheme)
    until(page, f"{PICKS} === 32")
    found = axe.Axe().run(page).response["violations"]
    told = [(one["id"], [n["html"][:120] for n in one["nodes"][:3]]) for one in found]
    assert told == []


def test_axe_finds_no_violation_in_live_charts(open_page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page()
    seen(page)
    found = axe.Axe().run(page, context="#charts").response["violations"]
    assert [one["id"] for one in found] == []


def test_arrow_keys_move_in_the_gallery_which_is_one_tab_stop(open_page):
    page = open_page()
    until(page, f"{PICKS} === 32")
    assert page.evaluate(STOPS) == 1
    page.locator("#matrix [tabindex='0']").focus()
    assert page.evaluate(FOCUSED) == "0k0k0"
    for key, expected in (
        ("ArrowRight", "0k0k1"),
        ("ArrowRight", "0k1k0"),
        ("ArrowDown", "1k1k0"),
        ("ArrowLeft", "1k0k1"),
        ("ArrowUp", "0k0k1"),
        ("ArrowUp", "0k0k1"),
        ("End", "0k3k1"),
        ("ArrowRight", "0k3k1"),
        ("Home", "0k0k0"),
        ("Control+End", "3k3k1"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(FOCUSED) == expected, key
        assert page.evaluate(STOPS) == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#matrix')") is None
