"""Params of the grid: each entry is a product of what it lists."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stages.params.checks import (
    Part,
    listed,
    listed_channels,
    listed_unless_all,
    must_be,
)
from stages.params.numbers import Count, Index
from stages.params.selections import ChannelChoice, RegionChoice

Names = Annotated[
    list[str],
    Field(min_length=1),
    BeforeValidator(listed),
    must_be("a name or a list of names"),
]


class GridEntry(Part):
    """A product: every combination of what its keys list.

    A single value stands for a list of one.
    """

    # What the report calls the entry's plate.
    title: Annotated[str, Field(max_length=200)] | None = None
    representation: Names
    layers: Annotated[
        Literal["all"] | Annotated[list[str], Field(min_length=1)],
        BeforeValidator(listed_unless_all),
        must_be("all or a list of layer names or patterns, such as relu*"),
    ] = "all"
    channels: Annotated[
        list[ChannelChoice], Field(min_length=1), BeforeValidator(listed_channels)
    ] = ["all"]
    region: Annotated[
        list[RegionChoice], Field(min_length=1), BeforeValidator(listed)
    ] = ["all"]
    prior: Names = ["default"]
    solver: Names = ["fast"]
    seeds: Annotated[
        Count | Annotated[list[Index], Field(min_length=1)],
        must_be("a number of seeds or a list of seeds"),
    ] = 1
    images: Annotated[
        Literal["all"] | Count | Annotated[list[str], Field(min_length=1)],
        BeforeValidator(listed_unless_all),
        must_be("all, a number of images or a list of their names"),
    ] = "all"

    def seed_list(self) -> list[int]:
        """Return the seeds; a number n stands for 0 to n - 1."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds
