"""The charts: error, quality and diversity by depth, methods, the trade-off, traces.

Each draws its trivial baselines and nulls in grey: without them no number is good or
bad. Where representations share a layer's name the first one's nulls are drawn; the
tables have all.
"""

from collections.abc import Sequence

import pandas as pd

from stages.page.charts.chart import Chart
from stages.page.charts.edge import edge_chart
from stages.page.charts.panels import columns, panel, stacked
from stages.page.charts.plotting import line_encodings
from stages.page.charts.points import trade_off
from stages.page.charts.series import Series, by_depth, layer_order
from stages.page.charts.tracks import trace_chart
from stages.page.depth import Layers

ERRORS = [
    Series(
        *("relative_error_8bit", "relative error, %", 100, "mismatched_error_8bit"),
        scale="log",
    ),
    Series("normalised_error_8bit", "normalised error, %", 100, scale="log"),
    Series("squared_normalised_error_8bit", "squared normalised, %", 100, scale="log"),
]
QUALITY = [
    Series("psnr", "PSNR, dB", scale="free"),
    Series("ssim", "SSIM"),
    Series("lpips_squeeze", "LPIPS, squeeze"),
    Series("lpips_alex", "LPIPS, alex"),
    Series("lpips_vgg", "LPIPS, vgg"),
    Series("judge_distance", "judge's distance"),
    Series("patch_anywhere", "patches, anywhere", null="patch_other", scale="free"),
]
DIVERSITY = [Series("diversity", "grey levels", null="distance_to_original")]

_BY_DEPTH: Sequence[tuple[str, str, list[Series], str]] = [
    (
        "error-by-depth",
        "Code error by depth",
        ERRORS,
        "How far the code of the stored pre-image still is from the photograph's, by "
        "the three definitions in use, on logarithmic axes; means over pictures, in a "
        "band of one standard deviation to both sides. Less is better. In grey: "
        "pictures that know next to nothing, and the distance to the nearest code of "
        "another picture. Above the latter, a pre-image is not of its own photograph.",
    ),
    (
        "quality-by-depth",
        "Image quality by depth",
        QUALITY,
        "How alike pre-image and photograph are; means over pictures, in a band of one "
        "standard deviation to both sides. More is better "
        "for PSNR, SSIM and patches, less for distances. In grey: pictures that know "
        "next to nothing, and for patches the best match in another picture. PSNR says "
        "little of deep layers: there a flat picture beats a good one.",
    ),
    (
        "diversity-by-depth",
        "How much is left open, by depth",
        DIVERSITY,
        "How far apart the pre-images from different starts are (root mean square); "
        "means over pictures. In grey: how far they are from their photograph. Where "
        "both meet, another start misses by as much as the photograph does.",
    ),
]


def charts(
    scores: pd.DataFrame, means: pd.DataFrame, traces: pd.DataFrame, layers: Layers
) -> list[Chart]:
    """Return the charts that this study has numbers for.

    `means` is the table of `error_by_depth`, `traces` that of `summary.traces`,
    `layers` each representation's layers from shallow to deep.
    """
    distance = means["mse"].pow(0.5).where(means["diversity"].notna())
    table = means.assign(distance_to_original=distance)
    error, quality, diversity = (_by_depth(table, layers, *w) for w in _BY_DEPTH)
    trade, steps = _trade_off(scores, table, layers), _traces(traces, table, layers)
    every = (error, _edge(scores, layers), trade, quality, diversity, steps)
    return [chart for chart in every if chart is not None]


def _by_depth(
    table: pd.DataFrame,
    layers: Layers,
    name: str,
    title: str,
    series: list[Series],
    caption: str,
) -> Chart | None:
    parts = by_depth(table, series)
    if not parts:
        return None
    long = pd.concat(list(parts.values()), ignore_index=True)
    along = columns(long, layer_order(long, layers))
    encoding, last = line_encodings(long, list(layers)), list(parts)[-1]
    scales = {one.heading: one.scale for one in series}
    panels = [
        panel(
            *(part, heading, encoding, along),
            scale=scales[heading],
            is_last=heading == last,
        )
        for heading, part in parts.items()
    ]
    return Chart(name, title, caption, stacked(panels, title), long)


def _edge(scores: pd.DataFrame, layers: Layers) -> Chart | None:
    drawn = edge_chart(scores, layers)
    if drawn is None:
        return None
    spec, points, distance = drawn
    caption = (
        "Each point is a method, a prior and a solver: its mean code error and "
        f"{distance}, over the pictures that all methods of the layer share. To the "
        "left a code that is matched better, below a picture more like the photograph. "
        "Named and filled: what no other method beats in both."
    )
    return Chart("methods", "What each method buys", caption, spec, points)


def _trade_off(
    scores: pd.DataFrame, table: pd.DataFrame, layers: Layers
) -> Chart | None:
    drawn = trade_off(scores, table, list(layers))
    if drawn is None:
        return None
    spec, points, a_point = drawn
    caption = (
        f"Each point is {a_point}: to the left a code that is matched better, above "
        "(PSNR) or below (distances) a picture more like the photograph. A code can be "
        "matched perfectly by a picture unlike it: that is what the code forgets. In "
        "grey: pictures that know next to nothing."
    )
    return Chart("trade-off", "Code error against image quality", caption, spec, points)


def _traces(traces: pd.DataFrame, table: pd.DataFrame, layers: Layers) -> Chart | None:
    drawn = trace_chart(traces, table, layers)
    if drawn is None:
        return None
    spec, shown = drawn
    caption = (
        "The median relative error of the code while the pre-images are made, on a "
        "logarithmic axis; from light to dark the layers go from shallow to deep. "
        "Triangles: the error of a 4 x 4 thumbnail at the same layer; the "
        "dashed line at 100 % is a code of zeros. A line that still falls at its end "
        "was stopped early."
    )
    return Chart("traces", "Error by step", caption, spec, shown)
