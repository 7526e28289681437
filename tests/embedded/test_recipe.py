import pytest
import torch

from data.embedded.recipe import (
    epoch_sides,
    order,
    rate_at,
    settings,
    steps_an_epoch,
    total_steps,
)

RECIPE = {"seed": 3, "stages": [[2, 48], [1, 64]], "batch": 8}


@pytest.mark.parametrize(
    ("progress", "rate"),
    [
        (0.0, 0.04),
        (0.003, 0.04),  # 0.003 / 0.15 = 0.02, below the floor
        (0.06, 0.4),
        (0.15, 1.0),
        (0.575, 0.5),  # half-way down: 0.15 + 0.85 / 2
        (1.0, 0.0),
    ],
)
def test_rate_rises_in_a_line_and_falls_along_a_cosine(progress, rate):
    assert rate_at(progress) == pytest.approx(rate, abs=1e-6)


def test_rate_has_no_jump():
    rates = [rate_at(step / 10_000) for step in range(10_001)]
    changes = [abs(a - b) for a, b in zip(rates[1:], rates[:-1], strict=True)]
    assert max(changes) < 1e-3


def test_every_epoch_has_its_side():
    assert epoch_sides(RECIPE) == [48, 48, 64]


@pytest.mark.parametrize(("pictures", "steps"), [(16, 2), (17, 3), (8, 1), (1, 1)])
def test_last_batch_of_an_epoch_may_be_short(pictures, steps):
    assert steps_an_epoch(RECIPE, pictures) == steps
    assert total_steps(RECIPE, pictures) == 3 * steps


def test_order_holds_every_picture_once_and_depends_on_epoch_and_seed():
    first = order(RECIPE, 0, 50)
    assert sorted(first.tolist()) == list(range(50))
    assert torch.equal(order(RECIPE, 0, 50), first)
    assert not torch.equal(order(RECIPE, 1, 50), first)
    assert not torch.equal(order({**RECIPE, "seed": 4}, 0, 50), first)


def test_settings_are_those_of_the_network_and_find_the_pictures(folder):
    chosen = settings("judge", folder)
    assert chosen["architecture"]["pooled"] == [1, 3]
    assert chosen["recipe"]["weight_decay"] == 5e-4
    assert chosen["pictures"] == folder / "pictures"


def test_unknown_network_is_refused(folder):
    with pytest.raises(KeyError, match="alexnet"):
        settings("alexnet", folder)


@pytest.mark.parametrize("name", ["caffenet", "judge"])
def test_shipped_params_are_complete_and_their_numbers_are_numbers(name):
    chosen = settings(name)
    assert set(chosen) == {"architecture", "recipe", "goals", "pictures"}
    recipe = chosen["recipe"]
    assert all(
        isinstance(value, int | float)
        for key, value in recipe.items()
        if key != "stages"
    )
    assert all(0 < goal < 1 for goal in chosen["goals"].values())
