"""The plan: which jobs, in which order, in which batches; keys: `test_keys`."""

from dataclasses import replace

import pytest

from stages.params.execution import ExecutionSettings
from stages.params.representations import CaffenetSettings
from stages.plan.costs import Costs
from stages.plan.jobs import (
    AUTO_SIZE,
    BATCH_BYTES,
    LARGE_SIZE,
    batch_size,
    batches,
    jobs,
)
from stages.plan.planned import Job
from stages.plan.representations import code_shape, definition
from stages.process.stage import Refusal
from stages.representations.hog import HogDefinition
from stages.representations.selection import mask
from tests.plan.studies import A, plan, study


def brief(job: Job) -> tuple[str, str, str, int]:
    return job.cell.representation, job.cell.prior, job.image_name, job.seed


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


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_batches_keep_the_order_of_the_plan_and_their_size(size):
    found = [replace(job, batch_size=size) for job in plan({"seeds": 5})]
    made = batches(found)
    assert joined(made) == found
    assert all(len(batch) == size for batch in made[:-1])
    assert 1 <= len(made[-1]) <= size


@pytest.mark.parametrize(
    ("bytes_a_job", "size"),
    [(1, AUTO_SIZE), (BATCH_BYTES // 4, 4), (2 * BATCH_BYTES, 1)],
)
def test_an_automatic_batch_is_as_large_as_memory_allows(
    monkeypatch, bytes_a_job, size
):
    monkeypatch.setattr(
        "stages.plan.jobs.job_costs", lambda defined, layer: Costs(0, bytes_a_job, 0)
    )
    hog = HogDefinition(side=32)
    assert batch_size(ExecutionSettings(), hog, "hog") == size
    assert batch_size(ExecutionSettings(batch_size=11), hog, "hog") == 11


@pytest.mark.parametrize(
    ("defined", "size"),
    [
        # 1 x 128 x 128 values, 1 x 316 x 316 and one row more.
        (HogDefinition(side=128), AUTO_SIZE),
        (HogDefinition(side=316), AUTO_SIZE),
        (HogDefinition(side=317), LARGE_SIZE),
    ],
)
def test_large_images_fill_a_smaller_batch_so_that_fewer_places_are_empty(
    defined, size
):
    assert batch_size(ExecutionSettings(), defined, "hog") == size


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


# channels by their colour ------------------------------------------------------------

BY_COLOUR = {
    "representation": "net",
    "layers": ["conv1"],
    "channels": [{"chromatic": 2}, {"achromatic": 2}],
}


def selections(rankings):
    whole = study(BY_COLOUR, representations=NETWORK)
    return [job.cell.selection for job in jobs(whole, [A], rankings)]


def test_channels_by_colour_are_those_of_the_ranking():
    n_channels = code_shape(definition(CaffenetSettings(kind="caffenet")), "conv1")[0]
    shares = [0.5] * n_channels
    shares[7], shares[3], shares[4], shares[9] = 0.9, 0.8, 0.1, 0.2
    chromatic, achromatic = selections({"net": {"conv1": shares}})
    assert (chromatic.channels, achromatic.channels) == ((3, 7), (4, 9))
    assert chromatic.ranked is achromatic.ranked is None


def test_before_anything_is_extracted_such_jobs_can_be_counted_but_not_run():
    unresolved = selections(None)
    assert [one.ranked for one in unresolved] == [("chromatic", 2), ("achromatic", 2)]
    with pytest.raises(ValueError, match="must be resolved"):
        mask(unresolved[0], (64, 3, 3))


def test_another_ranking_makes_another_job():
    whole = study(BY_COLOUR, representations=NETWORK)
    shape = definition(CaffenetSettings(kind="caffenet"))
    one = [i / 100 for i in range(code_shape(shape, "conv1")[0])]
    keys = {
        job.key
        for shares in (one, one[::-1])
        for job in jobs(whole, [A], {"net": {"conv1": shares}})
    }
    # What is most chromatic in one order is least in the other.
    assert len(keys) == 2
