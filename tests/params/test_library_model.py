"""What models of torchvision and of timm have in common: side and seed."""

import pytest
from pydantic import ValidationError

from stages.params.library_model import LibraryModel


class Models(LibraryModel):
    """A library of one model, for images of 32 pixels, with good weights of 64."""

    kind: str = "library"
    weights: str = "plain"

    @classmethod
    def published_side(cls, model: str, weights: str) -> int:
        if model != "net":
            raise ValueError(f"there is no {model}")
        return {"plain": 32, "good": 64, "random": 32}[weights]


def test_the_side_is_that_of_the_weights_which_are_the_default_ones_if_left_out():
    assert Models(model="net").side == 32
    assert Models(model="net", weights="good").side == 64


def test_a_side_that_is_given_stays():
    assert Models(model="net", side=48).side == 48


@pytest.mark.parametrize(
    "unknown", [{"model": "other"}, {"model": "net", "weights": 3}]
)
def test_what_has_no_side_leaves_the_mistake_to_those_who_can_tell_it(unknown):
    given = Models._fill_in_side(unknown)
    assert given["side"] > 0


@pytest.mark.parametrize("weights", ["plain", "good"])
def test_a_seed_is_for_random_weights_alone(weights):
    with pytest.raises(ValidationError, match="`seed` is for `weights: random`"):
        Models(model="net", weights=weights, seed=1)
    assert Models(model="net", weights="random", seed=1).seed == 1
