"""The page as a whole in a browser: safe, legible, and at home in any folder."""

import shutil

import pytest

from tests.page.browser import fake
from tests.page.browser.waiting import until

# The text that is not legible: its colour against the first background behind it.
FAINT = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.map((level) => linear(level / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.add(`${node.outerHTML.slice(0, 80)} ${contrast}`);
  }
  return [...found];
}"""
NAMED = "a, button, select, input, img, [role], summary"
NAMELESS = """(named) => [...document.querySelectorAll(named)]
  .filter((node) => node.checkVisibility() && !node.closest('[aria-hidden]'))
  // A drawing is named as a whole.
  .filter((node) => !node.closest('[role=img] *'))
  .filter((node) => !(node.getAttribute('aria-label') || node.textContent.trim() ||
    node.closest('label')?.textContent.trim() ||
    node.querySelector('img')?.alt || node.getAttribute('alt') !== null ||
    node.id === 'lightbox' || node.getAttribute('role') === 'status'))
  .map((node) => node.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", "#job=0k1k0", "#job=0k1k0&compare=slider"])
def test_all_text_can_be_read_and_all_controls_have_names(open_page, scheme, view):
    page = open_page(view, color_scheme=scheme)
    assert page.evaluate(FAINT) == []
    assert page.evaluate(NAMELESS, NAMED) == []


def test_dark_mode_is_dark(open_page):
    paper = "getComputedStyle(document.body).backgroundColor"
    colours = [
        open_page(color_scheme=scheme).evaluate(paper) for scheme in ("light", "dark")
    ]
    assert colours == ["rgb(251, 250, 247)", "rgb(22, 24, 28)"]


def test_nothing_sticks_out_of_a_narrow_window(open_page):
    for view in ("", "#job=0k1k0"):
        page = open_page(view, viewport={"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        box = page.locator("#lightbox")
        assert box.evaluate("(node) => node.scrollWidth <= node.clientWidth")


def test_hostile_names_are_just_names(open_page):
    page = open_page("#job=1k0k0")
    assert page.locator("#lightbox h2").inner_text() == fake.EVIL
    assert page.locator("h1").inner_text() == fake.SCRIPT
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("b", has_text="memory").count() == 0
    assert fake.EVIL in page.locator("#alerts").inner_text()


def test_an_inline_handler_would_not_run(browser, study):
    page = browser.new_page()
    page.goto(study.as_uri())
    page.evaluate("""() => { const p = document.createElement('div');
      p.innerHTML = '<img src=x onerror="window.ran = true">';
      document.body.append(p); }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    page.close()


def test_a_view_s_address_restores_it(open_page):
    view = "#layer=fc8&layer=conv2&seed=1&metric=psnr&sort=columns&t-find=dog"
    page = open_page(view)
    assert page.locator("#matrix thead b").all_inner_texts() == ["conv2", "fc8"]
    assert page.get_by_label("number below").input_value() == "psnr"
    assert page.get_by_label("sort columns by it").is_checked()
    assert page.get_by_label("search").input_value() == "dog"
    page.locator("#gallery-controls").get_by_label("seed", exact=True).select_option(
        "0"
    )
    page.go_back()
    until(page, "document.querySelectorAll('#matrix .pick').length === 8")
    assert (
        page.locator("#gallery-controls").get_by_label("seed", exact=True).input_value()
        == "1"
    )


def test_links_inside_the_page_keep_the_view(open_page):
    page = open_page("#seed=1")
    page.get_by_role("link", name="Provenance").click()
    assert page.url.endswith("#seed=1&at=provenance")
    assert page.evaluate("document.activeElement.id") == "provenance"


TOP = "(id) => document.getElementById(id).getBoundingClientRect().top"


@pytest.mark.parametrize("name", ["findings", "charts", "jobs", "errors", "alerts"])
def test_a_link_lands_where_it_says_and_enters_the_history(open_page, name):
    page = open_page()
    page.locator(f"#contents a[href='#{name}']").click()
    page.wait_for_timeout(1000)
    bar = page.evaluate("document.getElementById('contents').offsetHeight")
    assert bar - 5 <= page.evaluate(TOP, name) <= bar + 40
    current = page.locator("#contents [aria-current]").get_attribute("href")
    assert current == f"#{name}"
    page.go_back()
    assert "at=" not in page.url


def test_a_link_from_elsewhere_lands_there_too(open_page):
    page = open_page("#at=jobs")
    page.wait_for_timeout(1000)
    assert 0 <= page.evaluate(TOP, "jobs") <= 100


def test_a_job_that_is_not_there_is_said(open_page):
    page = open_page("#job=nowhere")
    box = page.locator("#lightbox[open]")
    assert "No pre-image that this page tells has the key nowhere." in box.inner_text()
    box.get_by_role("button", name="Close").click()
    # The browser tells the page of it afterwards.
    until(page, "!location.hash.includes('job=')")


def test_an_alert_leads_to_its_pictures(open_page):
    page = open_page()
    page.locator("#alerts a").first.click()
    until(page, "document.querySelectorAll('#matrix .pick').length === 2")
    assert page.locator("#matrix .status").all_inner_texts() == ["failed"]


def test_a_picture_of_the_opening_leads_to_its_job(open_page):
    page = open_page()
    page.locator(".opening a").first.click()
    assert page.locator("#lightbox[open] h2").inner_text() == "cat"


def test_it_works_in_another_folder(open_page, study, tmp_path):
    place = tmp_path / "a folder & more #1"
    place.mkdir()
    copy = shutil.copy(study, place / "mailed.html")
    page = open_page("#job=0k1k0", path=copy)
    shown = "document.querySelector('#lightbox img').naturalWidth"
    until(page, f"{shown} === 64")


def test_without_scripts_it_is_still_read(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator(".opening img").count() == 4
    assert page.locator(".plate img").count() > 4
    natural = "(images) => images.every((image) => image.naturalWidth === 64)"
    assert page.locator(".opening img, .plate img").evaluate_all(natural)
    for text in ("The gallery needs JavaScript", "Means by setting", "failed"):
        assert page.get_by_text(text).first.is_visible()
    assert page.locator("#matrix").is_hidden()


def test_keys_alone_reach_the_gallery(open_page):
    page = open_page()
    for _ in range(120):
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none"
        if page.evaluate("document.activeElement.closest('#gallery') !== null"):
            break
    else:
        pytest.fail("120 tabs did not reach the gallery")
