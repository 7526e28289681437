"""Target codes: stored ones, or the same computed again, and no file left of them."""

import os
from pathlib import Path

import pytest
import torch

from stages import extract, invert, score
from stages.execution import runner, targets
from stages.execution.apart import codes_apart
from stages.execution.targets import Recomputed, TargetCodes
from stages.plan.jobs import jobs
from stages.plan.study import expand
from stages.process.stage import Refusal
from stages.representations.custom import CustomDefinition
from stages.representations.hog import HogDefinition
from stages.store import paths, tables
from stages.store.codes import StoredCodes
from tests.conftest import PARAMS

CPU = torch.device("cpu")
HOGB = HogDefinition(side=32, assignment="bilinear")


@pytest.fixture(autouse=True)
def _fresh():
    targets._opened.cache_clear()
    yield
    targets._opened.cache_clear()


@pytest.fixture
def both(small_study):
    """Return the stored codes of a layer and those computed again."""
    extract.main()
    doors = [TargetCodes(kept, CPU) for kept in ("store", "recompute")]
    return [door.read("hogb", HOGB, "hog") for door in doors]


def test_codes_computed_again_are_the_stored_ones(both):
    stored, again = both
    assert again.image_ids == stored.image_ids
    assert again.shape == stored.shape
    torch.testing.assert_close(again.all(), stored.all())
    some = stored.image_ids[::-1]
    torch.testing.assert_close(again.of(some), stored.of(some))


def test_a_code_does_not_depend_on_its_company(both):
    _, again = both
    first, second = again.image_ids
    together = again.of([first, second, first])
    assert torch.equal(together[0], again.of([first])[0])
    assert torch.equal(together[0], together[2])


OWN = """
import os
from torch import nn

class Net(nn.Conv2d):
    def forward(self, x):
        if x.device.type != "meta" and os.getpid() == {stage}:
            os._exit(9)
        return super().forward(x)

def make():
    return nn.Sequential(Net(3, 2, 3))
"""


def test_the_stage_s_own_process_does_not_run_a_network_of_the_user_s(
    small_study, monkeypatch
):
    """The network would end the process that these tests run in."""
    extract.main()
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[2]}")
    Path("data/models").mkdir(parents=True)
    Path("data/models/fatal_net.py").write_text(OWN.format(stage=os.getpid()))
    net = CustomDefinition(32, "fatal_net:make", (0.0, 0.0, 0.0))
    codes = TargetCodes("recompute", CPU, apart=True).read("net", net, "0")
    try:
        assert torch.isfinite(codes.of(codes.image_ids)).all()
        assert codes.of(codes.image_ids).shape == (2, 2, 30, 30)
    finally:
        codes_apart(net, CPU).close()


def test_the_scratch_file_is_gone_and_its_codes_stay(both):
    _, again = both
    codes = again.all()
    assert not list(paths.work().rglob("*.safetensors"))
    assert codes.shape == (2, *again.shape)
    assert torch.isfinite(codes).all()


def test_a_study_that_stores_no_codes(small_study):
    text = PARAMS.replace("batch_size: 3}", "batch_size: 3, targets: recompute}")
    small_study(text)
    for stage in (extract, invert, score):
        stage.main()
    assert not list(paths.TARGETS.rglob("*.safetensors"))
    rows = list(tables.rows(paths.SCORES, ["kind", "status", "relative_error_8bit"]))
    scored = [row for row in rows if row["kind"] == "preimage"]
    assert len(scored) == 10
    assert {row["status"] for row in scored} == {"done"}
    assert all(row["relative_error_8bit"] < 1.5 for row in scored)


def test_codes_computed_again_make_other_jobs(small_study):
    def keys(text):
        small_study(text)
        return {job.key for job in jobs(expand(), invert.pictures())}

    stored = keys(PARAMS)
    again = keys(PARAMS.replace("batch_size: 3}", "batch_size: 3, targets: recompute}"))
    assert len(stored) == len(again) == 10
    assert not stored & again


@pytest.mark.parametrize(
    ("kept", "kind"), [("store", StoredCodes), ("recompute", Recomputed)]
)
def test_the_door_alone_decides_where_codes_come_from(
    small_study, monkeypatch, kept, kind
):
    small_study(PARAMS.replace("batch_size: 3}", f"batch_size: 3, targets: {kept}}}"))
    asked = []
    read = TargetCodes.read

    def noted(door, *cell):
        opened = read(door, *cell)
        asked.append((door.kept, type(opened)))
        return opened

    monkeypatch.setattr(TargetCodes, "read", noted)
    extract.main()
    door = TargetCodes(expand().execution.targets, CPU)
    runner.make_batch(jobs(expand(), invert.pictures())[:1], door)
    assert asked == [(kept, kind)]
    stored = [path.name for path in paths.TARGETS.rglob("*.safetensors")]
    assert stored == ([] if kept == "recompute" else ["hog.safetensors"] * 2)


def test_codes_that_are_not_there_are_refused_with_what_makes_them(small_study):
    with pytest.raises(Refusal, match="is not there: `dvc repro extract` makes it"):
        TargetCodes("store", CPU).read("hogb", HOGB, "hog")
