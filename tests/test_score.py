"""The score stage on a study of three small pictures whose code is the image itself."""

import math

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from stages import images
from stages.execution.targets import Originals
from stages.metrics import chunks, scoring, table
from stages.metrics.baselines import BASELINES
from stages.metrics.judge import Judge
from stages.metrics.judges import Judges
from stages.metrics.metric import Metric
from stages.metrics.reference import CodePart, View, reference
from stages.metrics.schema import scores_schema
from stages.metrics.scoring import Scorer
from stages.page import data, summary
from stages.preimage.start import noise
from stages.process.progress import Progress
from stages.process.stage import Refusal
from stages.representations.receptive_field import Geometry
from stages.representations.representation import Representation
from stages.score import scores
from stages.store import codes, files, paths, schemas, tables

SIZE = 12
LEVELS = {"a": 0, "b": 30, "c": 90}


class Identity(Representation):
    """The image is its own code."""

    image_channels = 1
    mean = (128.0,)
    layers = ("pixels",)

    def forward(self, images):
        return images

    def geometry(self, layer):
        return Geometry(stride=1, size=1, offset=0)


def flat(level):
    return torch.full((1, SIZE, SIZE), float(level))


def png(image):
    return {"bytes": images.png(images.picture_from_image(image)), "path": "x.png"}


def picture_row(image_id, level):
    plain = {"source": "", "licence": "", "width": SIZE, "height": SIZE}
    colour = flat(level).expand(3, -1, -1)
    return {"image_id": image_id, "name": image_id, **plain, "image": png(colour)}


def job(image_id, level, *, seed=0, **changes):
    """Return the row of a done job whose pre-image is flat, of this level."""
    row = dict.fromkeys(schemas.PREIMAGES.names)
    cell = {"representation": "identity", "layer": "pixels", "prior": "default"}
    cell |= {"channels": "all", "region": "all", "solver": "fast"}
    of = {"image_id": image_id, "image_name": image_id, "seed": seed}
    outcome = {"status": "done", "reason": "", "device": "cpu", "trace": []}
    outcome |= {"precision": "float32", "versions": "none"}
    row |= {"key": f"{image_id}{seed}", **cell, **of, **outcome}
    picture = None if level is None else png(flat(level))
    return row | {"image": picture, **changes}


def write_targets(image_ids, targets):
    with files.replacing(paths.codes("identity", "pixels")) as place:
        with place.open("wb") as file:
            codes.write(file, image_ids, (1, SIZE, SIZE), [targets])


