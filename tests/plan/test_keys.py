"""Keys: what names a result is all that determines it, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.plan.jobs import AUTO_SIZE
from stages.plan.keys import cell_content, key, key_of
from stages.plan.planned import Pictured
from stages.representations.custom import CustomDefinition
from stages.representations.definition import WeightsFile
from stages.representations.trained_caffenet import CaffenetDefinition
from stages.representations.zoo import TorchvisionDefinition
from tests.plan.studies import STUDY, A, B, denoiser, only_job, plan

SAME: list[dict[str, Any]] = [
    {"prior": "p", "priors": {"p": STUDY["priors"]["default"]}},
    {"solver": "s", "solvers": {"s": STUDY["solvers"]["fast"]}},
    {"representation": "r", "representations": {"r": {"kind": "hog", "side": 32}}},
    {"pictures": (Pictured(A.image_id, "another name"),)},
    {"solver": "s", "solvers": {"s": {"kind": "fast", "steps": 6, "rate": 16}}},
    {"priors": {"default": {"lambda_alpha": "auto", "lambda_tv": 5e-2, "beta": 2}}},
    {"channels": [list(range(27))], "region": {"centre": 4}},
    {"execution": {"batch_size": AUTO_SIZE}},
    {"execution": {"device": "cpu", "processes": 3}},
    {"fetch": {"images": {"source": "folder", "limit": 1}}},
    {"report": {"title": "Another"}, "seeds": [0]},
]


def test_a_key_by_image_and_seed_is_that_of_the_whole_content():
    content = {**cell_content(only_job().cell), "zebra": '"', "jump": [1, None]}
    name = key_of(content)
    for image_id, seed in (("0a" * 16, 0), ("ff" * 16, 12345678901)):
        assert name(image_id, seed) == key({**content, "image": image_id, "seed": seed})


@pytest.mark.parametrize("same", SAME, ids=str)
def test_names_and_ways_of_writing_do_not_change_a_key(same):
    assert only_job().key == only_job(**same).key


def part(section: str, name: str, **options: Any) -> dict[str, Any]:
    return {section: {name: STUDY[section][name] | options}}


def network(**options: Any) -> dict[str, Any]:
    kind = {"kind": "torchvision", "model": "resnet18", "weights": "random"}
    wanted = {"net": {**kind, "side": 64, **options}}
    return {"representation": "net", "layers": "relu", "representations": wanted}


LEARNED = {"denoiser": "embedded", "lambda_denoiser": 0.5}


def learned(**numbers: Any) -> dict[str, Any]:
    return part("priors", "default", **{**LEARNED, **numbers})


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"pictures": (B,)},
    {"seeds": [1]},
    {"representation": "dsift"},
    part("representations", "hog", side=40),
    part("representations", "hog", cell=4),
    part("representations", "hog", orientations=8),
    part("representations", "hog", assignment="bilinear"),
    network(),
    network(seed=1),
    network(model="resnet34"),
    {**network(), "layers": "maxpool"},
    {**network(), "execution": {"precision": "bfloat16"}},
    {"channels": "first-half"},
    {"channels": "second-half"},
    {"channels": {"orientations": [0]}},
    {"channels": {"top": 3}},
    {"region": {"centre": 2}},
    {"region": {"rows": [0, 2], "columns": [0, 2]}},
    part("priors", "default", lambda_alpha=0),
    part("priors", "default", lambda_alpha=8e-10),
    part("priors", "default", lambda_alpha=8e-10, alpha=2),
    part("priors", "default", lambda_tv=0.5),
    part("priors", "default", beta=1),
    part("priors", "default", jitter=2),
    learned(),
    learned(lambda_denoiser=0.6),
    learned(sigma=[50, 10]),
    learned(sigma=[60, 10]),
    learned(denoise_every=3),
    learned(longest_wave=20),
    learned(renoise=0),
    learned(renoise=1.2),
    learned(mean_share=0),
    learned(mean_share=0.01),
    part("solvers", "fast", steps=7),
    part("solvers", "fast", rate=4.0),
    part("solvers", "fast", smoothing=0.0),
    part("solvers", "fast", parameterisation="fourier", rate=16.0),
    {"solver": "paper"},
    {"solver": "paper", **part("solvers", "paper", schedule=[[5, 1.0]])},
    {"solver": "paper", **part("solvers", "paper", schedule=[[3, 1.0], [2, 0.2]])},
    {"solver": "paper", **part("solvers", "paper", schedule="cnn")},
    {"execution": {"batch_size": 3}},
    {"execution": {"targets": "recompute"}},
]


def test_everything_that_determines_a_pre_image_changes_its_key():
    keys = [only_job(**dict(changes)).key for changes in DIFFERENT]
    doubled = [DIFFERENT[i] for i, one in enumerate(keys) if keys.count(one) > 1]
    assert doubled == []


FILE = WeightsFile(Path("a.safetensors"), "0" * 64)
ZOO = TorchvisionDefinition(64, "resnet18", 1000, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
OWN = CustomDefinition(
    64, "torchvision.models:resnet18", (1.0, 2.0, 3.0), (("num_classes", 9),)
)
CAFFENET = CaffenetDefinition(227, weights=None, seed=0)
CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (ZOO, {"model": "resnet34"}),
    (ZOO, {"classes": 10}),
    (ZOO, {"mean": (1.0, 2.0, 4.0)}),
    (ZOO, {"std": (4.0, 5.0, 7.0)}),
    (ZOO, {"seed": 1}),
    (ZOO, {"side": 96}),
    (ZOO, {"weights": FILE}),
    (OWN, {"arguments": (("num_classes", 8),)}),
    (OWN, {"callable": "torchvision.models:resnet34"}),
    (OWN, {"mean": (1.0, 2.0, 4.0)}),
    (OWN, {"std": (1.0, 1.0, 1.0)}),
    (OWN, {"weights": FILE}),
    (CAFFENET, {"seed": 1}),
]


def content_key(definition: Any, layer: str) -> str:
    cell = replace(only_job().cell, definition=definition, layer=layer)
    return key(cell_content(cell))


@pytest.mark.parametrize(("definition", "change"), CHANGES, ids=str)
def test_every_field_of_a_definition_counts(definition, change):
    layer = "conv1"
    before, after = (
        content_key(one, layer) for one in (definition, replace(definition, **change))
    )
    assert before != after


@pytest.mark.parametrize("definition", [ZOO, OWN], ids=["zoo", "own"])
def test_weights_count_by_their_bytes_not_by_their_place(definition):
    """The authors' average image is a tensor of the file: it counts with the rest."""
    moved = WeightsFile(Path("b.safetensors"), FILE.sha256)
    other = WeightsFile(FILE.path, "1" * 64)
    here, there, another = (
        content_key(replace(definition, weights=file), "conv1")
        for file in (FILE, moved, other)
    )
    assert here == there != another


