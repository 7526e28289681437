"""The parts of the benchmarks that would fail in silence, or after an hour."""

import pandas as pd
import pytest
import torch
from torch.nn.functional import avg_pool2d

from stages.params.reading import read_study
from tests.benchmarks import backends, estimates, gpu_study, pareto, scale, scaling
from tests.benchmarks import published_dip as dip
from tests.benchmarks.devices import JOB, compared, joined

HOG = "{kind: hog, side: 32, assignment: hard}"
TEXTS = {
    "backends": backends.PARAMS.format(steps=2, backend=", backend: dask"),
    "estimates": estimates.PARAMS.format(
        representation=HOG, layers="[hog]", steps=2, seeds=1, processes=1
    ),
    "gpu_study": gpu_study.PARAMS,
    "scale": scale.PARAMS,
    "scaling": scaling.PARAMS,
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_params_of_a_benchmark_are_valid(tmp_path, name):
    (tmp_path / "params.yaml").write_text(TEXTS[name])
    assert read_study(tmp_path / "params.yaml").grid


def test_on_the_edge_is_what_nothing_beats_in_both():
    rows = pd.DataFrame(
        {"error": [1.0, 2.0, 2.0, 3.0], "lpips_vgg": [3.0, 1.0, 2.0, 1.0]}
    )
    assert pareto.on_edge(rows).tolist() == [True, True, False, False]


@pytest.fixture
def small(monkeypatch):
    """Make the networks of Deep Image Prior small enough for a test."""
    monkeypatch.setattr(dip, "SIDE", 128)
    monkeypatch.setattr(dip, "CHANNELS", (4, 4, 4, 8, 8, 8))


@pytest.mark.usefixtures("small")
def test_networks_of_a_batch_do_not_meet():
    targets = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    others = targets.clone()
    others[1] += 1

    def found(codes):
        return dip.inverted(lambda x: avg_pool2d(x, 8) / 255, codes, 64, [0, 1], 2)

    one, other = found(targets), found(others)
    assert torch.equal(one[0], other[0])
    assert not torch.equal(one[1], other[1])
    assert one.shape == (2, 3, 64, 64)
    assert 0 <= one.min()
    assert one.max() <= 255


@pytest.mark.usefixtures("small")
def test_a_network_learns_the_code():
    targets = torch.full((1, 3, 8, 8), 0.9)

    def phi(images):
        return avg_pool2d(images, 8) / 255

    begun, ended = (dip.inverted(phi, targets, 64, [0], n) for n in (1, 5))
    distances = [(phi(images) - targets).square().mean() for images in (begun, ended)]
    assert distances[1] < distances[0]


def test_the_network_has_the_size_that_was_published():
    n_parameters = sum(p.numel() for p in dip.Generator(1).parameters())
    assert 2.5e6 < n_parameters < 2.7e6


def scores(**errors):
    rows = pd.DataFrame({"relative_error_8bit": errors.values()}, index=list(errors))
    for column in JOB:
        rows[column] = "any"
    return rows.assign(image_id=rows.index, solver="fast").reset_index(drop=True)


def test_devices_are_held_against_each_other_job_by_job():
    pair = joined(scores(a=0.1, b=0.2, c=0.3), scores(b=0.2, a=0.11, d=9.0))
    assert pair.set_index("image_id")["other"].to_dict() == {"a": 0.11, "b": 0.2}
    assert "they agree within 5%" in "\n".join(compared(pair))


def test_devices_that_do_not_agree_are_told():
    pair = joined(scores(a=0.1, b=0.2), scores(a=0.1, b=0.3))
    assert "they do NOT agree within 5%" in "\n".join(compared(pair))
