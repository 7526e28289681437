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

# Pixels of the shortest wave that pixels hold: heard below it, a denoiser says nothing.
SHORTEST_WAVE = 2.0


class ByDepth(Part):
    """The paper's weights of TV by depth, times a factor."""

    by_depth: Annotated[Positive, Field(alias="by-depth")]


Thirds = Annotated[
    tuple[Weight, Weight, Weight],
    BeforeValidator(frozen_list),
]


Parameterisation = Literal[
    "pixels", "grounded-pixels", "fourier", "deep-image-prior", "maco", "by-depth"
]

NoiseLevel = Annotated[float, Field(gt=0, le=255)]
_OF_DENOISER = {
    *("lambda_denoiser", "sigma", "denoise_every", "renoise", "longest_wave"),
    "mean_share",
}


class PriorSettings(Part):
    """Weights of the natural-image priors; left out: weight 0.

    `jitter` shifts what the representation sees, by so many pixels at most (auto: a
    quarter of the layer's stride). `ijcv` is the weight of the code in the priors of
    the journal extension, which come as a whole.

    `denoiser` is `embedded`, or the path of a file that `data.embedded.denoising`
    writes. Its weight may follow the layer (auto, see `stages.plan.stiffness`); `sigma`
    are its first and last noise level in grey levels; it runs at every
    `denoise_every`-th step, on the image with `renoise` times as much noise as it is
    told (0: none). It is heard on waves shorter than `longest_wave` pixels (auto: half
    of what a cell of the layer's code sees, see `stages.plan.longest_wave`); its weight
    follows that, and so does the share of it that is left at the last step. All three
    are of the whole code where a part of it is inverted. Beside it TV weighs on the
    longer waves alone, and the mean colour is drawn to that of photographs,
    `mean_share` times as hard as the denoiser pulls.
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
    denoiser: Annotated[str, Field(min_length=1)] | None = None
    lambda_denoiser: Annotated[
        Weight | Literal["auto"], must_be("auto or a number of at least 0")
    ] = 0.0
    sigma: Annotated[
        tuple[NoiseLevel, NoiseLevel],
        BeforeValidator(frozen_list),
        must_be(
            "two noise levels, above 0 and at most 255 grey levels, such as [60, 5]"
        ),
    ] = (60.0, 5.0)
    denoise_every: Count = 2
    renoise: Weight = 1.0
    mean_share: Weight = 0.0005
    longest_wave: Annotated[
        Annotated[float, Field(gt=SHORTEST_WAVE, le=1e9)] | Literal["auto"],
        must_be("auto or a number of pixels above 2"),
    ] = "auto"

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
    def _denoiser_whole(self) -> "PriorSettings":
        """Say where a weight lacks a denoiser, or the other way round."""
        given = self.model_fields_set & _OF_DENOISER
        if self.denoiser is None and given:
            told = ", ".join(f"`{name}`" for name in sorted(given))
            raise ValueError(f"{told} needs a denoiser: give `denoiser: embedded`")
        if self.denoiser is not None and not self.lambda_denoiser:
            raise ValueError(
                "`denoiser` weighs nothing: give `lambda_denoiser`, auto or a number"
            )
        if self.sigma[0] < self.sigma[1]:
            raise ValueError(
                "`sigma` must not rise from its first level to its last, "
                f"got {self.sigma[0]:g} and {self.sigma[1]:g}"
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
    parameterisation: Parameterisation = "pixels"


Leg = tuple[Count, Positive]


def _legs(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [tuple(leg) if isinstance(leg, list) else leg for leg in value]


class PaperSettings(Part):
    """Momentum descent as published; `steady` halves the first rate of `cnn`."""

    kind: Literal["paper"]
    schedule: Annotated[
        Literal["auto", "cnn", "steady", "region", "descriptors"]
        | Annotated[list[Leg], BeforeValidator(_legs), Field(min_length=1)],
        must_be(
            "auto, cnn, steady, region, descriptors or [[steps, factor of 0.004], ...]"
        ),
    ] = "auto"


SolverSettings = Annotated[FastSettings | PaperSettings, Discriminator("kind")]
