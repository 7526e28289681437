"""The gallery in a browser: what is shown, in which order, and what a hold does."""

from tests.page.browser import fake
from tests.page.browser.waiting import until

PICK = "#matrix .pick"
VISIBLE = """() => {
  const box = document.getElementById('matrix').getBoundingClientRect();
  return [...document.querySelectorAll('#matrix td')].filter((cell) => {
    const r = cell.getBoundingClientRect();
    const across = r.right > box.left && r.left < box.right;
    return across && r.bottom > box.top && r.top < box.bottom;
  });
}"""
BLANKS = f"""() => {{
  const rows = [...document.querySelectorAll('#matrix tbody tr:not([hidden])')];
  const box = document.getElementById('matrix').getBoundingClientRect();
  const near = rows.filter((row) => {{
    const r = row.getBoundingClientRect();
    return r.bottom > box.top && r.top < box.bottom;
  }});
  const cells = ({VISIBLE})();
  const unloaded = cells.flatMap((cell) => [...cell.querySelectorAll('img')])
    .filter((image) => !(image.complete && image.naturalWidth > 0));
  return near.filter((row) => row.cells.length < 2).length + unloaded.length;
}}"""


def headings(page):
    return page.locator("#matrix thead b").all_inner_texts()


def names(page):
    return page.locator("#matrix tbody .name").all_inner_texts()


def test_a_row_a_picture_and_a_column_a_setting_in_the_order_of_depth(open_page):
    page = open_page()
    expected = [layer for layer in ("conv1", "conv2", "conv3", "fc8") for _ in "01"]
    assert headings(page) == expected
    assert names(page) == ["cat", fake.EVIL, fake.SCRIPT, "dog"]
    until(page, "document.querySelectorAll('#matrix .pick').length === 32")
    until(page, f"({BLANKS})() === 0")


def test_each_choice_filters_and_stands_in_the_address(open_page):
    page = open_page()
    for label, value, n in (
        ("picture", "id3", 8),
        ("seed", "1", 4),
        ("prior", "none", 1),
        ("region", "centre 2", 1),
    ):
        page.locator("#gallery-controls").get_by_label(label, exact=True).select_option(
            value
        )
        until(page, f"document.querySelectorAll('#matrix .pick').length === {n}")
        assert f"{label}=" in page.url
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#gallery-count").inner_text().startswith("32 pre-images of 4")


def test_layers_are_ticked_several_at_a_time(open_page):
    page = open_page()
    page.locator("#gallery-controls summary").click()
    page.locator(".boxes").get_by_label("fc8").check()
    page.locator(".boxes").get_by_label("conv1").check()
    assert headings(page) == ["conv1", "conv1", "fc8", "fc8"]
    assert "layer=fc8&layer=conv1" in page.url
    page.locator(".boxes").get_by_label("fc8").uncheck()
    assert headings(page) == ["conv1", "conv1"]


def test_any_metric_sorts_pictures_and_columns(open_page):
    page = open_page("#seed=0")
    page.get_by_label("number below").select_option("psnr")
    page.get_by_label("sort columns by it").check()
    # The higher the better: the first layer leads.
    assert headings(page) == ["conv1", "conv2", "conv3", "fc8"]
    page.get_by_label("worst first").check()
    assert headings(page) == ["fc8", "conv3", "conv2", "conv1"]
    page.get_by_label("sort pictures by it").check()
    # The PSNR of the made-up study grows with the length of the name.
    assert names(page)[-1] == fake.SCRIPT
    assert page.locator(f"{PICK} .number").first.inner_text().endswith("dB")


def source(page):
    return page.locator(f"{PICK} img").first.get_attribute("src")


def test_a_hold_of_the_mouse_shows_the_original_and_opens_nothing(open_page):
    page = open_page()
    page.locator(PICK).first.scroll_into_view_if_needed()
    until(page, f"({BLANKS})() === 0")
    before = source(page)
    page.locator(PICK).first.hover()
    page.mouse.down()
    page.wait_for_selector(".held")
    assert source(page) != before
    page.mouse.up()
    assert page.locator(".held").count() == 0
    assert page.locator("#lightbox[open]").count() == 0
    page.locator(PICK).first.click()
    assert page.locator("#lightbox[open]").count() == 1


def test_the_space_bar_holds_and_enter_opens(open_page):
    page = open_page()
    page.locator(PICK).first.focus()
    page.keyboard.down(" ")
    assert page.locator(".held").count() == 1
    page.keyboard.up(" ")
    assert page.locator(".held").count() == 0
    assert page.locator("#lightbox[open]").count() == 0
    page.keyboard.press("Enter")
    assert page.locator("#lightbox[open]").count() == 1


def test_a_finger_holds_too(open_page):
    page = open_page(has_touch=True)
    pick = page.locator(PICK).first
    pick.dispatch_event("pointerdown", {"pointerType": "touch", "button": 0})
    page.wait_for_selector(".held")
    pick.dispatch_event("pointerup", {"pointerType": "touch", "button": 0})
    assert page.locator(".held").count() == 0


def test_the_original_stays_beside_while_columns_scroll(open_page):
    page = open_page(viewport={"width": 700, "height": 900})
    page.evaluate("document.getElementById('matrix').scrollLeft = 500")
    left = "(selector) => document.querySelector(selector).getBoundingClientRect().left"
    matrix = page.evaluate(left, "#matrix")
    assert abs(page.evaluate(left, "#matrix tbody th") - matrix) < 3


def test_pictures_are_as_large_as_one_likes(open_page):
    page = open_page("#tile=256")
    size = page.locator("#matrix tbody th img").first.bounding_box()["width"]
    assert size == 256


def test_the_popup_of_layers_closes_on_a_click_elsewhere(open_page):
    page = open_page()
    page.locator("#gallery-controls summary").click()
    assert page.locator(".boxes").is_visible()
    page.locator("#gallery h2").click()
    assert page.locator(".boxes").is_hidden()
