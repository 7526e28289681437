"""A job's bytes depend on the job alone, and a stopped batch goes on to the same."""

from dataclasses import replace

import pytest
import torch

from stages.execution.batch import Batch
from stages.params.representations import CaffenetSettings
from stages.plan.cells import Cell
from stages.plan.planned import Job
from stages.plan.representations import definition
from stages.preimage.priors import Prior
from stages.preimage.solvers import fast, paper
from stages.representations.definition import Definition
from stages.representations.dsift import DsiftDefinition
from stages.representations.hog import HogDefinition
from stages.representations.loading import built, cut
from stages.representations.selection import Selection

CPU = torch.device("cpu")
SIZE = 4
FAST = fast(steps=7, rate=8.0)
PAPER = paper([(4, 1.0), (2, 0.1)])
NETWORK = definition(CaffenetSettings(kind="caffenet", weights="random"))
KINDS: dict[str, Definition] = {
    "hog": HogDefinition(side=37),
    "hogb": HogDefinition(side=32, assignment="bilinear"),
    "dsift": DsiftDefinition(side=30, bin=3),
    "net": NETWORK,
}
DESCRIPTORS = ["hog", "hogb", "dsift"]


def job(seed, steps=FAST, selection=None, weights=None, kind="hog"):
    cell = Cell(
        representation=kind,
        definition=KINDS[kind],
        layer=kind if kind == "dsift" else "hog",
        channels="",
        region="",
        selection=selection or Selection(),
        prior="",
        weights=weights or Prior(lambda_alpha=1e5, lambda_tv=0.05),
        solver="",
        steps=steps,
    )
    return Job(cell, f"image {seed}", "name", seed, f"key {seed}", 4)


def targets(n, kind):
    shape = (n, 1, KINDS[kind].side, KINDS[kind].side)
    pictures = 255 * torch.rand(shape, generator=torch.Generator().manual_seed(0))
    return built(KINDS[kind])(pictures)


def run(jobs, codes, size=SIZE):
    batch = Batch(jobs, codes, batch_size=size, device=CPU)
    return batch.run(lambda step: None)


def same(left, right):
    return left.png == right.png and torch.equal(left.trace, right.trace)


@pytest.mark.parametrize("steps", [FAST, PAPER], ids=["fast", "paper"])
@pytest.mark.parametrize("kind", DESCRIPTORS)
def test_bytes_do_not_depend_on_company_or_position(kind, steps):
    # Others differ in everything that may differ inside a batch.
    selections = [None, Selection((0, 3), None), Selection(None, (0, 1, 0, 1)), None]
    weights = [None, Prior(), Prior(lambda_tv=0.5), Prior(lambda_alpha=1e4)]
    codes = targets(SIZE, kind)
    jobs = [
        job(seed, steps, selections[seed], weights[seed], kind) for seed in range(SIZE)
    ]
    together = run(jobs, codes)
    backwards = run(jobs[::-1], codes.flip(0))[::-1]
    alone = [run([one], codes[i : i + 1])[0] for i, one in enumerate(jobs)]
    for i in range(SIZE):
        assert same(together[i], backwards[i])
        assert same(together[i], alone[i])


@pytest.mark.parametrize(
    "name", ["grounded-pixels", "fourier", "deep-image-prior", "maco"]
)
def test_bytes_do_not_depend_on_company_in_any_parameterisation(name):
    steps = fast(steps=4, rate=0.01, parameterisation=name)
    codes = targets(SIZE, "dsift")
    weights = Prior(lambda_tv=0.05, jitter=2)
    jobs = [job(seed, steps, weights=weights, kind="dsift") for seed in range(SIZE)]
    together = run(jobs, codes)
    backwards = run(jobs[::-1], codes.flip(0))[::-1]
    alone = [run([one], codes[i : i + 1])[0] for i, one in enumerate(jobs)]
    for i in range(SIZE):
        assert same(together[i], backwards[i])
        assert same(together[i], alone[i])


