"""All metrics of the study, a row each: the scores and the report follow from it.

To add one, write its function in a file of this folder and its row here. Nothing here
imports a function: whoever reads the words pays for nothing else. The order is that of
the scores' columns and of the report's.
"""

from functools import partial

from stages.metrics.metric import Metric

_PICTURES = ("pictures", "originals")
_FITTED = ("fitted", "originals")

_code_error = partial(Metric, better="lower", is_percent=True, decimals=1)
_pixel_error = partial(Metric, unit="grey levels", decimals=1, better="lower")
_LEVELS, _PSNR, _SQUARES = (0.0, 255.0), "decibels", "grey levels squared"
_MOST_SQUARES = 255.0**2


def _lpips(backbone: str) -> Metric:
    return Metric(
        name=f"lpips_{backbone}",
        label=f"LPIPS, {backbone}",
        meaning=f"LPIPS v0.1, backbone {backbone}, of the stored picture; null without "
        "its weights",
        function="perceptual:lpips",
        inputs=("lpips", *_PICTURES),
        options={"name": f"lpips_{backbone}"},
        better="lower",
        place="headline",
    )


METRICS: list[Metric] = [
    _code_error(
        name="relative_error_8bit",
        label="relative error",
        meaning="||d|| / ||Phi0||, of the stored 8-bit picture",
        function="code:relative_error",
        inputs=("distances", "target_norms"),
        place="headline",
    ),
    _code_error(
        name="normalised_error_8bit",
        label="normalised error",
        meaning="||d|| / N, N the mean distance between two pictures' codes, of the "
        "stored 8-bit picture",
        function="code:normalised_error",
        inputs=("distances", "pairs"),
    ),
    _code_error(
        name="squared_normalised_error_8bit",
        label="squared normalised",
        meaning="||d||^2 / mean squared distance between two pictures' codes, of the "
        "stored 8-bit picture",
        function="code:squared_normalised_error",
        inputs=("distances", "pairs"),
    ),
    _code_error(
        name="relative_error_float",
        label="relative, unrounded",
        meaning="||d|| / ||Phi0||, of the pre-image as computed",
        function="code:relative_error",
        inputs=("computed_distances", "target_norms"),
    ),
    _code_error(
        name="normalised_error_float",
        label="normalised, unrounded",
        meaning="||d|| / N, N the mean distance between two pictures' codes, of the "
        "pre-image as computed",
        function="code:normalised_error",
        inputs=("computed_distances", "pairs"),
        place="details",
    ),
    _code_error(
        name="squared_normalised_error_float",
        label="squared normalised, unrounded",
        meaning="||d||^2 / mean squared distance between two pictures' codes, of the "
        "pre-image as computed",
        function="code:squared_normalised_error",
        inputs=("computed_distances", "pairs"),
        place="details",
    ),
    _code_error(
        name="mismatched_error_8bit",
        label="another picture's code",
        meaning="||Phi(x) - Phi_j|| / ||Phi_j|| of the stored 8-bit picture, Phi_j the "
        "nearest code of another picture: the null; null for a single picture",
        function="code:mismatched_error",
        inputs=("codes", "foreign", "entries"),
        better="",
    ),
    _pixel_error(
        name="mse",
        label="mean squared error",
        meaning="mean squared error of the stored picture",
        function="pixel:mse",
        inputs=_PICTURES,
        unit=_SQUARES,
        span=(0.0, _MOST_SQUARES),
        place="details",
        decimals=0,
    ),
    _pixel_error(
        name="psnr",
        label="PSNR",
        meaning="peak signal-to-noise ratio of the stored picture; infinite if equal",
        function="pixel:psnr",
        inputs=_PICTURES,
        unit=_PSNR,
        better="higher",
        place="headline",
    ),
    Metric(
        name="ssim",
        label="SSIM",
        meaning="structural similarity of the stored picture, 1 if equal; 11 px or "
        "more",
        function="ssim:ssim",
        inputs=_PICTURES,
        span=(-1.0, 1.0),
        better="higher",
        place="headline",
    ),
    _pixel_error(
        name="mse_fitted",
        label="mean squared error, fitted",
        meaning="mean squared error of the best gain and offset for this original",
        function="pixel:mse",
        inputs=_FITTED,
        unit=_SQUARES,
        span=(0.0, _MOST_SQUARES),
        place="details",
        decimals=0,
    ),
    _pixel_error(
        name="psnr_fitted",
        label="PSNR, fitted",
        meaning="peak signal-to-noise ratio of the best gain and offset for this "
        "original",
        function="pixel:psnr",
        inputs=_FITTED,
        unit=_PSNR,
        better="higher",
    ),
    Metric(
        name="ssim_fitted",
        label="SSIM, fitted",
        meaning="structural similarity of the best gain and offset for this original; "
        "11 px or more",
        function="ssim:ssim",
        inputs=_FITTED,
        span=(-1.0, 1.0),
        better="higher",
        place="details",
    ),
    _pixel_error(
        name="luma_error",
        label="luma",
        meaning="root-mean-square error of the luma",
        function="colour:luma_error",
        inputs=_PICTURES,
        span=_LEVELS,
    ),
    _pixel_error(
        name="chroma_error",
        label="chroma",
        meaning="root-mean-square error of Cb and Cr; null for grey images",
        function="colour:chroma_error",
        inputs=_PICTURES,
        span=_LEVELS,
    ),
    Metric(
        name="inside_energy",
        label="energy inside",
        meaning="energy inside the selection's receptive field, as a share of the "
        "start's",
        function="energy:inside_energy",
        inputs=("pictures", "starts", "mean_colour", "field"),
        place="details",
        is_percent=True,
        decimals=1,
    ),
    Metric(
        name="outside_energy",
        label="energy outside",
        meaning="energy outside the selection's receptive field, as a share of the "
        "start's; null where it sees the whole image",
        function="energy:outside_energy",
        inputs=("pictures", "starts", "mean_colour", "field"),
        is_percent=True,
        decimals=1,
    ),
    *map(_lpips, ("squeeze", "alex", "vgg")),
    Metric(
        name="judge_distance",
        label="judge's distance",
        meaning="the embedded judge's perceptual distance (not LPIPS: its own weights, "
        "none learned from people)",
        function="judged:judge_distance",
        inputs=("judge_maps", "original_judge_maps"),
        span=(0.0, 2.0),
        better="lower",
        place="headline",
    ),
    Metric(
        name="judge_agrees",
        label="same label",
        meaning="whether the embedded judge gives the label that it gives the original",
        function="judged:labels_agree",
        inputs=("judge_scores", "original_judge_scores"),
        span=(0.0, 1.0),
        better="higher",
        place="headline",
        is_percent=True,
        is_truth=True,
        decimals=0,
    ),
    Metric(
        name="imagenet_distance",
        label="ImageNet judge's distance",
        meaning="perceptual distance over the features of EfficientNet-Lite0, from 128 "
        "pixels; null without its weights, and for its own pre-images",
        function="judged:judge_distance",
        inputs=("imagenet_maps", "original_imagenet_maps"),
        span=(0.0, 2.0),
        better="lower",
        place="headline",
    ),
    Metric(
        name="imagenet_agrees",
        label="same ImageNet label",
        meaning="whether EfficientNet-Lite0 gives the label, of 1,000, that it gives "
        "the original; null as imagenet_distance is",
        function="judged:labels_agree",
        inputs=("imagenet_scores", "original_imagenet_scores"),
        span=(0.0, 1.0),
        better="higher",
        place="headline",
        is_percent=True,
        is_truth=True,
        decimals=0,
    ),
    Metric(
        name="imagenet_top5",
        label="ImageNet label in five",
        meaning="whether the original's label is among EfficientNet-Lite0's first five "
        "of the pre-image; null as imagenet_distance is",
        function="labels:among_the_first",
        inputs=("imagenet_scores", "original_imagenet_scores"),
        options={"n_first": 5},
        span=(0.0, 1.0),
        better="higher",
        is_percent=True,
        is_truth=True,
        decimals=0,
    ),
    Metric(
        name="imagenet_rank",
        label="rank of the ImageNet label",
        meaning="rank of the original's label among EfficientNet-Lite0's 1,000 of the "
        "pre-image, 1 for the same label; null as imagenet_distance is",
        function="labels:rank_of_label",
        inputs=("imagenet_scores", "original_imagenet_scores"),
        span=(1.0, 1000.0),
        better="lower",
        decimals=0,
    ),
    Metric(
        name="patch_same",
        label="patches, same place",
        meaning="mean similarity of the original's patches with those at the same "
        "place",
        function="patches:same",
        inputs=("patch_similarities",),
        span=(-1.0, 1.0),
        better="higher",
    ),
    Metric(
        name="patch_anywhere",
        label="patches, anywhere",
        meaning="mean similarity of the original's patches with their best match "
        "anywhere",
        function="patches:anywhere",
        inputs=("patch_similarities",),
        span=(-1.0, 1.0),
        better="higher",
    ),
    Metric(
        name="patch_other",
        label="patches, another picture",
        meaning="the same as patch_anywhere in another picture of the study: the null",
        function="patches:anywhere",
        inputs=("foreign_patch_similarities",),
        span=(-1.0, 1.0),
    ),
    Metric(
        name="patch_displacement",
        label="patches, moved",
        meaning="mean distance to the best match, as a share of the image's side",
        function="patches:displacement",
        inputs=("patch_similarities",),
        span=(0.0, 2**0.5),
        better="lower",
        is_percent=True,
        decimals=0,
    ),
    Metric(
        name="diversity",
        label="diversity",
        meaning="mean root-mean-square distance between the pre-images of the seeds of "
        "one cell and image; null for a single seed",
        function="diversity:diversity",
        over="seeds",
        unit="grey levels",
        span=_LEVELS,
        decimals=1,
    ),
]


def of_images() -> list[Metric]:
    """Return the metrics that each pre-image has by itself."""
    return [metric for metric in METRICS if metric.over == "image"]


def of_seeds() -> list[Metric]:
    """Return the metrics that the seeds of one cell and picture have in common."""
    return [metric for metric in METRICS if metric.over == "seeds"]
