"""The plan: which jobs, in which order, under which keys, in which batches."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from stages.plan.settings import study_cells

from stages.params import Study
from stages.plan import source_text
from stages.plan.jobs import AUTO_WIDTH, Job, Pictured, batches, jobs
from stages.process.stage import Refusal

A, B = Pictured("0123", "oval"), Pictured("4567", "box")
STUDY: dict[str, Any] = {
    "fetch": {"images": {"source": "folder"}},
    "representations": {
        "hog": {"kind": "hog", "side": 32},
        "dsift": {"kind": "dsift", "side": 32, "bin": 3},
    },
    "priors": {"default": {"lambda_alpha": "auto", "lambda_tv": 0.05}, "none": {}},
    "solvers": {
        "fast": {"kind": "fast", "steps": 6},
        "paper": {"kind": "paper", "schedule": [[3, 1.0], [2, 0.1]]},
    },
    "execution": {},
    "report": {},
}


def plan(
    *grid: dict[str, Any], pictures: tuple[Pictured, ...] = (A, B), **parts: Any
) -> list[Job]:
    """Return the jobs of the study with these grid entries and other parts."""
    changed = {kind: STUDY.get(kind, {}) | parts[kind] for kind in parts}
    entries = [{"representation": "hog", **entry} for entry in grid]
    raw = {**STUDY, **changed, "grid": entries}
    study = TypeAdapter(Study).validate_python(raw)
    entry_cells = study_cells(study)
    return jobs(entry_cells, study.representations, study.execution, list(pictures))


def brief(job: Job) -> tuple[str, str, str, int]:
    return job.cell.representation, job.cell.prior, job.image_name, job.seed


def key(pictures: tuple[Pictured, ...] = (A,), **changes: Any) -> str:
    """Return the key of the only job; `changes` are of its grid entry and its parts."""
    parts = {k: changes.pop(k) for k in [*changes] if k in STUDY}
    (job,) = plan(changes, pictures=pictures, **parts)
    return job.key


# which jobs, in which order ---------------------------------------------------------


def test_the_jobs_of_a_cell_stay_together_in_order_of_first_appearance():
    found = plan(
        {"representation": ["hog", "dsift"], "images": 1},
        {"prior": "none", "images": ["box"]},
        {"representation": ["dsift", "hog"], "seeds": 2},
    )
    assert [brief(job) for job in found] == [
        ("hog", "default", "oval", 0),
        ("hog", "default", "oval", 1),
        ("hog", "default", "box", 0),
        ("hog", "default", "box", 1),
        ("dsift", "default", "oval", 0),
        ("dsift", "default", "oval", 1),
        ("dsift", "default", "box", 0),
        ("dsift", "default", "box", 1),
        ("hog", "none", "box", 0),
    ]
    assert len({job.key for job in found}) == len(found)


def test_the_union_holds_each_job_once():
    once = plan({"seeds": 2})
    assert (
        plan({"seeds": 2}, {"seeds": [1, 0, 1]}, {"images": ["oval", "oval"]}) == once
    )
    assert len(once) == 4


@pytest.mark.parametrize(
    ("images", "names"),
    [
        ("all", ["oval", "box"]),
        (1, ["oval"]),
        (9, ["oval", "box"]),
        (["box", "oval"], ["box", "oval"]),
    ],
)
def test_images_are_all_the_first_few_or_named(images, names):
    assert [job.image_name for job in plan({"images": images})] == names


@pytest.mark.parametrize(("seeds", "found"), [(3, [0, 1, 2]), ([5, 2], [5, 2])])
def test_seeds_are_counted_or_listed(seeds, found):
    assert [job.seed for job in plan({"seeds": seeds}, pictures=(A,))] == found


def test_a_picture_that_was_not_fetched_is_refused_with_those_that_were():
    with pytest.raises(Refusal, match="not fetched: cat, dog; fetched were: oval, box"):
        plan({"images": ["cat", "box", "dog"]})


# keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        {"prior": "p", "priors": {"p": STUDY["priors"]["default"]}},
        {"solver": "s", "solvers": {"s": STUDY["solvers"]["fast"]}},
        {"representation": "r", "representations": {"r": {"kind": "hog", "side": 32}}},
        {"pictures": (Pictured(A.image_id, "another name"),)},
        {"solver": "s", "solvers": {"s": {"kind": "fast", "steps": 6, "rate": 16}}},
        {"priors": {"default": {"lambda_alpha": "auto", "lambda_tv": 5e-2, "beta": 2}}},
        {"channels": [list(range(27))], "region": {"centre": 4}},
        {"execution": {"width": AUTO_WIDTH}},
        {"execution": {"device": "cpu"}},
        {"fetch": {"images": {"source": "folder", "limit": 1}}},
        {"report": {"title": "Another"}, "seeds": [0]},
    ],
    ids=str,
)  # fmt: skip
def test_names_and_ways_of_writing_do_not_change_a_key(same):
    report = {"report": same.pop("report")} if "report" in same else {}
    assert plan({}, pictures=(A,), **report)[0].key == key(**same)


def part(section: str, name: str, **options: Any) -> dict[str, Any]:
    return {section: {name: STUDY[section][name] | options}}


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"pictures": (B,)},
    {"seeds": [1]},
    {"representation": "dsift"},
    part("representations", "hog", side=40),
    part("representations", "hog", cell=4),
    part("representations", "hog", orientations=8),
    part("representations", "hog", assignment="bilinear"),
    {"channels": "first-half"},
    {"channels": "second-half"},
    {"channels": {"orientations": [0]}},
    {"region": {"centre": 2}},
    {"region": {"rows": [0, 2], "columns": [0, 2]}},
    part("priors", "default", lambda_alpha=0),
    part("priors", "default", lambda_alpha=8e-10),
    part("priors", "default", lambda_alpha=8e-10, alpha=2),
    part("priors", "default", lambda_tv=0.5),
    part("priors", "default", beta=1),
    part("solvers", "fast", steps=7),
    part("solvers", "fast", rate=4.0),
    {"solver": "paper"},
    {"solver": "paper", **part("solvers", "paper", schedule=[[5, 1.0]])},
    {"solver": "paper", **part("solvers", "paper", schedule=[[3, 1.0], [2, 0.2]])},
    {"solver": "paper", **part("solvers", "paper", schedule="cnn")},
    {"execution": {"width": 3}},
]


def test_everything_that_determines_a_pre_image_changes_its_key():
    keys = [key(**dict(changes)) for changes in DIFFERENT]
    doubled = [DIFFERENT[i] for i, one in enumerate(keys) if keys.count(one) > 1]
    assert doubled == []


EVERY = {"hog fast", "hog paper", "dsift fast"}


def keys() -> dict[str, str]:
    return {
        name: key(representation=name.split()[0], solver=name.split()[1])
        for name in EVERY
    }


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("preimage/adam", {"hog fast", "dsift fast"}),
        ("preimage/momentum", {"hog paper"}),
        ("representations/hog", {"hog fast", "hog paper"}),
        ("representations/dsift", {"dsift fast"}),
        *(
            (f"preimage/{name}", EVERY)
            for name in ("descent", "objective", "outcome", "jitter")
        ),
        *(
            (f"preimage/{name}", EVERY)
            for name in ("data_term", "surrogate_gradient", "priors", "start", "state")
        ),
        ("representations/clamp", EVERY),
        ("representations/orientation", EVERY),
        ("representations/selection", EVERY),
        ("batch", EVERY),
        ("images", EVERY),
        *((name, set()) for name in ("plan", "jobs", "invert", "store", "report")),
    ],
)
def test_a_key_covers_the_modules_that_its_job_runs_through(monkeypatch, file, changed):
    path = Path(source_text.ROOT, "stages", f"{file}.py")
    assert path.is_file()
    monkeypatch.setattr("stages.plan.jobs.digest", lambda files: "as it was")
    before = keys()
    monkeypatch.setattr(
        "stages.plan.jobs.digest",
        lambda files: "changed" if path in files else "as it was",
    )
    after = keys()
    assert {name for name in EVERY if before[name] != after[name]} == changed


def test_changed_code_changes_keys_and_comments_do_not(tmp_path, monkeypatch):
    cached = (source_text.closure, source_text.digest)
    shutil.copytree(Path(source_text.ROOT, "stages"), tmp_path / "stages")

    def appended(text: str) -> dict[str, str]:
        with (tmp_path / "stages/preimage/adam.py").open("a") as file:
            file.write(text)
        for function in cached:
            function.cache_clear()
        return keys()

    with monkeypatch.context() as patch:
        patch.setattr(source_text, "ROOT", tmp_path)
        before, commented, after = map(appended, ("", "# More.\n", "EXTRA = 1\n"))
    for function in cached:
        function.cache_clear()
    assert commented == before == keys()
    assert {n for n in EVERY if before[n] == after[n]} == {"hog paper"}


# batches ----------------------------------------------------------------------------


def joined(made: list[list[Job]]) -> list[Job]:
    return [job for batch in made for job in batch]


def test_a_batch_holds_what_shares_representation_layer_solver_and_exponents():
    found = plan(
        {"representation": ["hog", "dsift"], "prior": ["default", "none"], "seeds": 2},
        {"solver": "paper"},
        {"prior": "odd", "region": ["all", {"centre": 2}], "channels": "first-half"},
        priors={"odd": {"beta": 1, "lambda_tv": 1}},
    )
    made = batches(found)
    assert [len(batch) for batch in made] == [6, 2, 6, 2, 2, 4]
    for batch in made:
        assert len({job.group for job in batch}) == 1
    assert sorted(map(brief, joined(made))) == sorted(map(brief, found))


@pytest.mark.parametrize("width", [1, 3, 4, 100])
def test_batches_keep_the_order_of_the_plan_and_the_width(width):
    found = [replace(job, width=width) for job in plan({"seeds": 5})]
    made = batches(found)
    assert joined(made) == found
    assert all(len(batch) == width for batch in made[:-1])
    assert 1 <= len(made[-1]) <= width


def test_jobs_with_one_key_are_computed_once():
    found = plan({"prior": ["none", "zero"]}, priors={"zero": {"alpha": 6}})
    assert len(found) == 4
    (batch,) = batches(found)
    assert [job.key for job in batch] == [job.key for job in found[:2]]


NETWORK = {"net": {"kind": "caffenet", "side": 64, "weights": "random"}}


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [
        ({"representation": "net"}, "bfloat16"),
        ({"representation": "net", "solver": "paper"}, "float32"),
        ({"representation": "hog"}, "float32"),
        ({"representation": "dsift"}, "float32"),
    ],
)
def test_a_lower_precision_is_for_fast_and_networks(chosen, precision):
    chosen = {"layers": ["conv1"], **chosen} if "net" in chosen.values() else chosen
    parts = {"representations": NETWORK}
    exact = plan(chosen, **parts)
    rough = plan(chosen, **parts, execution={"precision": "bfloat16"})
    assert {job.precision for job in exact} == {"float32"}
    assert {job.precision for job in rough} == {precision}
    same = [job.key for job in exact] == [job.key for job in rough]
    assert same == (precision == "float32")
