"""The report stage on a study of a few 16-pixel pictures."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from stages import images, report
from stages.metrics.schema import scores_schema
from stages.page import sample
from stages.page.pictures import thumbnails
from stages.page.plates.tiles import GAP, HEAD, LEFT, SIDE
from stages.params.grid import GridEntry
from stages.params.representations import HogSettings
from stages.params.study import ReportSettings
from stages.process.stage import Refusal
from stages.store import files, paths, schemas, tables

SIZE = 16
HOG = {"kind": "hog", "assignment": "hard", "side": SIZE}
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
    row |= {"precision": "float32", "versions": "torch 2.14, preimages 0.1"}
    row |= {"status": "done", "reason": "", "seconds": 30.0, "image": png(seed)}
    points = [(0, 1.0), (40, 0.25), (50, 0.25)]
    terms = {"alpha_term": 0.0, "tv_term": 0.0, "denoiser_term": 0.0}
    row["trace"] = [{"step": step, "data_term": e, **terms} for step, e in points]
    return {**row, **changes}


def score(row, **metrics):
    common = {k: v for k, v in row.items() if k in scores_schema().names}
    blank = dict.fromkeys(scores_schema().names)
    # Cells of stride 8 and size 12 from -2 on, clipped to 16 pixels: the second row
    # sees 6 to 17, the first column -2 to 9.
    blank["field"] = [6, 16, 0, 10] if row["window"] else [0, 16, 0, 16]
    return {**blank, **common, "kind": "preimage", **metrics}


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return a function that writes a study and reports it, and returns the page."""
    monkeypatch.chdir(tmp_path)
    files.write_json(paths.SKIPPED, [])
    layers = {"hog": STATISTICS}
    statistics = {"hog": {"mean_norm": 1.0, "layers": layers}}
    files.write_json(paths.TARGETS / "statistics.json", statistics)
    files.write_text(paths.PARAMS, "report: {title: <b>} # params\n")
    settings = SimpleNamespace(
        representations={"hog": HogSettings.model_validate(HOG)},
        report=ReportSettings(title="A study", pictures=12),
        grid=[GridEntry(representation=["hog"], seeds=2)],
    )
    monkeypatch.setattr(report, "report_stage", lambda: settings)

    def write(jobs, baselines=(), pictures=("cat", "dog", EVIL), most=12):
        settings.report = ReportSettings(title="A study", pictures=most)
        rows = [picture_row(name) for name in pictures]
        tables.write_table(paths.IMAGES, rows, schemas.IMAGES)
        part = paths.PREIMAGES / "part-00000.parquet"
        tables.write_table(part, jobs, schemas.PREIMAGES)
        done = {"relative_error_8bit": 0.25, "psnr": 20.0}
        scores = [score(row, **(done if row["image"] else {})) for row in jobs]
        tables.write_table(paths.SCORES, [*scores, *baselines], scores_schema())
        report.main()
        return paths.REPORT.read_text()

    return write


def ordinary():
    return [job(name, seed) for seed in (0, 1) for name in ("cat", "dog", EVIL)]


def floor():
    row = score(job("cat", 0), psnr=11.5)
    labels = {"kind": "baseline", "baseline": "mean-grey", "key": None, "seed": None}
    return {**row, **labels, "prior": "none", "solver": "none", "seconds": None}


def inside(html):
    """Return the names of thumbnails inside the page, and the files of the others."""
    text = re.search(r'class="index">(.*?)</script>', html)[1]
    index = json.loads(text)
    return index["inside"], index["files"]


