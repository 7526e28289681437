"""A study of hundreds of pre-images: what is in view exists, the rest does not."""

from contextlib import chdir

import pytest

from stages.page import sample
from tests.page.browser import fake
from tests.page.browser.test_gallery import BLANKS, PICK, headings
from tests.page.browser.test_table import ROWS
from tests.page.browser.waiting import until

N_PICTURES, LAYERS = 32, [f"layer{n:02d}" for n in range(12)]
FOCUSED = "document.activeElement.dataset.key"
STOPS = "document.querySelectorAll('#matrix [tabindex=\"0\"]').length"
# Counts the elements that are made and the addresses that pictures are given.
COUNT = """
window.work = { elements: 0, pictures: 0 };
const make = Document.prototype.createElement;
Document.prototype.createElement = function (...words) {
  window.work.elements += 1;
  return make.apply(this, words);
};
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(value) {
    window.work.pictures += 1;
    source.set.call(this, value);
  },
});
"""
# Scrolls by most of the height at each frame; what each frame made and set.
SCROLL = """async ([name, n]) => {
  const box = document.getElementById(name);
  const frame = () => new Promise(requestAnimationFrame);
  box.scrollIntoView({ block: "center", behavior: "instant" });
  const counts = [];
  for (let i = 0; i < n; i += 1) {
    Object.assign(window.work, { elements: 0, pictures: 0 });
    const most = box.scrollHeight - box.clientHeight;
    box.scrollTop = (box.scrollTop + 0.8 * box.clientHeight) % most;
    await frame();
    await frame();
    counts.push({ ...window.work });
  }
  return counts;
}"""


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Write a study of 384 jobs, two pictures of it beside the page."""
    with chdir(tmp_path_factory.mktemp("large")):
        fake.write_study([f"picture {i}" for i in range(N_PICTURES)], LAYERS)
        return fake.write_report(pictures=N_PICTURES - 2)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory):
    """Write a study of 48 jobs of which a page tells those of three pictures."""
    with chdir(tmp_path_factory.mktemp("sampled")), pytest.MonkeyPatch.context() as now:
        now.setattr(sample, "MOST_JOBS", 6)
        fake.write_study([f"picture {i}" for i in range(24)], ["conv1", "fc8"])
        return fake.write_report()


@pytest.fixture
def open_large(open_page, large):
    """Return a function that opens the page of many jobs."""
    return lambda view="#all=", **options: open_page(view, path=large, **options)


def test_the_gallery_scrolls_without_blanks_and_without_piling_up(open_large):
    page = open_large()
    page.evaluate("document.getElementById('gallery').scrollIntoView()")
    scroll = "document.getElementById('matrix').scrollTop"
    for top in (3000, 5000, 500):
        page.evaluate(f"{scroll} = {top}")
        until(page, f"({BLANKS})() === 0")
    for _ in range(15):
        page.evaluate(f"{scroll} += 250")
        until(page, f"({BLANKS})() === 0")
    assert page.locator("#matrix td").count() < 12 * N_PICTURES


def test_the_table_scrolls_without_blanks(open_large):
    page = open_large()
    page.evaluate("document.getElementById('jobs').scrollIntoView()")
    blank = """() => {
      const table = document.getElementById('jobs-table');
      const box = table.getBoundingClientRect();
      return [...document.querySelectorAll('#jobs-table tr.space')].some((row) => {
        const r = row.getBoundingClientRect();
        return r.height > 0 && r.bottom > box.top + 60 && r.top < box.bottom - 1;
      });
    }"""
    for top in (500, 6000, 12_000, 11_000, 0):
        page.evaluate(f"document.getElementById('jobs-table').scrollTop = {top}")
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert not page.evaluate(blank)
        assert page.locator(ROWS).count() < 120
    table = page.locator("#jobs-table table")
    assert table.get_attribute("aria-rowcount") == str(12 * N_PICTURES + 1)


@pytest.mark.parametrize("name", ["matrix", "jobs-table"])
def test_a_frame_of_scrolling_makes_nothing_and_starts_few_pictures(
    open_page, large, name
):
    page = open_page(path=large, view="#all=", script=COUNT)
    # The first frames may add rows: at the top fewer are in view.
    frames = page.evaluate(SCROLL, [name, 12])[3:]
    assert [frame["elements"] for frame in frames] == [0] * 9
    # Two frames to a step, and at most eight pictures on their way at once.
    assert max(frame["pictures"] for frame in frames) <= 2 * 8


def test_a_tile_that_is_filled_again_shows_nothing_of_the_one_before(open_large):
    page = open_large()
    until(page, f"({BLANKS})() === 0")
    told = """() => [...document.querySelectorAll('#matrix .pick')].map((pick) => [
      pick.dataset.key, pick.getAttribute('aria-label'), pick.textContent,
      pick.closest('td').ariaColIndex, pick.closest('tr').ariaRowIndex,
      pick.querySelector('img').dataset.picture,
    ])"""
    for top in (0, 2000, 900):
        page.evaluate(f"document.getElementById('matrix').scrollTop = {top}")
        page.evaluate("() => new Promise(requestAnimationFrame)")
        for key, label, number, column, row, shown in page.evaluate(told):
            i, depth = int(row) - 2, int(column) - 2
            assert key == shown == f"{i}k{depth}k0"
            assert label.startswith(f"picture {i}: net · layer{depth:02d}")
            assert label.endswith(number)


def test_a_click_opens_the_job_that_the_tile_shows_now(open_large):
    page = open_large()
    page.evaluate("document.getElementById('matrix').scrollTop = 3000")
    until(page, f"({BLANKS})() === 0")
    pick = page.locator(PICK).nth(40)
    key = pick.get_attribute("data-key")
    pick.click()
    assert f"job={key}" in page.url


def test_the_focus_goes_along_beyond_what_is_in_view(open_large):
    page = open_large()
    page.locator(PICK).first.focus()
    for i in range(1, 24):
        page.keyboard.press("ArrowDown")
        assert page.evaluate(FOCUSED) == f"{i}k0k0"
    inside = """(() => {
      const box = document.getElementById('matrix').getBoundingClientRect();
      const r = document.activeElement.getBoundingClientRect();
      return r.top >= box.top && r.bottom <= box.bottom;
    })()"""
    assert page.evaluate(inside)
    # What scrolls away leaves one stop, in view, and the focus to the box.
    page.evaluate("document.getElementById('matrix').scrollTop = 0")
    until(page, "document.activeElement.id === 'matrix'")
    assert page.evaluate(STOPS) == 1


def test_it_opens_on_the_first_plate_and_a_button_shows_another(open_large):
    page = open_large("")
    assert len(headings(page)) == 8
    assert "#" not in page.url
    plate = page.get_by_role("button", name="Plate 1")
    assert plate.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Show all").click()
    assert headings(page) == LAYERS
    assert plate.get_attribute("aria-pressed") == "false"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert headings(page) == LAYERS
    plate.click()
    assert len(headings(page)) == 8


def test_pictures_beside_the_file_are_shown(open_large, large):
    # Those inside are evenly spaced over the study: 30 of 32 leave out two.
    page = open_large("#picture=id8")
    until(page, "document.querySelector('#matrix td img')?.naturalWidth === 64")
    assert "pictures/" in page.locator("#matrix td img").first.get_attribute("src")
    assert f"those of {N_PICTURES - 2} of {N_PICTURES} pictures" in (
        page.locator("header").inner_text()
    )
    # Subtracted, too: a file's pixels cannot be read back, but they can be drawn.
    page.locator("#matrix .pick").first.click()
    page.get_by_role("button", name="difference").click()
    assert page.locator("#lightbox canvas").count() == 1
    assert "not in it" in page.locator("#lightbox").inner_text()


def test_of_a_sample_all_parts_work_and_say_so(open_page, sampled):
    page = open_page("#all=", path=sampled)
    # What stands on plates and as evidence is told besides the three.
    told = page.evaluate("JSON.parse(document.getElementById('study').textContent)")
    n = len(told["jobs"]["key"]["words"])
    assert 6 <= n < 48
    for part in ("top", "gallery", "jobs"):
        assert f"tells {n} of 48 pre-images" in page.locator(f"#{part}").inner_text()
    assert f"{n} of {n} jobs" in page.locator("#jobs-count").inner_text()
    until(page, f"({BLANKS})() === 0")
    # Whatever the page shows, it can open; what it does not tell is not there.
    links = page.locator("[data-job]").evaluate_all(
        "all => all.map(a => a.dataset.job)"
    )
    assert set(links) <= set(told["jobs"]["key"]["words"])
    absent = {f"{i}k{depth}k0" for i in range(24) for depth in range(2)} - {
        *told["jobs"]["key"]["words"]
    }
    page.goto(f"{sampled.as_uri()}#job={min(absent)}")
    assert "Not on this page" in page.locator("#lightbox").inner_text()
