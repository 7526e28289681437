"""The page as a file: safe, whole, and the same every time."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stages.page.gallery import Figure, Row
from stages.page.page import Page, render
from stages.page.provenance import Provenance
from stages.page.tables import COLUMNS, Alert, Block, Line

EVIL = '"><img src=x onerror=alert(1)>.png'


class Tags(HTMLParser):
    """Collects the tags of a page and their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture
def page():
    figure = Figure(
        uri="data:image/webp;base64,AAAA",
        alt=f"Pre-image of {EVIL}",
        title=EVIL,
        details=EVIL,
        numbers=EVIL,
        status=EVIL,
    )
    row = Row(name=EVIL, about=EVIL, original=figure, preimages=[figure])
    line = Line(EVIL, 3, [EVIL] * len(COLUMNS), is_floor=True)
    return Page(
        title=EVIL,
        notices=[EVIL],
        facts=[EVIL],
        strip=[figure, figure],
        shown=EVIL,
        shared=EVIL,
        rows=[row],
        columns=COLUMNS,
        blocks=[Block(EVIL, EVIL, [line])],
        codes=[[EVIL] * 8],
        alerts=[Alert(EVIL, EVIL, EVIL, EVIL, EVIL)],
        skipped=[{"name": EVIL, "reason": EVIL}],
        provenance=Provenance(EVIL, {EVIL: EVIL}, [EVIL], EVIL, {EVIL: EVIL}),
    )


def test_names_are_just_names(page):
    tags = Tags(render(page))
    assert len(tags.named("img")) == 4
    assert all(
        not name.startswith("on") for _, attributes in tags.found for name in attributes
    )
    assert {tag for tag, _ in tags.found}.isdisjoint({"script", "iframe", "object"})


def test_nothing_is_loaded_from_anywhere(page):
    html = render(page)
    tags = Tags(html)
    assert all(image["src"].startswith("data:image/") for image in tags.named("img"))
    assert not tags.named("link")
    loading = {"src", "srcset", "data", "poster", "action", "background", "style"}
    for tag, attributes in tags.found:
        assert tag == "img" or loading.isdisjoint(attributes)
    (css,) = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert "url(" not in css
    assert "@import" not in css


def test_the_policy_allows_this_style_and_inlined_pictures_alone(page):
    html = render(page)
    (policy,) = [
        meta["content"]
        for meta in Tags(html).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    (css,) = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    # The policy must come before all that it governs.
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_every_picture_has_an_alternative_text(page):
    assert all(image["alt"] for image in Tags(render(page)).named("img"))


def test_the_same_page_is_the_same_text(page):
    assert render(page) == render(page)


def test_a_missing_picture_is_told_in_words(page):
    absent = Figure(uri="", alt="Pre-image of cat", title="hog", status="failed")
    row = replace(page.rows[0], preimages=[absent])
    html = render(replace(page, rows=[row]))
    assert 'aria-label="Pre-image of cat: no picture"' in html


def test_alerts_or_that_there_are_none(page):
    calm = "Nothing to report"
    assert calm not in render(page)
    assert calm in render(replace(page, alerts=[], skipped=[]))
    assert 'href="#alerts"' not in render(replace(page, alerts=[], skipped=[]))
    assert calm not in render(replace(page, alerts=[]))


def test_a_flood_of_alerts_is_cut_and_counted(page):
    alerts = [Alert("failed", "1 job", "hog", f"reason {i}.", "cat") for i in range(53)]
    skipped = [{"name": f"picture {i}.", "reason": "broken"} for i in range(51)]
    html = render(replace(page, alerts=alerts, skipped=skipped))
    assert "reason 49." in html
    assert "reason 50." not in html
    assert "and 3 more" in html
    assert "picture 49." in html
    assert "picture 50." not in html
    assert "and 1 more" in html


def test_an_empty_study_is_a_page(page):
    html = render(replace(page, strip=[], rows=[], blocks=[], codes=[], facts=[]))
    assert not Tags(html).named("img")


def test_tags_are_closed(page):
    html = render(page)
    for tag in ("figure", "table", "tbody", "tr", "section", "article", "div", "ul"):
        assert len(re.findall(rf"<{tag}[\s>]", html)) == html.count(f"</{tag}>")