def stored(layer):
    """Return the targets of a layer of the only representation."""
    return codes.StoredCodes(paths.codes("identity", layer))


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Write the pictures and targets; return a function that scores jobs."""
    monkeypatch.chdir(tmp_path)
    pictures = [picture_row(name, level) for name, level in LEVELS.items()]
    tables.write_table(paths.IMAGES, pictures, schemas.IMAGES)
    targets = torch.stack([flat(level) for level in LEVELS.values()])
    write_targets(list(LEVELS), targets)

    def score(*jobs, views=None, judges=None, stream=False):
        place = paths.PREIMAGES / "part-00000.parquet"
        tables.write_table(place, jobs, schemas.PREIMAGES)
        views = views or {"identity": View(Identity(), SIZE, stored)}
        judges = judges or Judges(Judge(), torch.device("cpu"))
        rows = scores(Scorer(views, judges, Originals()))
        return rows if stream else list(rows)

    return score


def only(rows, **labels):
    chosen = [
        row for row in rows if all(row[name] == value for name, value in labels.items())
    ]
    assert len(chosen) == 1
    return chosen[0]


def test_a_job_s_row_by_hand(study):
    row = only(study(job("b", 33, code_distance=24.0)), kind="preimage")
    # Every one of 144 entries is 3 off: ||d|| = 12 * 3 = 36, ||Phi0|| = 12 * 30 = 360.
    # Levels 0, 30 and 90 are 30, 90 and 60 apart: N = 12 * 60 = 720; squared
    # 900 + 8100 + 3600 = 3 * 4200, times 144 entries.
    assert row["relative_error_8bit"] == pytest.approx(36 / 360)
    assert row["normalised_error_8bit"] == pytest.approx(36 / 720)
    assert row["squared_normalised_error_8bit"] == pytest.approx(36**2 / (144 * 4200))
    assert row["relative_error_float"] == pytest.approx(24 / 360)
    assert row["normalised_error_float"] == pytest.approx(24 / 720)
    assert row["squared_normalised_error_float"] == pytest.approx(24**2 / (144 * 4200))
    assert row["mse"] == 9.0
    assert row["psnr"] == pytest.approx(10 * math.log10(65025 / 9))
    # Flat pictures: only the brightness term of SSIM is below 1, with C1 = 2.55^2.
    expected = (2 * 30 * 33 + 6.5025) / (1989 + 6.5025)
    assert row["ssim"] == pytest.approx(expected, rel=1e-12)
    assert row["mse_fitted"] == 0.0
    assert row["psnr_fitted"] == math.inf
    assert row["diversity"] is None


def test_the_mismatched_error_is_that_of_the_nearest_other_picture(study):
    row = only(study(job("b", 60)), kind="preimage")
    # From level 60, c (90) is 30 / 90 away; a has norm 0 and gives no ratio.
    assert row["mismatched_error_8bit"] == pytest.approx(1 / 3)
    assert row["relative_error_8bit"] == pytest.approx(1.0)


def test_energy_is_split_by_the_receptive_field(study):
    image = flat(128)
    image[0, 0, 10:12], image[0, 5, 5] = 200, 0
    window = {"region": "corner", "window": [0, 1, 10, 12]}
    rows = study(job("b", 30, seed=3, **window, image=png(image)))
    row = only(rows, kind="preimage")
    start = noise((1, SIZE, SIZE), 3, "b").square()
    inside = start[0, 0, 10:12].sum()
    assert row["inside_energy"] == pytest.approx(2 * 72**2 / float(inside))
    outside = float(start.sum() - inside)
    assert row["outside_energy"] == pytest.approx(128**2 / outside, rel=1e-5)
    whole = only(study(job("b", 30)), kind="preimage")
    assert whole["outside_energy"] is None
    assert whole["inside_energy"] is not None
    assert only(rows, baseline="mean-grey")["inside_energy"] is None


def test_the_judge_s_columns_of_an_exact_pre_image(study):
    rows = study(job("b", 30), job("b", 90, seed=1))
    exact = only(rows, kind="preimage", seed=0)
    assert exact["judge_distance"] == 0
    assert exact["judge_agrees"] is True
    assert exact["luma_error"] == 0
    assert exact["chroma_error"] is None
    assert exact["lpips_squeeze"] is None
    assert only(rows, kind="preimage", seed=1)["judge_distance"] > 0


def test_lpips_has_the_columns_of_its_backbones(study):
    judges = Judges(
        Judge(),
        torch.device("cpu"),
        {"lpips_alex": lambda one, other: (one - other).amax(dim=(1, 2, 3))},
    )
    row = only(study(job("b", 33), judges=judges), kind="preimage")
    assert row["lpips_alex"] == 3.0
    assert row["lpips_vgg"] is None


def test_a_selection_counts_its_entries_alone(study):
    image = flat(30)
    image[0, 0, 11], image[0, 5, 5] = 33, 200
    window = {"region": "corner", "window": [0, 1, 10, 12]}
    row = only(study(job("b", 30, **window, image=png(image))), kind="preimage")
    # Of the two entries one is 3 off: ||d|| = 3, ||Phi0|| = 30 sqrt 2, N = 60 sqrt 2,
    # squared distances 2 * 4200. The 200 lies outside.
    assert row["relative_error_8bit"] == pytest.approx(3 / (30 * math.sqrt(2)))
    assert row["normalised_error_8bit"] == pytest.approx(3 / (60 * math.sqrt(2)))
    assert row["squared_normalised_error_8bit"] == pytest.approx(9 / (2 * 4200))
    assert row["window"] == [0, 1, 10, 12]


def test_a_target_of_norm_zero_has_no_relative_error(study):
    row = only(study(job("a", 3)), kind="preimage")
    assert row["relative_error_8bit"] is None
    assert row["normalised_error_8bit"] == pytest.approx(3 / 60)


def test_a_failed_job_keeps_its_place_with_null_metrics(study):
    failed = job("b", None, status="failed", reason="out of memory", trace=None)
    rows = study(job("a", 0), failed, job("c", 90))[:3]
    assert [row["image_id"] for row in rows] == ["a", "b", "c"]
    assert rows[1]["reason"] == "out of memory"
    metrics = set(scores_schema().names) - set(schemas.PREIMAGES.names)
    assert all(rows[1][name] is None for name in metrics - {"kind", "field"})
    assert rows[0]["mse"] == rows[2]["mse"] == 0.0


def test_a_study_of_failures_alone_has_baselines(study):
    rows = study(job("b", None, status="failed", reason="no"))
    assert [row["kind"] for row in rows] == ["preimage"] + 3 * ["baseline"]


def test_baselines_come_once_for_each_selection_and_picture(study):
    rows = study(
        job("b", 30),
        job("b", 30, seed=1),
        job("b", 30, prior="none"),
        job("c", 90),
        job("b", 30, region="corner", window=[0, 1, 10, 12]),
    )
    names = [
        (row["region"], row["image_id"], row["baseline"])
        for row in rows
        if row["kind"] == "baseline"
    ]
    kinds = ["mean-grey", "mean-colour", "thumbnail-4x4"]
    pairs = [("all", "b"), ("all", "c"), ("corner", "b")]
    assert sorted(names) == sorted((*pair, kind) for pair in pairs for kind in kinds)


def test_a_baseline_s_row(study):
    rows = study(job("b", 33, code_distance=1.0, steps=9, seconds=1.0, reason="x"))
    row = only(rows, baseline="mean-grey")
    assert row["relative_error_8bit"] == pytest.approx((128 - 30) / 30)
    assert row["mse"] == 98.0**2
    assert (row["prior"], row["solver"], row["status"]) == ("none", "none", "done")
    assert row["reason"] == ""
    for name in ("key", "seed", "steps", "seconds", "relative_error_float"):
        assert row[name] is None
    assert only(rows, baseline="mean-colour")["mse"] == 0.0


def test_diversity_is_that_of_the_done_seeds_of_one_cell_and_image(study):
    rows = study(
        job("b", 10),
        job("b", 30, prior="none"),
        job("b", 14, seed=1),
        job("b", 200, seed=2, status="diverged", reason="x"),
        job("c", 90),
    )
    # 10 and 14 are 4 grey levels apart; the diverged one does not count.
    found = [(r["prior"], r["seed"], r["diversity"]) for r in rows[:5]]
    assert found == [
        ("default", 0, 4.0),
        ("none", 0, None),
        ("default", 1, 4.0),
        ("default", 2, None),
        ("default", 0, None),
    ]


def test_more_jobs_than_a_batch_in_any_order_are_held_to_their_own_originals(study):
    names = ["c", "a", "b"] * 13
    jobs = [job(name, LEVELS[name], seed=seed) for seed, name in enumerate(names)]
    rows = study(*jobs)[: len(jobs)]
    assert [row["image_id"] for row in rows] == names
    assert all(row["mse"] == 0.0 for row in rows)
    assert all(row["normalised_error_8bit"] == 0.0 for row in rows)


def test_originals_in_the_order_of_the_file_are_read_in_one_pass(study, monkeypatch):
    passes, rows = [], tables.rows

    def counted(path, columns=None):
        passes.extend([path] if columns == ["image"] else [])
        return rows(path, columns)

    monkeypatch.setattr(tables, "rows", counted)
    study(*(job(name, 0, seed=seed) for name in LEVELS for seed in range(7)))
    assert passes == [paths.IMAGES]


def test_no_more_is_held_than_a_chunk_and_the_seeds_under_way(study, monkeypatch):
    held, most = set(), {"rows": 0, "pictures": 0}
    read, measure = tables.rows_at, scoring.seed_measures

    def counted(part, places, columns):
        for row in read(part, places, columns):
            if "image" in columns:
                held.add(row["key"])
                most["rows"] = max(most["rows"], len(held))
            yield row

    def measured(pictures):
        most["pictures"] = max(most["pictures"], len(pictures))
        return measure(pictures)

    monkeypatch.setattr(tables, "rows_at", counted)
    monkeypatch.setattr(scoring, "seed_measures", measured)
    priors = [f"{i}" for i in range(24)]
    jobs = [
        job("b", 10 + 4 * seed, seed=seed, prior=prior, key=f"{prior} {seed}")
        for prior in priors
        for seed in range(4)
    ]
    monkeypatch.setattr(chunks, "CHUNK", 32)
    rows = iter(study(*jobs, stream=True))
    for i in range(96):
        row = next(rows)
        held.discard(row["key"])
        assert (row["prior"], row["seed"]) == (priors[i // 4], i % 4)
        # 4, 8 and 12 apart: 3 pairs of 4, 2 of 8 and 1 of 12.
        assert row["diversity"] == pytest.approx((3 * 4 + 2 * 8 + 12) / 6)
    assert most == {"rows": 32, "pictures": 4}


def test_chunks_make_the_rows_that_one_of_all_would(study, monkeypatch):
    jobs = [job(n, LEVELS[n] + s, seed=s) for n in "abc" for s in range(8)]
    jobs += [job(n, 7 * s, seed=s, prior="none") for s in range(3) for n in "cab"]
    judges = Judges(Judge(), torch.device("cpu"))
    whole = study(*jobs, judges=judges)
    monkeypatch.setattr(chunks, "CHUNK", 1)
    assert study(*jobs, judges=judges) == whole


def test_scores_have_the_columns_of_their_schema_and_no_picture(study):
    rows = study(job("a", 0), job("b", None, status="failed", reason="no"))
    tables.write_table(paths.SCORES, rows, scores_schema())
    stored = pq.read_schema(paths.SCORES)
    # Parquet has its own name for the items of lists, all else comes back as it was.
    assert stored.names == scores_schema().names
    for found, wanted in zip(stored, scores_schema(), strict=True):
        assert (found.nullable, found.metadata) == (wanted.nullable, wanted.metadata)
        is_list = pa.types.is_list(wanted.type)
        assert pa.types.is_list(found.type) if is_list else found.type == wanted.type
    assert not any(pa.types.is_struct(field.type) for field in stored)


def test_progress_counts_the_pictures_of_baselines_too(study, monkeypatch):
    told = []

    class Recording(Progress):
        def __init__(self, label, total, unit, **further):
            super().__init__(label, total, unit, **further)
            told.append(-total)

        def advance(self, amount=1.0):
            told.append(amount)

    monkeypatch.setattr("stages.score.Progress", Recording)
    rows = study(job("a", 0), job("b", None, status="failed", reason="no"))
    assert -told[0] == len(list(rows)) == 2 + 2 * len(BASELINES)
    assert sum(told) == 0


def test_one_picture_alone_has_no_normalised_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables.write_table(paths.IMAGES, [picture_row("b", 30)], schemas.IMAGES)
    write_targets(["b"], flat(30)[None])
    part = paths.PREIMAGES / "part-00000.parquet"
    tables.write_table(part, [job("b", 33)], schemas.PREIMAGES)
    views = {"identity": View(Identity(), SIZE, stored)}
    judges = Judges(Judge(), torch.device("cpu"))
    row = only(scores(Scorer(views, judges, Originals())), kind="preimage")
    assert row["mismatched_error_8bit"] is None
    assert row["patch_other"] is None
    assert row["relative_error_8bit"] == pytest.approx(0.1)
    assert row["normalised_error_8bit"] is None
    assert row["squared_normalised_error_8bit"] is None


def test_a_metric_is_one_file_and_one_row(study, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "range.py").write_text(
        "def widest_error(preimages, originals):\n"
        "    return (preimages - originals).abs().amax(dim=(1, 2, 3))\n"
    )
    row = Metric(
        name="widest_error",
        label="widest error",
        meaning="largest error of any value",
        function="mine.range:widest_error",
        inputs=("pictures", "originals"),
        unit="grey levels",
        better="lower",
    )
    monkeypatch.syspath_prepend(tmp_path)
    table.METRICS.append(row)
    try:
        tables.write_table(paths.SCORES, study(job("b", 33)), scores_schema())
        field = scores_schema().field("widest_error")
        scores = pd.read_parquet(paths.SCORES)
        columns = {column.metric: column for column in data.metric_columns(scores)}
        means = summary.metrics(scores)["identity"]["pixels"]["fast"]["default"]
    finally:
        table.METRICS.remove(row)
    assert field.metadata[b"unit"] == b"grey levels"
    assert scores["widest_error"][0] == 3.0
    assert columns["widest_error"].heading == "widest error"
    assert columns["widest_error"].better == "lower"
    assert means["widest_error"] == 3.0


def test_no_network_judges_its_own_pre_images(study):
    judges = Judges(Judge(), torch.device("cpu"), imagenet=Judge())
    study(job("b", 30))
    part = CodePart("identity", "pixels", "all", "all", None, None, None)
    for is_own in (True, False):
        view = View(Identity(), SIZE, stored, is_imagenet_judge=is_own)
        held = reference(part, view, Originals(), judges)
        assert (held.judges.imagenet is None) == is_own


@pytest.mark.parametrize("change", [{"representation": "gone"}, {"image_id": "gone"}])
def test_preimages_of_another_study_are_refused(study, change):
    with pytest.raises(Refusal, match="names: gone; run `dvc repro`"):
        study(job("a", 0) | change)
