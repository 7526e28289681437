"""Findings, charts and the comparison of studies in a browser."""

import pandas as pd

from stages.store import paths
from tests.page.browser import fake
from tests.page.browser.waiting import until

CHARTS = "document.querySelectorAll('figure[data-chart]').length"
LIVE = "document.querySelectorAll('figure[data-drawn=live]').length"


def seen(page):
    """Scroll through the charts, until each has become interactive."""
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
        page.wait_for_timeout(50)
    until(page, f"{CHARTS} > 3 && {LIVE} === {CHARTS}", seconds=60)


def test_charts_become_interactive_without_a_network(open_page):
    page = open_page()
    seen(page)
    assert page.locator("figure[data-drawn=still]").count() == 0
    # A name in the legend brings its line forward: the others fade.
    faded = "[...document.querySelectorAll('#chart-error-by-depth path')]"
    faded += ".filter((path) => Number(path.getAttribute('opacity')) < 0.5).length"
    before = page.evaluate(faded)
    legend = page.locator("#chart-error-by-depth .role-legend-symbol path").first
    legend.scroll_into_view_if_needed()
    # What comes into view is laid out anew, which may move it under the mouse.
    for _ in range(20):
        legend.click(force=True)
        page.wait_for_timeout(500)
        if page.evaluate(faded) != before:
            break
    assert page.evaluate(faded) != before


def test_a_chart_follows_the_dark_mode(open_page):
    page = open_page(color_scheme="dark")
    seen(page)
    text = page.locator("#chart-error-by-depth .role-axis-title text").first
    paint = "(node) => getComputedStyle(node).fill"
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert text.evaluate(paint) == ink


def test_a_chart_s_numbers_can_be_saved(open_page):
    page = open_page()
    with page.expect_download() as saving:
        page.locator("#chart-error-by-depth").get_by_role("link", name="CSV").click()
    assert saving.value.suggested_filename == "error-by-depth.csv"
    assert "layer" in pd.read_csv(saving.value.path())
    with page.expect_download() as saving:
        page.locator("#chart-error-by-depth").get_by_role("link", name="SVG").click()
    assert saving.value.path().read_text().startswith("<svg")


def test_without_scripts_charts_are_drawn(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("figure[data-chart] svg").count() >= 4


def test_an_example_of_a_finding_opens_its_job(open_page):
    page = open_page()
    example = page.locator("#findings .example a").first
    example.scroll_into_view_if_needed()
    name = page.locator("#findings .example p b").first.inner_text()
    example.click()
    assert page.locator("#lightbox[open] h2").inner_text() == name


def test_a_comparison_stands_before_the_findings(open_page, pages_folder):
    fake.write_study(["cat", "dog"], ["conv1", "fc8"], seeds=2)
    other = pd.read_parquet(paths.SCORES)
    other["psnr"] += 5.0
    other.to_parquet("before.parquet")
    page = open_page(path=fake.write_report(against="before.parquet"))
    assert page.get_by_role("heading", name="against before.parquet").is_visible()
    assert page.locator("#comparison tbody tr").count() > 0
    assert page.locator("#comparison tbody tr").first.inner_text().count("worse") == 1
    page.get_by_role("link", name="Against the other study").click()
    assert page.evaluate("document.activeElement.id") == "comparison"
