"""The templates of findings and charts: escaped, accessible, well formed."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.page.charts.charts import charts
from stages.page.charts.rendering import drawings
from stages.page.depth import error_by_depth
from stages.page.findings.claim import Claim
from stages.page.findings.finding import Frame, Sample

FOLDER = Path(__file__).parents[2] / "stages" / "page" / "templates"
EVIL = '"><img src=x onerror=alert(1)>.png'
CLAIM = Claim(
    name="name",
    label="label",
    text="A claim.",
    test=lambda study, claim: claim.untested(),
    needs="luck",
    holds_if="it is lucky",
    null="chance",
    unit="dB",
    decimals=1,
    chart="error-by-depth",
)
TRACES = ["representation", "layer", "solver", "step", "median_relative_error"]


class Elements(HTMLParser):
    """Collects elements with their attributes; every one that opens must close."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("img", "input", "br", "meta"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def render(score, table):
    """Return a function that renders a partial template about these findings."""
    scores = table(score(0.2, representation=EVIL), score(0.4, representation=EVIL))
    drawn = drawings(
        charts(scores, error_by_depth(scores, {}), pd.DataFrame(columns=TRACES), {})
    )

    def text(name, findings=(), pictures=None, charts=drawn):
        loader = FileSystemLoader(FOLDER)
        environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined
        )
        pictures = pictures or {}
        page = SimpleNamespace(
            findings=findings,
            charts=charts,
            pictures=pictures,
            original=lambda image_id, name: pictures.get(image_id, ""),
        )
        return environment.get_template(name).render(page=page)

    return text


def finding(name="cat"):
    samples = [
        Sample(name, 2.0, 1.0, True, 1.0, "a", "net", (Frame("it", "k1", name),)),
        Sample("dog", 1.0, 2.0, False, -1.0, "b", "net", (Frame("it", "k2", name),)),
        Sample("owl", 3.0, 1.0, True, 2.0, "c", "net", (Frame("it", "k3", name),)),
    ]
    return CLAIM.tested(samples, "It is said.")


def test_a_finding_shows_its_words_numbers_and_dots(render):
    text = render("findings.html", [finding()])
    elements = Elements(text)
    assert "<b>mixed</b>" in text
    assert "It is said." in text
    assert "2 of 3 pictures" in text
    # A circle a null and a value; a square where the claim does not hold.
    assert len(elements.of("circle")) == 5
    assert len(elements.of("rect")) == 1
    assert [name for name in ("cat", "dog", "owl") if f">{name}</text>" in text] == [
        *("cat", "dog", "owl")
    ]
    (drawing,) = elements.of("svg")
    assert drawing["role"] == "img"
    assert "2 of 3 pictures" in drawing["aria-label"]
    assert [a["href"] for a in elements.of("a")][-1] == "#chart-error-by-depth"


def test_of_very_many_pictures_it_says_how_many_are_shown(render, monkeypatch):
    monkeypatch.setattr("stages.page.findings.finding.MOST_DOTS", 2)
    text = render("findings.html", [finding()])
    assert "Shown are 2 of 3 pictures" in " ".join(text.split())
    assert [name for name in ("cat", "dog", "owl") if f'row">{name}</th>' in text] == [
        *("cat", "owl")
    ]
    assert "2 of 3 pictures</b>" in text


def test_the_best_and_the_worst_picture_are_evidence(render):
    pictures = {"c": "data:original", "k3": "data:best", "k2": "data:worst"}
    elements = Elements(text := render("findings.html", [finding()], pictures))
    assert [a.get("data-job") for a in elements.of("a")] == ["k3", "k2", None]
    images = [(image["src"], image["alt"]) for image in elements.of("img")]
    assert images == [
        ("data:original", "owl, the original"),
        ("data:best", "Pre-image of owl, it: cat"),
        ("data:worst", "Pre-image of dog, it: cat"),
    ]
    # Where the null is no picture it is said in words.
    assert text.count("the null, no pre-image: chance") == 2


def test_what_speaks_against_a_claim_stands_beside_it(render):
    assert "It does not hold for dog." in render("findings.html", [finding()])


def test_an_untested_claim_is_words_alone(render):
    elements = Elements(render("findings.html", [CLAIM.untested("It lacks data.")]))
    assert elements.of("svg") == elements.of("table") == elements.of("a") == []


def test_names_are_just_names(render):
    for name in ("findings.html", "charts.html"):
        elements = Elements(render(name, [finding(EVIL)]))
        assert elements.of("img") == []
        every = [attributes for _, attributes in elements.found]
        assert not any(
            key.startswith("on") or key == "style" for a in every for key in a
        )


def test_a_chart_is_drawn_named_and_has_its_table_and_files(render):
    elements = Elements(render("charts.html"))
    figures = elements.of("figure")
    assert figures[0]["data-chart"] == "error-by-depth"
    ids = [a["id"] for _, a in elements.found if "id" in a]
    assert len(ids) == len(set(ids))
    for drawing in (one for one in elements.of("div") if one["class"] == "drawing"):
        assert drawing["role"] == "img"
        assert {drawing["aria-labelledby"], drawing["aria-describedby"]} <= set(ids)
    saved = [a["download"] for a in elements.of("a")]
    assert saved[:2] == ["error-by-depth.csv", "error-by-depth.svg"]
    assert len(elements.of("table")) == len(figures)


def test_specifications_are_json_that_cannot_end_its_script(render):
    text = render("charts.html")
    (data,) = re.findall(r'id="chart-specs">(.*?)</script>', text, flags=re.DOTALL)
    specs = json.loads(data)
    assert "error-by-depth" in specs
    assert "<" not in data
    assert EVIL in json.dumps(specs, ensure_ascii=False).replace('\\"', '"')


def test_no_findings_and_no_charts_are_no_sections(render):
    for name in ("findings.html", "charts.html"):
        assert render(name, [], charts=[]).strip() == ""
