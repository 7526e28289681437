"""What `dvc plots show` makes: drawn without a network."""

from contextlib import chdir
from pathlib import Path

from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer

from stages.page.charts.rendering import bundle
from stages.store import files, paths
from tests.page.browser.waiting import until

TEMPLATE = Path(__file__).parents[3] / ".dvc" / "plots.html"


def test_plots_are_drawn_with_the_network_off(browser, tmp_path):
    points = [
        {"setting": f"layer {n}", "relative_error_8bit": n / 10} for n in (1, 2, 3)
    ]
    with chdir(tmp_path):
        files.write_text(paths.PLOTS / "vega.js", bundle())
    asked = {"x": "relative_error_8bit", "y": "setting", "template": "bar_horizontal"}
    plot = VegaRenderer(points, "plot", **asked)
    text = HTML(TEMPLATE.read_text()).with_element(plot.generate_html()).embed()
    page_file = tmp_path / "dvc_plots" / "index.html"
    files.write_text(page_file, text)
    context = browser.new_context(offline=True)
    page, wanted = context.new_page(), []
    page.on("request", lambda request: wanted.append(request.url))
    page.goto(page_file.as_uri())
    until(page, "document.querySelector('.vega-embed :is(svg, canvas)') !== null")
    assert all(url.startswith("file:") for url in wanted)
    context.close()
