"""Jobs travel as they are, and find the weights where they arrive."""

from dataclasses import replace

import pytest

from stages import invert
from stages.execution.cluster.inputs import Inputs
from stages.execution.cluster.parcel import packed, unpacked
from stages.plan.jobs import have_own_keys, jobs
from stages.plan.study import expand
from stages.store.objects import Objects

# A network and a prior that each bring a file of weights.
TRAINED = """
fetch:
  images: {source: builtin, names: [astronaut, camera], side: 32}
representations:
  net: {kind: caffenet}
priors:
  default: {lambda_alpha: auto, lambda_tv: 0.05}
  learned: {denoiser: embedded, lambda_denoiser: 1.0}
solvers:
  fast: {kind: fast, steps: 6}
grid:
  - {representation: net, layers: conv1, prior: [default, learned]}
execution: {device: cpu}
report: {}
"""


@pytest.fixture
def plan(small_study):
    small_study(TRAINED)
    return jobs(expand(), invert.pictures())


@pytest.fixture
def objects(tmp_path):
    place = Objects(f"{tmp_path / 'place'}")
    place.create()
    return place


def test_jobs_come_out_as_they_went_in_and_keep_their_keys(plan, objects, tmp_path):
    found = unpacked(packed(plan, objects), Inputs(objects, tmp_path / "worker"))
    assert found == plan
    assert have_own_keys(found, "store")


def test_weights_are_those_of_the_place_not_of_the_path(plan, objects, tmp_path):
    found = unpacked(packed(plan, objects), Inputs(objects, tmp_path / "worker"))
    weights = [job.cell.definition.weights for job in found]
    weights += [dict(job.cell.weights.further).get("denoiser") for job in found]
    files = {one.path for one in weights if one is not None}
    assert len(files) == 2
    assert {file.parent for file in files} == {objects.folder / "inputs"}
    assert all(one.tensors() for one in weights if one is not None)


def test_no_path_of_the_sender_travels(plan, objects):
    sender = plan[0].cell.definition.weights.path
    assert f"{sender.parent}".encode() not in packed(plan, objects)


def test_a_job_that_was_planned_otherwise_is_noticed(plan):
    assert not have_own_keys([*plan, replace(plan[0], seed=7)], "store")
    assert not have_own_keys(plan, "recompute")
