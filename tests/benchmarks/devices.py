"""Do two devices, or two precisions, invert the same jobs to the same error?

    python -m tests.benchmarks.devices ONE TWO ...

Each argument is NAME=SCORES, the `data/scores.parquet` of a study; the first is what
the others are held against, job by job: representation, layer, channels, region,
prior, solver, picture and seed. A line a representation, prior and solver: the mean
relative code errors of the stored pictures, their ratio, and the largest distance of a
layer's ratio from 1. Single jobs differ more: a descent is chaotic, so that what rounds
otherwise ends at another image of the same code.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd

from tests.benchmarks.machine import keep

JOB = [
    *("representation", "layer", "channels", "region"),
    *("prior", "solver", "image_id", "seed"),
]
GROUP = ["representation", "prior", "solver"]
ERROR = "relative_error_8bit"
AGREED = 0.05


def joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of both with their errors, `one` and `other`."""
    named = [
        scores[scores["solver"] != "none"].set_index(JOB)[ERROR].rename(name)
        for name, scores in (("one", one), ("other", other))
    ]
    pair = named[0].to_frame().join(named[1], how="inner").reset_index()
    return pair[np.isfinite(pair[["one", "other"]]).all(axis=1)]


def compared(pair: pd.DataFrame) -> Iterator[str]:
    """Yield a table of the groups, and whether all agree."""
    yield "| representation | prior | solver | jobs | first | second | ratio | layers |"
    yield "|" + " --- |" * 8
    for names, rows in pair.groupby(GROUP, sort=False):
        one, other = rows["one"].mean(), rows["other"].mean()
        layers = rows.groupby("layer")[["one", "other"]].mean()
        apart = (layers["other"] / layers["one"] - 1).abs().max()
        yield (
            f"| {' | '.join(map(str, names))} | {len(rows)} | {one:.4f} | {other:.4f} "
            f"| {other / one:.3f} | {apart:.1%} |"
        )
    one, other = pair["one"].mean(), pair["other"].mean()
    told = "agree" if abs(other / one - 1) <= AGREED else "do NOT agree"
    yield (
        f"\nAll {len(pair)} jobs: {one:.4f} and {other:.4f}, ratio {other / one:.3f}: "
        f"they {told} within {AGREED:.0%}. Of single jobs the median ratio is "
        f"{(pair['other'] / pair['one']).median():.3f}, and "
        f"{((pair['other'] / pair['one'] - 1).abs() <= AGREED).mean():.0%} lie within "
        f"{AGREED:.0%}.\n"
    )


def report(studies: dict[str, pd.DataFrame], note: str) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"# One study on several devices\n\n{note}"
    (first, base), *others = studies.items()
    for name, scores in others:
        yield f"\n## {name}, beside {first}\n"
        yield from compared(joined(base, scores))


def main() -> None:
    """Print the report and keep it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("studies", nargs="+", metavar="NAME=SCORES")
    options.add_argument("--note", default="", help="date, hardware and settings")
    options.add_argument("--trial", action="store_true", help="print alone")
    chosen = options.parse_args()
    named = (one.partition("=") for one in chosen.studies)
    studies = {name: pd.read_parquet(path) for name, _, path in named}
    keep("devices", report(studies, chosen.note), trial=chosen.trial)


if __name__ == "__main__":
    main()
