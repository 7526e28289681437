"""Settings of a library's model by name: its side, the seed of random weights."""

from typing import Any

from pydantic import model_validator

from stages.params.numbers import Index, Side
from stages.params.representation import Representation

# Only held until the mistake that there is in the model's name is told.
SOME_SIDE = 224


class LibraryModel(Representation):
    """A model of a library, with published or random weights.

    `side` is, left out, that of the images which the model is for; `seed` is that of
    `weights: random`, and refused with any other.
    """

    model: str
    weights: str
    side: Side
    seed: Index = 0

    @classmethod
    def published_side(cls, model: str, weights: str) -> int:
        """Return the side of the images that the model with these weights is for.

        Raises ValueError if there is no such model, or no such weights of it.
        """
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _fill_in_side(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "side" in value:
            return value
        weights = value.get("weights", cls.model_fields["weights"].default)
        try:
            return {**value, "side": cls.published_side(value["model"], weights)}
        except (KeyError, TypeError, ValueError):  # told once the rest is checked
            return {**value, "side": SOME_SIDE}

    @model_validator(mode="after")
    def _seed_of_random_weights(self) -> "LibraryModel":
        if self.weights != "random" and self.seed:
            raise ValueError("`seed` is for `weights: random`")
        return self
