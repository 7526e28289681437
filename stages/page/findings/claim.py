"""A claim of the literature: what it says, how a study tests it, and against what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from stages.page.findings.evidence import Evidence
from stages.page.findings.finding import (
    LEAST_PICTURES,
    LEAST_PICTURES_OF_INTERVAL,
    Dot,
    Example,
    Finding,
    Sample,
    Verdict,
    bootstrap_interval,
    decided,
    ends_of,
)
from stages.page.wording import MISSING, counted, listed, number, shortened

# Pictures that are named in a sentence, at most: our choice.
MOST_NAMED = 6

# Of a study's evidence and the claim, the finding.
Test: TypeAlias = Callable[[Evidence, "Claim"], Finding]


@dataclass(frozen=True)
class Claim:
    """What is claimed, how it is tested, and how its numbers are written.

    `label` is the claim in two or three words. `test` looks at the evidence of a study
    and returns `tested` or `untested`; `needs` says what the study must have for it,
    `holds_if` when it holds for a picture, `null` what the claim is held to: the same
    measurement where it should fail. Values are in `unit`, multiplied by `times` before
    they are shown (100: %); `chart` names the chart that shows them.
    """

    name: str
    label: str
    text: str
    test: Test
    needs: str
    holds_if: str
    null: str
    unit: str
    decimals: int
    chart: str | None = None
    times: float = 1.0

    def tested_on(self, study: Evidence) -> Finding:
        """Return what the study says of the claim."""
        return self.test(study, self)

    def untested(self, lack: str = "") -> Finding:
        """Return the finding that the study lacks something: by default, its needs."""
        return Finding(
            name=self.name,
            label=self.label,
            claim=self.text,
            verdict="untested",
            sentence=lack or f"It takes {self.needs}.",
            number=MISSING,
            null=MISSING,
            held_to=self.null,
            unit=self.unit,
            chart=self.chart,
        )

    def tested(
        self, samples: Sequence[Sample], sentence: str, against: Sequence[str] = ()
    ) -> Finding:
        """Return the finding of these trials; at least one.

        `against` is what other measurements say against the claim, a sentence each.
        """
        verdict = decided(samples)
        interval = self._interval(samples)
        return Finding(
            name=self.name,
            label=self.label,
            claim=self.text,
            verdict=verdict,
            sentence=" ".join([sentence, *_remarks(verdict, len(samples), interval)]),
            number=self.written(float(np.mean([s.value for s in samples]))),
            null=self.written(float(np.mean([s.null for s in samples]))),
            held_to=self.null,
            holds_if=self.holds_if,
            unit=self.unit,
            dots=[self._dot(sample) for sample in samples],
            examples=self._examples(samples),
            against=[*_failing(samples), *against],
            chart=self.chart,
            interval=interval,
        )

    def written(self, value: float) -> str:
        """Return the number as it is shown, without its unit."""
        return number(value, self.decimals, times=self.times)

    def _dot(self, sample: Sample) -> Dot:
        value, null = sample.value * self.times, sample.null * self.times
        return Dot(sample.image_name, value, null, sample.holds)

    def _examples(self, samples: Sequence[Sample]) -> list[Example]:
        """Return the pictures that show the claim best and worst, if there are two."""
        chosen = [samples[i] for i in ends_of(samples)]
        return [
            Example(
                words=words,
                image_id=sample.image_id,
                image_name=sample.image_name,
                representation=sample.representation,
                value=self.written(sample.value),
                null=self.written(sample.null),
                frames=sample.frames,
            )
            for words, sample in zip(("best", "worst"), chosen, strict=False)
        ]

    def _interval(self, samples: Sequence[Sample]) -> str:
        if len(samples) < LEAST_PICTURES_OF_INTERVAL:
            return ""
        ends = bootstrap_interval([s.value - s.null for s in samples])
        low, high = (self.written(end) for end in ends)
        return f"{low} to {high} {self.unit}"


def _failing(samples: Sequence[Sample]) -> list[str]:
    """Return for which pictures the claim does not hold, in a sentence."""
    names = [sample.image_name for sample in samples if not sample.holds]
    if not names:
        return []
    told = shortened(names, MOST_NAMED) if len(names) > MOST_NAMED else listed(names)
    return [f"It does not hold for {told}."]


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
