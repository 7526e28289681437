"""Params of the method: priors and solvers."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    model_validator,
)

from stages.params.checks import (
    Part,
    frozen_list,
    must_be,
)
from stages.params.numbers import Count, Positive, Weight


class ByDepth(Part):
    """The paper's weights of TV by depth, times a factor."""

    by_depth: Annotated[Positive, Field(alias="by-depth")]


Thirds = Annotated[
    tuple[Weight, Weight, Weight],
    BeforeValidator(frozen_list),
]


class PriorSettings(Part):
    """Weights of the natural-image priors; left out: weight 0.

    `jitter` shifts what the representation sees, by so many pixels at most (auto: a
    quarter of the layer's stride). `ijcv` is the weight of the code in the priors of
    the journal extension, which come as a whole.
    """

    alpha: Annotated[float, Field(ge=1)] = 6.0
    lambda_alpha: Annotated[
        Weight | Literal["auto"], must_be("auto or a number of at least 0")
    ] = 0.0
    beta: Positive = 2.0
    lambda_tv: Annotated[
        Weight | Literal["by-depth"] | ByDepth | Thirds,
        must_be(
            "a number of at least 0, three of them (for thirds of the depth), "
            "by-depth or {by-depth: factor}"
        ),
    ] = 0.0
    jitter: Annotated[
        Annotated[int, Field(ge=0, le=64)] | Literal["auto"],
        must_be("auto or a number of pixels from 0 to 64"),
    ] = 0
    ijcv: Positive | None = None

    @model_validator(mode="after")
    def _ijcv_alone(self) -> "PriorSettings":
        others = self.model_fields_set - {"ijcv", "jitter"}
        if self.ijcv is not None and others:
            raise ValueError(
                "`ijcv` brings weights and exponents of its own; "
                f"take {', '.join(sorted(others))} away"
            )
        return self

    @model_validator(mode="after")
    def _auto_needs_six(self) -> "PriorSettings":
        if self.lambda_alpha == "auto" and self.alpha != 6:
            raise ValueError(
                "`lambda_alpha: auto` is the paper's weight for `alpha: 6`; "
                f"with `alpha: {self.alpha:g}` give a number"
            )
        return self


class FastSettings(Part):
    """Adam inside the pixel range, the default solver.

    `rate` is in grey levels a step; left out, it follows the parameterisation and the
    depth of the layer. `smoothing` is the weight of TV to begin with, from which it
    falls to the prior's own (0: it stays as it is).
    """

    kind: Literal["fast"]
    steps: Annotated[int, Field(ge=1)] = 400
    rate: Positive | None = None
    smoothing: Weight = 5.0
    parameterisation: Literal["pixels", "fourier", "deep-image-prior"] = "pixels"


Leg = tuple[Count, Positive]


def _legs(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [tuple(leg) if isinstance(leg, list) else leg for leg in value]


class PaperSettings(Part):
    """Momentum descent as published."""

    kind: Literal["paper"]
    schedule: Annotated[
        Literal["auto", "cnn", "region", "descriptors"]
        | Annotated[list[Leg], BeforeValidator(_legs), Field(min_length=1)],
        must_be("auto, cnn, region, descriptors or [[steps, factor of 0.004], ...]"),
    ] = "auto"


SolverSettings = Annotated[FastSettings | PaperSettings, Discriminator("kind")]
