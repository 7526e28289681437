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
from stages.page.wording import MISSING, counted, number

Verdict = Literal["supported", "contradicted", "mixed", "untested"]
VERDICTS: dict[Verdict, str] = {
    "supported": "this study agrees",
    "contradicted": "this study says otherwise",
    "mixed": "this study cannot settle it",
    "untested": "this study cannot test it",
}
LEAST_PICTURES, LEAST_PICTURES_OF_INTERVAL = 3, 20
_MOST, _FEWEST = 5 / 6, 1 / 6
_RESAMPLES = 10_000
_EXAMPLES = 3


@dataclass(frozen=True)
class Dot:
    """A picture's value and its null, in the finding's unit, and whether it holds."""

    image_name: str
    value: float
    null: float | None
    holds: bool


@dataclass(frozen=True)
class Finding:
    """A claim with its verdict, in words, in numbers, and picture by picture.

    `number` and `null` are means over the pictures, in `unit`; `best` and `worst` are
    keys of jobs, whose pictures are in `names`; `chart` names the chart that shows it;
    `interval` is empty for few pictures. Without a test the numbers are dashes and the
    lists empty.
    """

    name: str
    claim: str
    verdict: Verdict
    sentence: str
    number: str
    null: str
    unit: str
    dots: list[Dot]
    best: list[str]
    worst: list[str]
    chart: str | None = None
    interval: str = ""
    names: dict[str, str] = field(default_factory=dict)

    @property
    def meaning(self) -> str:
        """What the verdict means, in words."""
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
    def strip(self) -> Strip:
        """The dots as a drawing."""
        return strip([(dot.value, dot.null) for dot in self.dots])

    @property
    def tally(self) -> str:
        """For how many of the pictures the claim holds, such as `6 of 6 pictures`."""
        holding = sum(dot.holds for dot in self.dots)
        return f"{holding:,} of {counted(len(self.dots), 'picture')}"


class Sample(NamedTuple):
    """One picture's trial: its margin is how far it is on the claim's side."""

    image_name: str
    value: float
    null: float
    holds: bool
    margin: float
    key: str


@dataclass(frozen=True)
class Claim:
    """What is claimed, the unit of its numbers, and how they are written.

    Values are multiplied by `times` before they are shown (100: %).
    """

    name: str
    text: str
    unit: str
    decimals: int
    chart: str | None = None
    times: float = 1.0

    def untested(self, lack: str) -> Finding:
        """Return the finding that the study lacks something."""
        return Finding(
            name=self.name,
            claim=self.text,
            verdict="untested",
            sentence=lack,
            number=MISSING,
            null=MISSING,
            unit=self.unit,
            dots=[],
            best=[],
            worst=[],
            chart=self.chart,
        )

    def tested(self, samples: Sequence[Sample], sentence: str) -> Finding:
        """Return the finding of these trials; at least one."""
        verdict = decided(samples)
        values = [sample.value for sample in samples]
        nulls = [sample.null for sample in samples]
        interval = self._interval(samples)
        best, worst = _examples(samples)
        return Finding(
            name=self.name,
            claim=self.text,
            verdict=verdict,
            sentence=" ".join([sentence, *_remarks(verdict, len(samples), interval)]),
            number=self.written(float(np.mean(values))),
            null=self.written(float(np.mean(nulls))),
            unit=self.unit,
            dots=[self._dot(sample) for sample in samples],
            best=best,
            worst=worst,
            chart=self.chart,
            interval=interval,
            names={s.key: s.image_name for s in samples if s.key in {*best, *worst}},
        )

    def written(self, value: float) -> str:
        """Return the number as it is shown, without its unit."""
        return number(value, self.decimals, times=self.times)

    def _dot(self, sample: Sample) -> Dot:
        value, null = sample.value * self.times, sample.null * self.times
        return Dot(sample.image_name, value, null, sample.holds)

    def _interval(self, samples: Sequence[Sample]) -> str:
        if len(samples) < LEAST_PICTURES_OF_INTERVAL:
            return ""
        ends = bootstrap_interval([s.value - s.null for s in samples])
        low, high = (self.written(end) for end in ends)
        return f"{low} to {high} {self.unit}"


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
    values = np.asarray(differences, dtype=float)
    places = np.random.default_rng(0).integers(
        len(values), size=(_RESAMPLES, len(values))
    )
    low, high = np.percentile(values[places].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _examples(samples: Sequence[Sample]) -> tuple[list[str], list[str]]:
    """Return the jobs that show it best and worst, no job in both."""
    n = min(_EXAMPLES, (len(samples) + 1) // 2)
    ordered = [s.key for s in sorted(samples, key=lambda s: -s.margin)]
    return ordered[:n], list(reversed(ordered[n:][-n:]))


def _remarks(verdict: Verdict, n: int, interval: str) -> list[str]:
    few = (
        f"{counted(n, 'picture')} can settle nothing: a verdict takes at least "
        f"{LEAST_PICTURES}."
    )
    return [
        *([f"The mean difference: {interval} (95 % interval)."] if interval else []),
        *([few] if n < LEAST_PICTURES else []),
        *(["This contradicts the claim."] if verdict == "contradicted" else []),
    ]