def test_a_study_makes_one_page_with_all_of_its_parts(study):
    html = study(ordinary(), [floor()])
    # The opening's two and the plate's three; the rest are thumbnails.
    assert html.count('<img src="data:') == 2 + 3
    names, files = inside(html)
    # Six pre-images; of three originals one as they were seen, and one in colour.
    assert (len(names), files) == (6 + 3, {})
    assert list(report.PICTURES.iterdir()) == []
    for text in (
        "3 pictures",
        "1 representation: hog",
        "6 pre-images",
        "3 min of computing",
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
    assert "\\u003cimg src=x onerror=alert(1)>.png" in html


def test_the_same_study_gives_the_same_bytes(study):
    first = study(ordinary()), paths.METRICS_BY_CELL.read_bytes()
    before = written()
    assert (study(ordinary()), paths.METRICS_BY_CELL.read_bytes()) == first
    assert written() == before


def written():
    files = [*paths.PLOTS.rglob("*.*"), *paths.FIGURES.rglob("*.*")]
    return {path: path.read_bytes() for path in files}


def test_metrics_and_plots_are_for_tools(study):
    study(ordinary(), [floor()])
    metrics = json.loads(paths.METRICS_BY_CELL.read_text())
    cell = metrics["hog"]["hog"]["fast"]["default"]
    assert (cell["n_jobs"], cell["n_failed"], cell["psnr"]) == (6, 0, 20.0)
    errors = pd.read_csv(paths.PLOTS / "error_by_depth" / "hog.csv")
    assert errors["psnr"].tolist() == [20.0, 11.5]
    assert errors["n"].tolist() == [6, 1]
    traces = pd.read_csv(paths.PLOTS / "traces.csv")
    assert traces["step"].tolist() == [0, 40, 50]
    assert traces["median_relative_error"].tolist() == [1.0, 0.5, 0.5]


def test_failed_and_diverged_jobs_and_skipped_pictures_are_alerts(study):
    gone = {"image": None, "trace": None, "seconds": None, "device": ""}
    failed = job("dog", 0, status="failed", reason="out of memory", **gone)
    diverged = job("cat", 1, status="diverged", reason="not finite at step 7")
    files.write_json(paths.SKIPPED, [{"name": "x.gif", "reason": "gif is not read"}])
    html = study([job("cat", 0), failed, diverged])
    assert "Nothing to report" not in html
    for text in ("out of memory", "not finite at step 7", "x.gif", "gif is not read"):
        assert text in html
    assert len([name for name in inside(html)[0] if " " not in name]) == 2
    assert json.loads(paths.METRICS_BY_CELL.read_text())["hog"]["hog"]["fast"][
        "default"
    ]["n_failed"]


def test_over_budget_the_others_lie_beside_and_it_is_said(study, monkeypatch):
    size = len(study(ordinary()))
    monkeypatch.setattr(thumbnails, "MOST_BYTES", size - 1)
    html = study(ordinary())
    assert len(html) < size
    _, files = inside(html)
    # Of three pictures the first and the last; the one between lies beside.
    assert set(files) == {"dog0", "dog1", "id-dog 16"}
    assert {path.name for path in report.PICTURES.iterdir()} == set(files.values())
    assert "This file holds 6 of 9 thumbnails, those of 2 of 3 pictures" in html
    with Image.open(report.PICTURES / files["dog0"]) as picture:
        assert picture.size == (SIZE, SIZE)
    # The next page takes away what it does not need.
    monkeypatch.setattr(thumbnails, "MOST_BYTES", 2 * size)
    study(ordinary())
    assert list(report.PICTURES.iterdir()) == []


def test_of_very_many_jobs_some_pictures_are_told_and_the_numbers_are_of_all(
    study, monkeypatch
):
    whole = study(ordinary(), most=1)
    numbers = paths.METRICS_BY_CELL.read_bytes(), paths.FINDINGS.read_bytes()
    assert "one by one, in the gallery" not in whole
    monkeypatch.setattr(sample, "MOST_JOBS", 4)
    html = study(ordinary(), most=1)
    names, files = inside(html)
    assert "tells 4 of 6 pre-images one by one" in html
    assert {path.name for path in report.PICTURES.iterdir()} == set(files.values())
    assert "6 pre-images" in html
    # Of the first picture and the last: two pre-images and the original of each.
    assert len(names) + len(files) == 6
    assert numbers == (
        paths.METRICS_BY_CELL.read_bytes(),
        paths.FINDINGS.read_bytes(),
    )


def test_at_most_so_many_pictures_are_inside(study):
    html = study(ordinary(), most=1)
    names, files = inside(html)
    assert {name.split()[0] for name in names} == {"cat0", "cat1", "id-cat"}
    assert len(files) == 6


def test_of_a_single_picture_that_is_too_large_an_even_subset_is_inside(
    study, monkeypatch
):
    jobs = [job("cat", seed) for seed in range(9)]
    size = len(study(jobs, pictures=["cat"]))
    monkeypatch.setattr(thumbnails, "MOST_BYTES", size - 1)
    names, files = inside(study(jobs, pictures=["cat"]))
    assert len(names) + len(files) == 10
    assert names[0] == "cat0"
    assert len(files) >= 1


def test_receptive_fields_are_windows_of_pixels(study):
    part = job("cat", 0, region="centre 1", window=[1, 2, 0, 1])
    html = study([job("cat", 0), part | {"key": "other"}])
    text = re.search(r'id="study">(.*?)</script>', html)[1]
    assert json.loads(text)["fields"] == [
        ["hog", "hog", "all", [0, 16, 0, 16]],
        ["hog", "hog", "centre 1", [6, 16, 0, 10]],
    ]


def test_saturated_and_unfinished_jobs_are_alerts(study):
    black = {"bytes": images.png(Image.new("RGB", (SIZE, SIZE))), "path": ""}
    falling = job("dog", 0)
    del falling["trace"][1]
    html = study([job("cat", 0, image=black), falling])
    assert "up to 100% at black or white" in html
    # This trace falls from 1 to 1/4 between its only two points, 0 and 50.
    assert "up to 75% lost in the last tenth of the steps" in html


def test_a_study_of_failures_alone_is_reported(study):
    gone = {"image": None, "trace": None, "seconds": None, "device": ""}
    html = study([job("cat", 0, status="failed", reason="no", **gone)])
    assert inside(html)[0] == ["id-cat 16"]
    assert "1 pre-image" in html
    metrics = json.loads(paths.METRICS_BY_CELL.read_text())
    assert metrics["hog"]["hog"]["fast"]["default"]["psnr"] is None


def test_the_plate_of_the_grid_shows_originals_and_pre_images(study):
    html = study(ordinary())
    assert 'id="plate-1"' in html
    with Image.open("reports/figures/plate-1.png") as figure:
        # A picture's seeds beside the original.
        assert figure.width == LEFT + 3 * (SIDE + GAP) + GAP
        assert figure.height == HEAD + (SIDE + GAP) + GAP
        assert figure.getpixel((LEFT + SIDE // 2, HEAD + SIDE // 2)) != (255,) * 3
    assert "<image" in (paths.FIGURES / "plate-1.svg").read_text()
    assert {path.suffix for path in paths.FIGURES.iterdir()} == {".png", ".svg", ".pdf"}


def test_what_a_terminal_shows_is_short(study):
    study(ordinary())
    lines = {p.stem: json.loads(p.read_text()) for p in paths.METRICS.iterdir()}
    assert lines["hog"] == {
        **{"code_error": 0.25, "psnr": 20.0, "ssim": None, "judge": None},
    }
    assert lines["finding-descriptors"] == {"verdict": "untested", "holds": "0/0"}
    assert all(len(line) <= 4 for line in lines.values())


def test_findings_are_numbers_for_tools(study):
    study(ordinary())
    found = json.loads(paths.FINDINGS.read_text())
    assert found["descriptors"] == {
        **{"verdict": "untested", "value": None, "null": None},
        **{"holds": 0, "pictures": 0},
    }


def test_against_another_study_a_page_of_its_own_tells_what_changed(study):
    html = study(ordinary())
    assert 'id="comparison"' not in html
    before = {p: p.read_bytes() for p in Path("reports").rglob("*") if p.is_file()}
    other = pd.read_parquet(paths.SCORES)
    other["psnr"] -= 3.0
    other.to_parquet("other.parquet")
    report.main(f"{Path('other.parquet').resolve()}")
    html = report.AGAINST.read_text()
    assert "against other.parquet" in html
    assert f"{Path.cwd()}" not in html
    assert "+3.0" in html
    # What the stage wrote, and DVC watches, is as it was.
    assert {path: path.read_bytes() for path in before} == before


def test_against_nothing_is_refused_and_the_page_stays(study):
    html = study(ordinary())
    with pytest.raises(Refusal, match="nowhere"):
        report.main("nowhere")
    assert paths.REPORT.read_text() == html
