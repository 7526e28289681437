"""One job, large: ways to compare, numbers, keys, and its address."""

import pytest

from tests.page.browser import fake
from tests.page.browser.waiting import until

JOB = "#job=0k1k0"
BOX = "#lightbox[open]"


def test_the_trace_and_the_receptive_field_are_drawn(open_page):
    page = open_page(JOB)
    assert page.locator(f"{BOX} .trace polyline").count() == 3
    rect = page.locator(f"{BOX} .field-drawn rect")
    # Cells 3 and 4 of stride 8 and size 12 from -2 on see the pixels 22 to 41.
    assert [rect.get_attribute(a) for a in ("x", "y", "width")] == ["22", "22", "20"]
    assert "rows 22 to 41 and columns 22 to 41 of 64" in page.locator(BOX).inner_text()
    assert open_page("#job=0k0k0").locator(".field-drawn").count() == 0


def test_flicker_turns_and_can_be_switched(open_page):
    page = open_page(JOB + "&compare=flicker")
    until(page, "document.querySelector('.stage figure').hidden")
    until(page, "!document.querySelector('.stage figure').hidden")
    calm = open_page(JOB + "&compare=flicker", reduced_motion="reduce")
    calm.wait_for_timeout(1000)
    assert calm.locator(f"{BOX} .stage figure").first.is_visible()
    calm.get_by_role("button", name="Switch").click()
    assert calm.locator(f"{BOX} .stage figure").first.is_hidden()


def test_the_slider_cuts_and_takes_the_arrow_keys(open_page):
    page = open_page(JOB)
    page.get_by_role("button", name="slider").click()
    assert "compare=slider" in page.url
    slider = page.locator("#lightbox").get_by_role("slider")
    slider.fill("80")
    cut = "document.querySelectorAll('.stage figure')[1].style.clipPath"
    assert "80%" in page.evaluate(cut)
    slider.press("ArrowLeft")
    assert "79%" in page.evaluate(cut)
    assert "job=0k1k0" in page.url


def test_the_difference_is_that_of_the_pixels_amplified(open_page):
    page = open_page(JOB + "&compare=difference")
    page.wait_for_selector(f"{BOX} canvas")
    pixel = """(() => {
      const pen = document.createElement('canvas').getContext('2d');
      pen.drawImage(document.querySelector('#lightbox canvas'), 0, 0);
      return [...pen.getImageData(20, 20, 1, 1).data.slice(0, 3)].join();
    })()"""
    original = fake.photograph(0)
    preimage = fake.preimage(original, 1, 0)
    apart = [
        abs(a - b)
        for a, b in zip(
            original.getpixel((20, 20)), preimage.getpixel((20, 20)), strict=True
        )
    ]
    for factor in (4, 1, 8):
        page.get_by_label("amplified", exact=True).select_option(str(factor))
        expected = ",".join(str(min(255, factor * value)) for value in apart)
        until(page, f"{pixel} === '{expected}'")


def test_arrow_keys_go_along_and_around(open_page):
    page = open_page()
    page.locator("#matrix .pick").first.click()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(page.url.split("job=")[1])
    assert seen == ["0k0k1", "0k1k0", "0k0k1", "0k0k0", "0k3k1"]


def test_escape_closes_and_gives_the_focus_back(open_page):
    page = open_page()
    page.locator("#matrix .pick").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator(BOX).count() == 1
    page.keyboard.press("Escape")
    assert page.locator(BOX).count() == 0
    # The browser tells of the closing a moment later.
    until(page, "!location.hash.includes('job=')")
    focused = page.evaluate("document.activeElement.dataset.key")
    assert focused == "0k1k0"


def test_the_focus_stays_inside(open_page):
    page = open_page(JOB)
    inside = "document.getElementById('lightbox').contains(document.activeElement)"
    for key in ("Tab", "Shift+Tab"):
        for _ in range(14):
            page.keyboard.press(key)
            assert page.evaluate(inside)


def test_back_and_forward_close_and_open(open_page):
    page = open_page()
    page.locator("#matrix .pick").first.click()
    page.go_back()
    page.wait_for_selector(BOX, state="detached")
    page.go_forward()
    page.wait_for_selector(BOX)
    assert page.locator(f"{BOX} h2").inner_text() == "cat"


def test_a_box_opened_again_at_once_stays_open(open_page):
    page = open_page(JOB)
    # As when the reader goes back and forth at once: the word of the closing is late.
    page.evaluate("""() => {
      const box = document.getElementById("lightbox");
      box.close();
      box.showModal();
    }""")
    page.wait_for_timeout(300)
    assert page.locator(BOX).count() == 1
    assert "job=0k1k0" in page.url


@pytest.mark.parametrize("key", ["0k3k1", "1k3k0"])
def test_a_job_that_went_wrong_says_why(open_page, key):
    page = open_page(f"#job={key}")
    text = page.locator(BOX).inner_text()
    assert ("out of <b>memory</b>" in text) == (key == "0k3k1")
    assert ("There is no picture of this job." in text) == (key == "0k3k1")
    assert ("dead-gradient: all units are off" in text) == (key == "1k3k0")


def test_closing_frees_the_pictures(open_page):
    page = open_page(JOB)
    assert page.locator("#lightbox img").count() > 0
    page.keyboard.press("Escape")
    # The browser tells of the closing a moment later.
    until(page, "!document.querySelector('#lightbox img')")
