"""A short walk with another browser's engine: what the page needs, Firefox has."""

import shutil

import pytest

from tests.page.browser import fake

PROGRAMS = ("firefox-esr", "firefox")
PICKS = "document.querySelectorAll('#matrix .pick').length"
LOADED = """[...document.querySelectorAll('#matrix td img')]
  .every((image) => image.complete && image.naturalWidth === 64)"""
OPEN = "document.getElementById('lightbox').open"
COUNT = "document.getElementById('jobs-count').textContent"
TITLE = "document.getElementById('lightbox-title').textContent"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"no Firefox on the PATH: looked for {', '.join(PROGRAMS)}")
    bidi = pytest.importorskip(
        "tests.page.browser.bidi",
        reason="tornado is not installed",
        exc_type=ImportError,
    )
    browser = bidi.Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def test_a_walk_through_the_page(firefox, study):
    firefox.open(study.as_uri())
    firefox.until("document.documentElement.dataset.ready === 'yes'")
    # The gallery, its pictures, and the keys in it.
    firefox.until(f"{PICKS} === 32 && {LOADED}")
    firefox.evaluate("document.querySelector('#matrix [tabindex=\"0\"]').focus()")
    firefox.press("ArrowRight")
    assert firefox.evaluate("document.activeElement.dataset.key") == "0k0k1"
    # A pre-image, large, and closed again; the focus is back.
    firefox.click("#matrix [data-key='0k0k1'] img")
    firefox.until(OPEN)
    assert firefox.evaluate(TITLE) == "cat"
    assert "job=0k0k1" in firefox.evaluate("location.hash")
    firefox.press("Escape")
    firefox.until(f"!{OPEN}")
    assert firefox.evaluate("document.activeElement.dataset.key") == "0k0k1"
    # The table: found by a word, opened by a click.
    firefox.click("#jobs-search")
    for letter in "dog":
        firefox.press(letter)
    firefox.until(
        "document.getElementById('jobs-count').textContent === '8 of 32 jobs'"
    )
    firefox.click("#jobs-table tbody tr:not(.space) button")
    firefox.until(OPEN)
    assert firefox.evaluate(TITLE) == "dog"
    # Charts, which come alive in view.
    firefox.press("Escape")
    firefox.evaluate("document.querySelector('figure[data-chart]').scrollIntoView()")
    firefox.until("document.querySelector('figure[data-drawn]') !== null")
    drawn = "document.querySelector('figure[data-drawn]').dataset.drawn"
    assert firefox.evaluate(drawn) == "live"
    # Names that come from anywhere stayed text, and nothing was said to the console.
    assert fake.EVIL in firefox.evaluate("document.body.textContent")
    assert firefox.told == []
