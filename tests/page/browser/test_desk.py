"""The reviewer's desk: any two compared, marks kept, words to cite, definitions."""

import json
from pathlib import Path

from tests.page.browser import fake
from tests.page.browser.waiting import until

BOX = "#lightbox[open]"
CAPTIONS = f"{BOX} .stage figcaption"


def test_any_two_are_compared_and_the_address_says_which(open_page):
    page = open_page("#job=0k0k0")
    page.get_by_role("button", name="Pin as A").click()
    assert "a=0k0k0" in page.url
    # A against itself is against its original.
    assert page.locator(CAPTIONS).all_inner_texts() == ["original", "pre-image"]
    page.keyboard.press("ArrowDown")
    first, second = page.locator(CAPTIONS).all_inner_texts()
    assert first.startswith("A: cat")
    assert second.startswith(f"B: {fake.EVIL}")
    again = open_page(page.url[page.url.index("#") :])
    assert again.locator(CAPTIONS).all_inner_texts() == [first, second]
    table = again.locator(f"{BOX} .metrics").nth(1)
    assert table.locator("thead th").nth(2).inner_text() == "A"
    again.get_by_role("button", name="against the original").click()
    assert again.locator(CAPTIONS).all_inner_texts() == ["original", "pre-image"]
    assert "with=original" in again.url


def test_the_pixels_of_two_pre_images_are_subtracted(open_page):
    page = open_page("#job=0k0k1&a=0k0k0&compare=difference")
    page.wait_for_selector(f"{BOX} canvas")
    page.get_by_label("amplified", exact=True).select_option("1")
    original = fake.photograph(0)
    one, other = (fake.preimage(original, 0, seed) for seed in (0, 1))
    pairs = zip(one.getpixel((9, 30)), other.getpixel((9, 30)), strict=True)
    expected = ",".join(str(abs(a - b)) for a, b in pairs)
    pixel = """(() => {
      const pen = document.createElement('canvas').getContext('2d');
      pen.drawImage(document.querySelector('#lightbox canvas'), 0, 0);
      return [...pen.getImageData(9, 30, 1, 1).data.slice(0, 3)].join();
    })()"""
    until(page, f"{pixel} === '{expected}'")


def test_holding_shows_the_other_one(open_page):
    page = open_page("#job=0k0k0&compare=hold")
    figures = page.locator(f"{BOX} .stage figure")
    hold = page.get_by_role("button", name="Hold to see original")
    assert [figures.nth(i).is_visible() for i in (0, 1)] == [False, True]
    hold.hover()
    page.mouse.down()
    assert [figures.nth(i).is_visible() for i in (0, 1)] == [True, False]
    page.mouse.up()
    assert [figures.nth(i).is_visible() for i in (0, 1)] == [False, True]


def test_a_key_or_a_shifted_click_pins_from_anywhere(open_page):
    page = open_page()
    page.locator("#matrix .pick").first.focus()
    page.keyboard.press("a")
    assert "cat" in page.locator("#pinned").inner_text()
    page.locator(".plate a[data-job]").nth(1).click(modifiers=["Shift"])
    assert "a=0k0k1" in page.url
    assert page.locator(BOX).count() == 0
    page.locator("#pinned").get_by_role("button", name="Unpin").click()
    assert page.locator("#pinned").is_hidden()
    assert "a=" not in page.url


def test_arrows_change_setting_and_picture(open_page):
    page = open_page("#job=0k1k0")
    for key, expected in (
        ("ArrowRight", "0k1k1"),
        ("ArrowDown", "1k1k1"),
        ("ArrowLeft", "1k1k0"),
        ("ArrowUp", "0k1k0"),
    ):
        page.keyboard.press(key)
        assert f"job={expected}" in page.url, key
    assert "setting 3 of 8, picture 1 of 4" in page.locator(BOX).inner_text()


def test_metrics_stand_in_groups_with_floors_and_definitions(open_page):
    page = open_page("#job=0k1k0")
    heads = page.locator(f"{BOX} .metrics thead th:first-child").all_inner_texts()
    assert [head.lower() for head in heads] == [
        *("code", "pixels", "perception", "optimisation"),
    ]
    psnr = page.get_by_role("button", name="PSNR", exact=True)
    row = page.locator(f"{BOX} .metrics tr").filter(has=psnr)
    label = row.locator("svg").get_attribute("aria-label")
    assert label == "Floors: mean-grey 10.0, mean-colour 9.0, thumbnail-4x4 8.0"
    # The dot of 29.3 dB is right of the strokes, the largest of which is at 10.
    strokes = [
        float(row.locator("line.floor-mark").nth(i).get_attribute("x1"))
        for i in range(3)
    ]
    assert float(row.locator(".own-mark").get_attribute("cx")) == 125
    assert min(strokes) == 7
    assert abs(max(strokes) - (7 + 118 * 2 / 21.3)) < 0.01
    row.get_by_role("button").click()
    meaning = page.locator(f"{BOX} .meaning:popover-open").inner_text()
    assert "peak signal-to-noise ratio" in meaning
    assert "in dB" in meaning
    assert "the higher the better" in meaning


def test_a_heading_of_the_means_tells_what_it_means_without_scripts(open_page):
    page = open_page(java_script_enabled=False)
    page.locator("#errors").get_by_role("button", name="SSIM").first.click()
    assert "structural similarity" in page.locator("#meaning-ssim").inner_text()


def test_marks_are_kept_listed_and_filter_the_gallery(open_page):
    page = open_page("#job=0k1k0")
    page.get_by_label("Note").fill("odd <b>edges</b>")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert "odd <b>edges</b>" in page.locator("#marks").inner_text()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#marks figure").count() == 1
    page.get_by_label("marked only").check()
    until(page, "document.querySelectorAll('#matrix .pick').length === 1")
    assert page.locator("#matrix .star").count() == 1
    page.locator("#marks .pick").click()
    page.locator(BOX).get_by_label("★ marked").uncheck()
    assert page.locator("#marks figure").count() == 0


def test_marks_leave_and_come_back_as_files(open_page, tmp_path):
    page = open_page("#job=1k0k0")
    page.get_by_label("Note").fill("a note")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")

    def saved(name):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        return Path(waiting.value.path()).read_text()

    marks = page.locator("#marks")
    text = saved("Save marks as JSON")
    (one,) = json.loads(text)
    assert (one["key"], one["note"]) == ("1k0k0", "a note")
    assert "`1k0k0`): a note" in saved("Save marks as Markdown")
    other = open_page()
    file = tmp_path / "marks.json"
    file.write_text(text)
    other.get_by_label("add marks").set_input_files(file)
    until(other, "document.querySelectorAll('#marks figure').length === 1")
    file.write_text("{not json")
    other.get_by_label("add marks").set_input_files(file)
    until(other, "document.getElementById('marks').innerText.includes('no marks')")
    assert marks.locator("figure").count() == 1


def test_the_contact_sheet_prints_alone(open_page):
    page = open_page("#job=0k1k0")
    page.get_by_label("★ marked").check()
    page.keyboard.press("Escape")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print contact sheet").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    assert page.locator("#marks figure").is_visible()
    assert page.locator("#findings").is_hidden()
    assert page.locator("#top").is_hidden()


def test_a_pre_image_is_saved_and_cited(open_page):
    page = open_page("#job=0k0k0")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save PNG").click()
    assert waiting.value.suggested_filename == "cat-net-conv1-0k0k0.png"
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    words = page.locator(f"{BOX} .citation").inner_text()
    assert words.startswith("Pre-image of “cat”: net · conv1")
    assert "key 0k0k0" in words
    assert "params sha256" in words
