"""The page: its parts put into the template, as one file that loads nothing.

The page may come from anyone's pictures and params. All text is escaped, and a content
security policy forbids scripts, connections and pictures other than the inlined ones.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stages.page.gallery import Figure, Row
from stages.page.provenance import Provenance
from stages.page.tables import Alert, Block, Column

# Alerts and skipped pictures that are listed each, our choice; the rest is counted.
MOST_ALERTS = 50

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """All that the page shows, in words and data URIs.

    `notices` are what a reader must know before all else; `shown` says what part of the
    study the gallery shows; `shared` what its pre-images have in common; `strip` is the
    original and a pre-image from each code.
    """

    title: str
    notices: list[str]
    facts: list[str]
    strip: list[Figure]
    shown: str
    shared: str
    rows: list[Row]
    columns: list[Column]
    blocks: list[Block]
    codes: list[list[str]]
    alerts: list[Alert]
    skipped: list[dict[str, str]]
    provenance: Provenance


def render(page: Page) -> str:
    """Return the page as HTML; the same page gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (_FOLDER / "page.css").read_text()
    return environment.get_template("template.html").render(
        page=page,
        most_alerts=MOST_ALERTS,
        css=Markup(css),
        policy=_policy(css),
    )


def _policy(css: str) -> str:
    """Return a policy under which only this style and inlined pictures are loaded."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
