"""The page: its parts put into the template, as one file that loads nothing.

The page may come from anyone's pictures and params. All text is escaped, and a content
security policy forbids connections, and scripts and pictures other than the page's own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stages.page import assets
from stages.page.alerts import KINDS, Alert
from stages.page.charts.chart import Drawing
from stages.page.comparison.comparison import ComparisonPart
from stages.page.findings import Finding
from stages.page.pictures.opening import Opening
from stages.page.provenance import Provenance
from stages.page.tables import Block, Column

# Alerts and skipped pictures that are listed each, our choice; the rest is counted.
MOST_ALERTS = 50
# Where the thumbnails go: no text of the page can be this, as `<` is escaped.
PLACE = "<!-- thumbnails -->"

_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Page:
    """All that the page shows but the thumbnails, in words and JSON.

    `notices` are what a reader must know before all else; `shown` says which pictures
    are inside, `folder` whether others lie beside; `shared` is what all pre-images have
    in common; `study` is the JSON for the scripts; `thumbs` maps keys of jobs to the
    names of their thumbnails; `libraries` are scripts that are safe to inline.
    """

    title: str
    notices: list[str]
    facts: list[str]
    opening: Opening | None
    shown: str
    folder: bool
    shared: str
    columns: list[Column]
    blocks: list[Block]
    codes: list[list[str]]
    alerts: list[Alert]
    skipped: list[dict[str, str]]
    provenance: Provenance
    study: str
    findings: list[Finding] = field(default_factory=list)
    charts: list[Drawing] = field(default_factory=list)
    comparison: ComparisonPart | None = None
    thumbs: dict[str, str] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)

    @property
    def alert_kinds(self) -> list[tuple[str, str, list[Alert]]]:
        """The alerts by kind, each with what it means."""
        return [
            (kind, text, alerts)
            for kind, text in KINDS.items()
            if (alerts := [alert for alert in self.alerts if alert.kind == kind])
        ]


def render(page: Page) -> str:
    """Return the page as HTML, `PLACE` where the thumbnails go; ever the same text."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css, script = assets.css(), assets.script()
    return environment.get_template("page.html").render(
        page=page,
        most_alerts=MOST_ALERTS,
        css=Markup(css),
        script=Markup(script),
        libraries=[Markup(text) for text in page.libraries],
        study=Markup(page.study),
        place=Markup(PLACE),
        policy=assets.policy([css], [*page.libraries, script], folder=page.folder),
    )


def pieces(page: Page, thumbnails: Iterable[str]) -> Iterator[str]:
    """Yield the page in pieces: what stands before the thumbnails, each, the rest."""
    before, after = render(page).split(PLACE)
    yield before
    yield from thumbnails
    yield after
