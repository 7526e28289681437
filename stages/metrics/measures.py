"""All the metrics of a batch, named as the columns of the table of scores."""

import math
from collections.abc import Callable, Sequence

from stages.images import Images, PerImage
from stages.metrics.code import PairwiseStatistics, code_errors
from stages.metrics.colour import chroma_error, luma_error
from stages.metrics.pixel import fitted, mse, psnr, ssim

Measures = dict[str, float | None]

_PIXEL_METRICS: dict[str, Callable[[Images, Images], PerImage]] = {
    "mse": mse,
    "psnr": psnr,
    "ssim": ssim,
}


def code_measures(
    suffix: str,
    distances: Sequence[float | None],
    target_norms: Sequence[float],
    pairs: PairwiseStatistics,
) -> list[Measures]:
    """Return the three code errors of each image; `suffix` ends their names."""
    found = []
    for distance, norm in zip(distances, target_norms, strict=True):
        errors = code_errors(distance, norm, pairs)
        found.append(
            {
                f"relative_error_{suffix}": errors.relative,
                f"normalised_error_{suffix}": errors.normalised,
                f"squared_normalised_error_{suffix}": errors.squared_normalised,
            }
        )
    return found


def pixel_measures(preimages: Images, originals: Images) -> list[Measures]:
    """Return the pixel metrics of each image, as it is and after the best fit.

    What is not defined for an image is null; the PSNR of equal images is infinite.
    """
    columns: dict[str, list[float]] = {}
    fits = fitted(preimages, originals)
    for suffix, images in {"": preimages, "_fitted": fits}.items():
        for name, metric in _PIXEL_METRICS.items():
            columns[f"{name}{suffix}"] = metric(images, originals).tolist()
    columns["luma_error"] = luma_error(preimages, originals).tolist()
    columns["chroma_error"] = chroma_error(preimages, originals).tolist()
    return [
        {name: defined(values[index]) for name, values in columns.items()}
        for index in range(len(originals))
    ]


def defined(value: float) -> float | None:
    """Return the value, None for not a number: what a table holds where nothing is."""
    return None if math.isnan(value) else value
