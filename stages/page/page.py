"""The page: its parts put into the template, as one file that loads nothing.

The page may come from anyone's pictures and params. All text is escaped, and a content
security policy forbids connections, and scripts and pictures other than the page's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from stages.page import assets
from stages.page.alerts import KINDS, Alert
from stages.page.charts.chart import Drawing
from stages.page.comparison.comparison import ComparisonPart
from stages.page.findings import Finding
from stages.page.findings.finding import VERDICTS
from stages.page.pictures.opening import Opening
from stages.page.pictures.picture import View
from stages.page.pictures.survey import form
from stages.page.plates.plate import Plate
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

    `notices` are what a reader must know before all else; `sample` says what is told
    one by one, if that is not all, `shown` which pictures are inside, `folder` whether
    others lie beside; `shared` is what all pre-images have in common; `study` is the
    JSON for the scripts; `pictures` are URIs of those that stand on the page itself, by
    key of job or by id and form; `views` tell in which form each representation sees;
    `libraries` are scripts that are safe to inline.
    """

    title: str
    notices: list[str]
    facts: list[str]
    opening: Opening | None
    sample: str
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
    views: Mapping[str, View] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    plates: list[Plate] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    charts: list[Drawing] = field(default_factory=list)
    comparison: ComparisonPart | None = None
    libraries: list[str] = field(default_factory=list)

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        """How many findings have each verdict, such as 6 supported, 2 mixed."""
        counts = Counter(one.verdict for one in self.findings)
        return [(verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict]]

    def original(self, image_id: str, representation: str) -> str:
        """Return the address of an original as a representation saw it, or nothing."""
        name = f"{image_id} {form(*self.views[representation])}"
        return self.pictures.get(name, "")

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
    environment.filters["coded"] = coded
    environment.filters["breakable"] = breakable
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


def coded(text: str) -> Markup:
    """Return the text escaped, what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    whole = (f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return Markup("".join(whole))


def breakable(name: str) -> Markup:
    """Return the name escaped, with a place to break after each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def pieces(page: Page, thumbnails: Iterable[str]) -> Iterator[str]:
    """Yield the page in pieces: what stands before the thumbnails, each, the rest."""
    before, after = render(page).split(PLACE)
    yield before
    yield from thumbnails
    yield after
