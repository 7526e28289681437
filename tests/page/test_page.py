"""The page as a file: safe, whole, and the same every time."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stages.page import data
from stages.page.alerts import KINDS, Alert
from stages.page.page import PLACE, Page, breakable, pieces, render
from stages.page.pictures.opening import Figure, Opening
from stages.page.provenance import Provenance
from stages.page.tables import Block, Line, table_columns

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
    figure = Figure(EVIL, EVIL, EVIL, EVIL)
    uri = "data:image/webp;base64,AAAA"
    line = Line(EVIL, 3, [EVIL] * len(table_columns()), is_floor=True)
    provenance = Provenance(
        params=EVIL,
        hashes={EVIL: EVIL},
        devices=[EVIL],
        computing=EVIL,
        durations=[(EVIL, EVIL)],
        unreachable=[EVIL],
        versions={EVIL: EVIL},
        citation=EVIL,
    )
    return Page(
        title=EVIL,
        notices=[EVIL],
        facts=[EVIL],
        opening=Opening("id", EVIL, "net", [figure, figure], EVIL),
        views={"net": (64, False)},
        pictures={EVIL: uri, "id 64": uri},
        sample=EVIL,
        shown=EVIL,
        folder=False,
        shared=EVIL,
        columns=table_columns(),
        blocks=[Block(EVIL, EVIL, [line])],
        codes=[[EVIL] * 8],
        alerts=[Alert("failed", EVIL, EVIL, EVIL, EVIL, "#at=gallery")],
        skipped=[{"name": EVIL, "reason": EVIL}],
        provenance=provenance,
        study=data.escaped({"name": EVIL}),
    )


def test_names_are_just_names(page):
    tags = Tags(render(page))
    assert len(tags.named("img")) == 3
    assert all(
        not name.startswith("on") for _, attributes in tags.found for name in attributes
    )
    assert {tag for tag, _ in tags.found}.isdisjoint({"iframe", "object", "b onerror"})
    kinds = [attributes.get("type") for attributes in tags.named("script")]
    assert kinds == ["application/json", "module"]


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


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_allows_this_style_and_these_scripts_alone(page):
    html = render(replace(page, libraries=["let library = 1;"]))
    (policy,) = [
        meta["content"]
        for meta in Tags(html).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    (css,) = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    (script,) = re.findall(r'type="module">(.*?)</script>', html, flags=re.DOTALL)
    scripts = f"'sha256-{digest('let library = 1;')}' 'sha256-{digest(script)}'"
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data: blob:",
        f"style-src 'sha256-{digest(css)}'",
        f"script-src {scripts}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    # The policy must come before all that it governs.
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_every_picture_has_an_alternative_text(page):
    assert all(image["alt"] for image in Tags(render(page)).named("img"))


def test_the_same_page_is_the_same_text(page):
    assert render(page) == render(page)


def test_thumbnails_stand_in_their_place(page):
    before, thumbnails, after = pieces(page, ["<i>thumbnails</i>"])
    assert thumbnails == "<i>thumbnails</i>"
    assert before.rstrip().endswith("</script>")
    assert after.lstrip().startswith("<script")
    assert PLACE not in before + after


def test_where_the_thumbnails_are_is_said_at_the_top(page):
    html = render(replace(page, shown="the folder beside it", sample=""))
    assert html.index("the folder beside it") < html.index("<main")


def test_alerts_or_that_there_are_none(page):
    calm = "Nothing to report"
    assert calm not in render(page)
    assert calm in render(replace(page, alerts=[], skipped=[]))
    assert 'href="#alerts">some' not in render(replace(page, alerts=[], skipped=[]))
    assert calm not in render(replace(page, alerts=[]))


def test_a_flood_of_alerts_is_cut_and_counted(page):
    alerts = [
        Alert("failed", "1 job", "hog", f"reason {i}.", "cat", "#") for i in range(53)
    ]
    skipped = [{"name": f"picture {i}.", "reason": "broken"} for i in range(51)]
    html = render(replace(page, alerts=alerts, skipped=skipped))
    assert "reason 49." in html
    assert "reason 50." not in html
    assert "and 3 more" in html
    assert "picture 49." in html
    assert "picture 50." not in html
    assert "and 1 more" in html


def test_alerts_stand_below_their_kind_and_what_it_means(page):
    alerts = [Alert(kind, "1 job", "c", "r", "i", "#") for kind in KINDS]
    page = replace(page, alerts=alerts)
    assert [kind for kind, _, _ in page.alert_kinds] == list(KINDS)
    html = render(page)
    assert "tried again in the next run" in html


def test_an_empty_study_is_a_page(page):
    html = render(replace(page, opening=None, blocks=[], codes=[], facts=[]))
    assert not Tags(html).named("img")


def test_tags_are_closed(page):
    html = render(page)
    for tag in ("figure", "table", "tbody", "tr", "section", "div", "ul", "details"):
        assert len(re.findall(rf"<{tag}[\s>]", html)) == html.count(f"</{tag}>")


def test_a_name_breaks_after_its_underscores_and_stays_text():
    assert breakable("a_b_<i>") == "a_<wbr>b_<wbr>&lt;i&gt;"
    assert breakable("whole") == "whole"
