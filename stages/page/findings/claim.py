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
    Finding,
    Sample,
    Verdict,
    bootstrap_interval,
    decided,
)
from stages.page.wording import MISSING, counted, number

# Examples that are shown of either kind, at most: our choice.
_EXAMPLES = 3

# Of a study's evidence and the claim, the finding.
Test: TypeAlias = Callable[[Evidence, "Claim"], Finding]


@dataclass(frozen=True)
class Claim:
    """What is claimed, how it is tested, and how its numbers are written.

    `test` looks at the evidence of a study and returns `tested` or `untested`; `needs`
    says what the study must have for it, `null` what the claim is held to: the same
    measurement where it should fail. Values are in `unit`, multiplied by `times` before
    they are shown (100: %); `chart` names the chart that shows them.
    """

    name: str
    text: str
    test: Test
    needs: str
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
            claim=self.text,
            verdict="untested",
            sentence=lack or f"It takes {self.needs}.",
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
