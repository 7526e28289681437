"""The report stage on a study of a few 16-pixel pictures."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from stages import images, report, schemas, store
from stages.page import gallery
from stages.page.sheet import GAP, HEAD, SIDE

SIZE = 16
EVIL = '"><img src=x onerror=alert(1)>.png'
STATISTICS = {
    "code_shape": [3, 2, 2],
    "n_pictures": 3,
    "mean_distance": 2.5,
    "mean_squared_distance": 7.0,
    "geometry": {"stride": 8, "receptive_field": 12, "offset": -2},
}


def png(level):
    generator = np.random.default_rng(level)
    pixels = torch.tensor(generator.integers(0, 256, (3, SIZE, SIZE)))
    return {"bytes": images.png(images.picture_from_image(pixels.float())), "path": ""}


def picture_row(name):
    plain = {"source": "test", "licence": "CC0", "width": SIZE, "height": SIZE}
    return {"image_id": f"id-{name}", "name": name, **plain, "image": png(len(name))}


def job(name, seed, **changes):
    row = dict.fromkeys(schemas.PREIMAGES.names)
    row |= {"representation": "hog", "layer": "hog", "channels": "all", "region": "all"}
    row |= {"prior": "default", "solver": "fast", "key": f"{name}{seed}", "seed": seed}
    row |= {"image_id": f"id-{name}", "image_name": name, "device": "cpu (2 threads)"}
    row |= {"status": "done", "reason": "", "seconds": 30.0, "image": png(seed)}
    points = [(0, 1.0), (50, 0.25)]
    terms = {"alpha_term": 0.0, "tv_term": 0.0}
    row["trace"] = [{"step": step, "data_term": e, **terms} for step, e in points]
    return {**row, **changes}


def score(row, **metrics):
    common = {k: v for k, v in row.items() if k in schemas.SCORES.names}
    blank = dict.fromkeys(schemas.SCORES.names)
    return {**blank, **common, "kind": "preimage", **metrics}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return a function that writes a study and reports it, and returns the page."""
    monkeypatch.chdir(tmp_path)
    store.write_json(store.SKIPPED, [])
    layers = {"hog": STATISTICS}
    statistics = {"hog": {"mean_norm": 1.0, "layers": layers}}
    store.write_json(store.TARGETS / "statistics.json", statistics)
    store.write_text(store.PARAMS, "report: {title: <b>} # params\n")
    settings = SimpleNamespace(
        representations={"hog": SimpleNamespace(side=SIZE)},
        report=SimpleNamespace(title="A study", pictures=12),
    )
    monkeypatch.setattr(report.settings, "load", lambda stage: settings)

    def write(jobs, baselines=(), pictures=("cat", "dog", EVIL)):
        rows = [picture_row(name) for name in pictures]
        store.write_table(store.IMAGES, rows, schemas.IMAGES)
        part = store.PREIMAGES / "part-00000.parquet"
        store.write_table(part, jobs, schemas.PREIMAGES)
        done = {"relative_error_8bit": 0.25, "psnr": 20.0}
        scores = [score(row, **(done if row["image"] else {})) for row in jobs]
        store.write_table(store.SCORES, [*scores, *baselines], schemas.SCORES)
        report.main()
        return store.REPORT.read_text()

    return write


def ordinary():
    return [job(name, seed) for seed in (0, 1) for name in ("cat", "dog", EVIL)]


def floor():
    row = score(job("cat", 0), psnr=11.5)
    labels = {"kind": "baseline", "baseline": "mean-grey", "key": None, "seed": None}
    return {**row, **labels, "prior": "none", "solver": "none", "seconds": None}


def test_a_study_makes_one_page_with_all_of_its_parts(study):
    html = study(ordinary(), [floor()])
    # Three originals and six pre-images; the strip repeats two of them.
    assert html.count("<img ") == 9 + 2
    for text in (
        "3 pictures",
        "1 representation: hog",
        "6 pre-images",
        "3 min of computing",
        "All 6 pre-images of the study.",
        "prior default, solver fast",
        "mean-grey",
        "Nothing to report",
        "cpu (2 threads)",
        "report: {title: &lt;b&gt;} # params",
        "arXiv:1412.0035",
        "sha256",
    ):
        assert text in html