def test_a_denoiser_counts_by_its_bytes_not_by_its_place(tmp_path):
    keys = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = denoiser(tmp_path / name, seed)
        keys.append(only_job(**learned(denoiser=str(path))).key)
    assert keys[0] == keys[1] != keys[2]


def test_jobs_with_different_denoisers_share_no_batch(tmp_path):
    groups = []
    for seed in (1, 2):
        path = denoiser(tmp_path / f"{seed}", seed)
        groups.append(only_job(**learned(denoiser=str(path))).group)
    assert groups[0] != groups[1]


def test_weights_of_the_authors_form_count_by_their_bytes():
    defined = [
        replace(CAFFENET, weights=WeightsFile(Path("a"), digit * 64)) for digit in "01"
    ]
    assert content_key(defined[0], "conv1") != content_key(defined[1], "conv1")


def test_a_layer_counts_by_its_own_name():
    alexnet = network(model="alexnet")
    keys = {
        only_job(**{**alexnet, "layers": name}).key for name in ("relu1", "features.1")
    }
    assert len(keys) == 1


def test_a_lower_precision_where_there_is_none_changes_no_key():
    exact, rough = (
        plan({"seeds": 2}, execution={"precision": precision})
        for precision in ("float32", "bfloat16")
    )
    assert [job.key for job in exact] == [job.key for job in rough]