def test_a_record_holds_what_was_computed():
    (record,) = run([job(0)], targets(1, "hog"))
    assert (record.status, record.steps, record.batch_size) == ("done", 7, SIZE)
    assert record.versions.startswith(f"torch {torch.__version__}"[:8])
    assert record.trace[:, 0].tolist() == list(range(8))
    assert record.trace[-1, 1:].tolist() == pytest.approx(record.terms)
    energy = float(targets(1, "hog").square().sum())
    assert record.distance == pytest.approx((record.terms[0] * energy) ** 0.5)
    assert record.seconds > 0


def test_a_mask_confines_the_distance_to_the_selection():
    selection = Selection((0,), (0, 2, 0, 2))
    (record,) = run([job(0, selection=selection)], targets(1, "hog"))
    energy = float(targets(1, "hog")[:, :1, :2, :2].square().sum())
    assert record.distance == pytest.approx((record.terms[0] * energy) ** 0.5)


@pytest.mark.parametrize("steps", [FAST, PAPER], ids=["fast", "paper"])
def test_a_batch_stopped_and_resumed_gives_the_same_bytes(steps):
    codes = targets(3, "hog")
    jobs = [job(seed, steps) for seed in range(3)]
    undisturbed = run(jobs, codes)
    first = Batch(jobs, codes, batch_size=SIZE, device=CPU)

    def stop(step):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(stop)
    checkpoint = first.checkpoint()
    # Meanwhile the first job was finished elsewhere, or left the plan.
    second = Batch(jobs[1:], codes[1:], batch_size=SIZE, device=CPU)
    second.resume(checkpoint)
    steps = []
    resumed = second.run(steps.append)
    assert steps[0] == 4
    assert all(same(a, b) for a, b in zip(resumed, undisturbed[1:], strict=True))


def test_a_batch_that_has_not_begun_has_no_checkpoint():
    batch = Batch([job(0)], targets(1, "hog"), batch_size=2, device=CPU)
    with pytest.raises(ValueError, match="needs a batch that has begun"):
        batch.checkpoint()


def test_a_flat_picture_is_inverted_without_a_failure():
    flat = torch.zeros(1, 27, 5, 5)
    (record,) = run([job(0)], flat)
    assert record.status == "done"
    assert record.terms[0] < float(record.trace[0, 1])


def test_a_target_that_is_not_finite_is_a_status():
    codes = targets(2, "hog")
    codes[0] = torch.nan
    bad, good = run([job(0), job(1)], codes)
    assert bad.status == "diverged"
    assert "data not finite at step 0" in bad.reason
    assert same(good, run([job(1)], codes[1:])[0])


def codes_and_records(precision):
    """Return two photographs' codes at relu2, and the records of their inversion."""
    pictures = 255 * torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    pictures = torch.nn.functional.interpolate(pictures, size=64, mode="bicubic")
    with torch.no_grad():
        found = cut(NETWORK, "relu2", CPU)(pictures.clamp(0, 255))
    steps = fast(steps=40, rate=16.0, smoothing=5.0)
    jobs = [job(seed, steps, kind="net") for seed in range(2)]
    jobs = [
        replace(one, cell=replace(one.cell, layer="relu2"), precision=precision)
        for one in jobs
    ]
    batch = Batch(jobs, found, batch_size=2, device=CPU)
    alone = Batch(jobs[1:], found[1:], batch_size=2, device=CPU)
    return found, batch.run(lambda step: None), alone.run(lambda step: None)


def test_bfloat16_ends_with_the_code_error_of_float32():
    errors = {}
    for precision in ("float32", "bfloat16"):
        found, records, alone = codes_and_records(precision)
        assert same(records[1], alone[0])
        norms = found.flatten(1).norm(dim=1).tolist()
        errors[precision] = [
            record.distance / norm for record, norm in zip(records, norms, strict=True)
        ]
    assert errors["bfloat16"] != errors["float32"]
    assert errors["bfloat16"] == pytest.approx(errors["float32"], rel=0.05)