def test_a_picture_s_name_is_just_a_name(study):
    html = study(ordinary())
    assert "<img src=x" not in html
    assert "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;.png" in html


def test_the_same_study_gives_the_same_bytes(study):
    first = study(ordinary()), store.METRICS.read_bytes()
    plots = [path.read_bytes() for path in sorted(store.PLOTS.iterdir())]
    assert (study(ordinary()), store.METRICS.read_bytes()) == first
    assert [path.read_bytes() for path in sorted(store.PLOTS.iterdir())] == plots


def test_metrics_and_plots_are_for_tools(study):
    study(ordinary(), [floor()])
    metrics = json.loads(store.METRICS.read_text())
    cell = metrics["hog"]["hog"]["fast"]["default"]
    assert (cell["n_jobs"], cell["n_failed"], cell["psnr"]) == (6, 0, 20.0)
    errors = pd.read_csv(store.PLOTS / "error_by_representation.csv")
    assert errors["psnr_mean"].tolist() == [20.0, 11.5]
    assert errors["n"].tolist() == [6, 1]
    traces = pd.read_csv(store.PLOTS / "traces.csv")
    assert traces["step"].tolist() == [0, 50]
    assert traces["median_relative_error"].tolist() == [1.0, 0.5]


def test_failed_and_diverged_jobs_and_skipped_pictures_are_alerts(study):
    gone = {"image": None, "trace": None, "seconds": None, "device": ""}
    failed = job("dog", 0, status="failed", reason="out of memory", **gone)
    diverged = job("cat", 1, status="diverged", reason="not finite at step 7")
    store.write_json(store.SKIPPED, [{"name": "x.gif", "reason": "gif is not read"}])
    html = study([job("cat", 0), failed, diverged])
    assert "Nothing to report" not in html
    for text in ("out of memory", "not finite at step 7", "x.gif", "gif is not read"):
        assert text in html
    assert html.count('class="absent"') == 1
    assert json.loads(store.METRICS.read_text())["hog"]["hog"]["fast"]["default"][
        "n_failed"
    ]


def test_over_budget_an_even_subset_is_shown_and_said_so(study, monkeypatch):
    monkeypatch.setattr(gallery, "MOST_THUMBNAILS", 5)
    html = study(ordinary())
    assert (
        "2 of 3 pictures, evenly spaced over the study, with 4 of 6 pre-images" in html
    )
    assert 'alt="Pre-image of cat' in html
    assert 'alt="Pre-image of dog' not in html


def test_a_single_picture_with_too_many_preimages_shows_an_even_subset(
    study, monkeypatch
):
    monkeypatch.setattr(gallery, "MOST_THUMBNAILS", 3)
    html = study([job("cat", seed) for seed in range(9)], pictures=["cat"])
    assert "with 3 of 9 pre-images" in html
    for seed in range(9):
        assert (f'alt="Pre-image of cat from hog, seed {seed}"' in html) == (
            seed in (0, 4, 8)
        )


def test_the_page_keeps_to_its_budget_of_bytes(study, monkeypatch):
    monkeypatch.setattr(gallery, "MOST_BYTES", 9_000)
    html = study(ordinary())
    assert len(html) < 9_000 * 2 + 30_000
    assert "evenly spaced over the study" in html


def test_a_study_of_failures_alone_is_reported(study):
    gone = {"image": None, "trace": None, "seconds": None, "device": ""}
    html = study([job("cat", 0, status="failed", reason="no", **gone)])
    assert 'class="absent"' in html
    assert "1 pre-image" in html
    metrics = json.loads(store.METRICS.read_text())
    assert metrics["hog"]["hog"]["fast"]["default"]["psnr"] is None


def test_the_figure_shows_originals_and_whole_codes(study):
    study(ordinary())
    with Image.open("reports/figures/preimages.png") as figure:
        assert figure.width == 2 * (SIDE + GAP) + GAP
        assert figure.height == HEAD + 3 * (SIDE + GAP) + GAP
        assert figure.getpixel((GAP + SIDE // 2, HEAD + GAP + SIDE // 2)) != (255,) * 3
