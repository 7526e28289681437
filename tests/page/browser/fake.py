"""A study made up in a moment, of any size, with pictures that look like pictures.

Nothing is computed: a pre-image is its photograph with more noise the deeper the layer.
"""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from skimage import data as photographs

from stages import images, report
from stages.metrics.schema import scores_schema
from stages.metrics.table import METRICS
from stages.page.conclusions import conclusions
from stages.page.inputs import ReportInputs
from stages.page.scores import read_scores
from stages.store import files, paths, schemas, tables

EVIL = '"><img src=x onerror=alert(1)>.png'
SCRIPT = "</script><script>alert(2)</script>.png"
SIDE = 64
GEOMETRY = {"stride": 8, "receptive_field": 12, "offset": -2}
NUMBERS = [metric.name for metric in METRICS if not metric.is_truth]
TRUTHS = [metric.name for metric in METRICS if metric.is_truth]
BASELINES = ("mean-grey", "mean-colour", "thumbnail-4x4")
# What the cells of a window see: of stride 8 and 12 pixels wide, from -2 on.
FIELDS = {None: [0, SIDE, 0, SIDE], (3, 5, 3, 5): [22, 42, 22, 42]}


@cache
def pixels(n):
    """Return the pixels of one of three photographs, read once."""
    return [photographs.astronaut, photographs.coffee, photographs.chelsea][n]()


@cache
def photograph(i, side=SIDE):
    """Return the i-th photograph: a crop of one of three, never twice the same."""
    shift = (i * 7) % 100
    return images.square(PillowImage.fromarray(pixels(i % 3)[shift:, shift:]), side)


def preimage(original, depth, seed):
    """Return the photograph's pixels, the noisier the deeper."""
    noise = np.random.default_rng([seed, depth]).normal(
        0, 8 + 6 * depth, (SIDE, SIDE, 3)
    )
    pixels = np.asarray(original) * (1 - 0.05 * depth) + noise
    return PillowImage.fromarray(pixels.clip(0, 255).astype(np.uint8))


def stored(picture):
    return {"bytes": images.png(picture), "path": ""}


def picture_rows(names):
    for i, name in enumerate(names):
        plain = {"source": "made up", "licence": "CC0", "width": 256, "height": 256}
        picture = stored(photograph(i, 256))
        yield {"image_id": f"id{i}", "name": name, **plain, "image": picture}


def job_rows(names, layers, seeds, changes):
    """Yield pre-images: each picture, layer and seed, as `changes` of (i, depth, seed)
    say."""
    for i, name in enumerate(names):
        original = photograph(i)
        for depth, layer in enumerate(layers):
            for seed in range(seeds):
                row = dict.fromkeys(schemas.PREIMAGES.names)
                row |= {"representation": "net", "layer": layer, "channels": "all"}
                row |= {"region": "all", "prior": "default", "solver": "fast"}
                row |= {"key": f"{i}k{depth}k{seed}", "seed": seed, "status": "done"}
                row |= {"image_id": f"id{i}", "image_name": name, "reason": ""}
                row |= {"device": "none", "seconds": 1.5, "steps": 250}
                row |= {"precision": "float32", "versions": "none"}
                row["image"] = stored(preimage(original, depth, seed))
                row["trace"] = trace(depth)
                yield row | changes(i, depth, seed)


def trace(depth):
    falling = np.geomspace(1.0, 0.01 * (depth + 1), 50)
    priors = {"alpha_term": 0.01, "denoiser_term": 0.0}
    return [
        {"step": 5 * n, "data_term": value, "tv_term": 0.1 * value, **priors}
        for n, value in enumerate(falling)
    ]


def score_rows(jobs, layers):
    """Yield the scores of pre-images, then of the baselines."""
    names = set(scores_schema().names)
    ones = {}
    for row in jobs:
        plain = {key: value for key, value in row.items() if key in names}
        depth = layers.index(row["layer"])
        numbers = measured(depth, len(row["image_name"]) + (row["seed"] or 0))
        window = tuple(row["window"]) if row["window"] else None
        blank = dict.fromkeys(names) | plain | {"field": FIELDS[window]}
        done = numbers if row["image"] else {}
        yield {**blank, "kind": "preimage", **done}
        ones.setdefault((row["image_id"], row["layer"], row["region"]), blank)
    for blank in ones.values():
        for n, baseline in enumerate(BASELINES):
            labels = {"kind": "baseline", "baseline": baseline, "key": None}
            labels |= {"seed": None, "prior": "none", "solver": "none"}
            yield {**blank, **labels, **measured(20 + n, 0), "status": "done"}


def measured(depth, more):
    numbers = {name: 0.1 + 0.03 * depth + 0.001 * more for name in NUMBERS}
    numbers |= {
        "psnr": 30.0 - depth + 0.1 * more,
        "lpips_alex": None,
        "lpips_vgg": None,
    }
    return numbers | dict.fromkeys(TRUTHS, depth < 3)


def write_study(names, layers, seeds=1, changes=lambda *_: {}, skipped=()):
    """Write a study into the working directory; jobs are changed as `changes` says."""
    files.write_json(paths.SKIPPED, list(skipped))
    code = {"code_shape": [3, 8, 8], "n_pictures": 3, "mean_distance": 2.5}
    code |= {"mean_squared_distance": 7.0, "geometry": GEOMETRY}
    statistics = {"net": {"mean_norm": 1.0, "layers": dict.fromkeys(layers, code)}}
    files.write_json(paths.TARGETS / "statistics.json", statistics)
    files.write_text(paths.PARAMS, "report: {title: '</script><b>'} # params\n")
    tables.write_table(paths.IMAGES, picture_rows(names), schemas.IMAGES)
    part, plain = paths.PREIMAGES / "part-00000.parquet", []

    def kept():
        for row in job_rows(names, layers, seeds, changes):
            plain.append({**row, "image": row["image"] is not None})
            yield row

    tables.write_table(part, kept(), schemas.PREIMAGES)
    tables.write_table(paths.SCORES, score_rows(plain, layers), scores_schema())


def inputs(pictures=1000, title="A study"):
    """Return what the report reads of the params."""
    return ReportInputs(title, pictures, {"net": SIDE}, untrained={}, descriptors={})


def write_report(against="", **changes):
    """Write the page about the study in the working directory; return its path."""
    scores = read_scores(paths.SCORES)
    chosen = inputs(**changes)
    known = conclusions(scores, chosen, against)
    report.write_page(scores, known, chosen)
    return Path(paths.REPORT).resolve()
