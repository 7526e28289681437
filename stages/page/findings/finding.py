"""What a finding is: a claim of the literature, and what this study says of it.

The decision rule is fixed, our choice, the same for every claim. Each picture is one
trial: the claim holds for it or not (each claim's docstring says when). The claim is

- supported if it holds for at least 5/6 of the pictures, and on the mean over them;
- contradicted if it holds for at most 1/6 of them, and not on the mean;
- mixed otherwise, and always with fewer than 3 pictures;
- untested if the study lacks what it takes.

From 20 pictures on, a 95 % bootstrap interval of the mean difference is told; with
fewer, the pictures themselves are all there is to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from stages.page.findings.strip import Strip, strip
from stages.page.pictures.thumbnails import evenly_spaced
from stages.page.wording import counted

Verdict = Literal["supported", "contradicted", "mixed", "untested"]
VERDICTS: dict[Verdict, str] = {
    "supported": "this study agrees",
    "contradicted": "this study says otherwise",
    "mixed": "this study cannot settle it",
    "untested": "this study cannot test it",
}
LEAST_PICTURES, LEAST_PICTURES_OF_INTERVAL = 3, 20
# How the role of a frame that shows the null begins.
NULL = "null"
_MOST, _FEWEST = 5 / 6, 1 / 6
_RESAMPLES, _PLACES_AT_ONCE = 10_000, 2**22
# Pictures whose numbers the page tells each, our choice: more than the eye can follow.
MOST_DOTS = 500


@dataclass(frozen=True, slots=True)
class Dot:
    """A picture's value and its null, in the finding's unit, and whether it holds."""

    image_name: str
    value: float
    null: float | None
    holds: bool


@dataclass(frozen=True)
class Frame:
    """A pre-image that is evidence: a job's key, its `role`, and what it is of."""

    role: str
    key: str
    label: str


@dataclass(frozen=True)
class Example:
    """A picture as evidence: the original as it was seen, and its pre-images.

    `words` say what it shows: best or worst; `value` and `null` are its numbers, in the
    finding's unit; `representation` is the one that saw the original.
    """

    words: str
    image_id: str
    image_name: str
    representation: str
    value: str
    null: str
    frames: tuple[Frame, ...]

    @property
    def has_null(self) -> bool:
        """Whether the null is a picture, too."""
        return any(frame.role.startswith(NULL) for frame in self.frames)


@dataclass(frozen=True)
class Finding:
    """A claim with its verdict, in words, in numbers, and picture by picture.

    `label` is the claim in two or three words; `number` and `null` are means over the
    pictures, in `unit`, `held_to` says what the null is, and `holds_if` when the claim
    holds for a picture; `examples` are the pictures that show it best and worst;
    `against` is what speaks against the claim; `chart` names the chart that shows it;
    `interval` is empty for few pictures. Without a test the numbers are dashes and the
    lists empty.
    """

    name: str
    label: str
    claim: str
    verdict: Verdict
    sentence: str
    number: str
    null: str
    held_to: str
    unit: str
    dots: list[Dot] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    chart: str | None = None
    interval: str = ""
    holds_if: str = ""

    @property
    def meaning(self) -> str:
        """What the verdict means, in words."""
        if self.verdict == "mixed" and len(self.dots) < LEAST_PICTURES:
            return "too few pictures to settle it"
        return VERDICTS[self.verdict]

    def numbers(self) -> dict[str, str | int | float | None]:
        """Return the verdict and what it rests on, for `dvc metrics`.

        `value` and `null` are means in `unit`, null (None) without a test; the claim
        `holds` for so many of the `pictures`.
        """
        values, nulls = [d.value for d in self.dots], [d.null for d in self.dots]
        known = [null for null in nulls if null is not None]
        return {
            "verdict": self.verdict,
            "value": float(np.mean(values)) if values else None,
            "null": float(np.mean(known)) if known else None,
            "holds": sum(dot.holds for dot in self.dots),
            "pictures": len(self.dots),
        }

    @property
    def told(self) -> list[Dot]:
        """The dots that are told each: all, or of very many some, evenly spaced."""
        return evenly_spaced(self.dots, MOST_DOTS)

    @property
    def strip(self) -> Strip:
        """Those dots as a drawing."""
        dots = [(dot.image_name, dot.value, dot.null) for dot in self.told]
        return strip(dots, self.unit)

    @property
    def tally(self) -> str:
        """For how many of the pictures the claim holds, such as `6 of 6 pictures`."""
        holding = sum(dot.holds for dot in self.dots)
        return f"{holding:,} of {counted(len(self.dots), 'picture')}"


class Sample(NamedTuple):
    """One picture's trial: its margin is how far it is on the claim's side.

    `frames` are the pre-images that show it, `representation` the one that saw it.
    """

    image_name: str
    value: float
    null: float
    holds: bool
    margin: float
    image_id: str = ""
    representation: str = ""
    frames: tuple[Frame, ...] = ()


def ends_of(samples: Sequence[Sample]) -> list[int]:
    """Return the places of the trials that show the claim best and worst."""
    order = sorted(range(len(samples)), key=lambda i: -samples[i].margin)
    return list(dict.fromkeys([*order[:1], *order[-1:]]))


def decided(samples: Sequence[Sample]) -> Verdict:
    """Return the verdict on these trials, by the rule in the module's docstring."""
    share = sum(sample.holds for sample in samples) / len(samples)
    on_the_mean = sum(sample.margin for sample in samples) > 0
    if len(samples) < LEAST_PICTURES:
        return "mixed"
    if share >= _MOST and on_the_mean:
        return "supported"
    return "contradicted" if share <= _FEWEST and not on_the_mean else "mixed"


def bootstrap_interval(differences: Sequence[float]) -> tuple[float, float]:
    """Return the percentile 95 % interval of the mean, of 10,000 seeded resamples."""
    values, generator = np.asarray(differences, dtype=float), np.random.default_rng(0)
    means: list[float] = []
    # A few at a time: of 100,000 pictures, all places at once would be 8 GB.
    at_once = max(1, _PLACES_AT_ONCE // len(values))
    while (n := min(at_once, _RESAMPLES - len(means))) > 0:
        places = generator.integers(len(values), size=(n, len(values)))
        means += values[places].mean(axis=1).tolist()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
