"""The objective that a pre-image minimises: code distance plus natural-image priors.

    ||Phi(x) - Phi0||^2 / ||Phi0||^2 + lambda_alpha * sum |x/s|^alpha
        + lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta

Mahendran & Vedaldi, arXiv 1412.0035, equations 2 to 4. `x` is centred (the mean colour
subtracted), `s` is `stages.images.reference_norm`; the first term is `data_term`'s.
Every image of a batch is a job of its own: no term of one depends on another.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.data_term import Codes, DataTerm, data_term
from stages.preimage.priors import (
    Prior,
    alpha_norm,
    alpha_slope,
    tv_beta,
    tv_slope,
)


class Terms(NamedTuple):
    """The three terms of the objective, weighted, one value an image."""

    data: PerImage
    alpha: PerImage
    tv: PerImage

    @property
    def total(self) -> PerImage:
        """The objective."""
        return self.data + self.alpha + self.tv


@dataclass(frozen=True)
class Objective:
    """The objectives of `n` jobs that share a representation and the exponents.

    `lambda_alpha` and `lambda_tv` have one weight a job. Make it with `objective`.
    """

    data: DataTerm
    mean: Float[Tensor, "c 1 1"]
    norm: float
    alpha: float
    lambda_alpha: PerImage
    beta: float
    lambda_tv: PerImage
    weighs_alpha: bool
    weighs_tv: bool
    of_colours: bool = False
    jitter: int = 0

    def hurried(self) -> "Objective":
        """Return the objective with `phi` in a lower precision, if it has one."""
        return replace(self, data=self.data.hurried())

    def relaxed(self, progress: float) -> "Objective":
        """Return the objective with an easier slope of the code, `progress` in 0..1."""
        return replace(self, data=self.data.relaxed(progress))

    def shifted(self, rows: int, columns: int) -> "Objective":
        """Return the objective whose `phi` sees its images shifted, edges repeated."""
        return replace(self, data=self.data.shifted(rows, columns))

    def smoothed(self, lambda_tv: float, progress: float) -> "Objective":
        """Return the objective with more TV: from `lambda_tv` down to each job's own.

        The weight falls geometrically with `progress` in 0..1. Jobs that weigh TV more
        than that, or not at all, keep their weight.
        """
        if progress >= 1 or not lambda_tv or not self.weighs_tv:
            return self
        own = self.lambda_tv
        rises = (own > 0) & (own < lambda_tv)
        ratio = lambda_tv / torch.where(rises, own, lambda_tv)
        return replace(self, lambda_tv=own * ratio.pow(1 - progress))

    def data_term(self, x: Images) -> PerImage:
        """Return the data term at the centred images `x`."""
        return self.data.value(x + self.mean)

    def terms(self, x: Images) -> Terms:
        """Return the weighted terms at the centred images `x`."""
        data = self.data_term(x)
        alpha = tv = torch.zeros_like(data)
        if self.weighs_alpha:
            scaled = x * self._alpha_scale
            alpha = alpha_norm(scaled, alpha=self.alpha, of_colours=self.of_colours)
        if self.weighs_tv:
            tv = self._tv_weight * tv_beta(x, beta=self.beta)
        return Terms(data, alpha, tv)

    def slope(self, x: Images) -> tuple[Terms, Images]:
        """Return the weighted terms and the gradient of their sum at the images `x`.

        As `terms` and autograd would give them, but only `phi` is left to autograd.
        """
        data, gradient = self.data.slope(x + self.mean)
        alpha = tv = torch.zeros_like(data)
        if self.weighs_alpha:
            scale = self._alpha_scale
            alpha, slope = alpha_slope(
                x * scale, alpha=self.alpha, of_colours=self.of_colours
            )
            gradient = torch.addcmul(gradient, slope, scale)
        if self.weighs_tv:
            value, slope = tv_slope(x, beta=self.beta)
            tv = self._tv_weight * value
            gradient = torch.addcmul(
                gradient, slope, self._tv_weight[:, None, None, None]
            )
        return Terms(data, alpha, tv), gradient

    @property
    def _alpha_scale(self) -> Float[Tensor, "n 1 1 1"]:
        """What the images are multiplied by under the alpha-norm.

        The weight goes inside the power: for weight 0 the term stays 0 however large x
        grows, whatever the other jobs of the batch weigh.
        """
        scale: Tensor = self.lambda_alpha.pow(1 / self.alpha) / self.norm
        return scale[:, None, None, None]

    @property
    def _tv_weight(self) -> PerImage:
        """The weight of TV in pixels, as the floor of its gradient is."""
        weight: PerImage = self.lambda_tv / self.norm**self.beta
        return weight


def objective(
    phi: Callable[[Images], Tensor],
    targets: Codes,
    priors: list[Prior],
    *,
    mean: Float[Tensor, "c 1 1"],
    norm: float,
    masks: Codes | None = None,
    precision: torch.dtype = torch.float32,
) -> Objective:
    """Return the objective of the jobs whose codes are `targets`, one prior each.

    Raises ValueError if the priors differ in more than their weights.
    """
    forms = {prior.form for prior in priors}
    if len(forms) != 1:
        raise ValueError(
            "`priors` must share alpha, beta, of_colours and jitter, "
            f"got {sorted(forms)}."
        )
    ((alpha, beta, of_colours, jitter),) = forms
    lambda_alpha, lambda_tv = (
        torch.tensor(values, dtype=targets.dtype, device=targets.device)
        for values in zip(*((p.lambda_alpha, p.lambda_tv) for p in priors), strict=True)
    )
    return Objective(
        data=data_term(phi, targets, masks=masks, precision=precision),
        mean=mean,
        norm=norm,
        alpha=alpha,
        lambda_alpha=lambda_alpha,
        beta=beta,
        lambda_tv=lambda_tv,
        weighs_alpha=any(prior.lambda_alpha for prior in priors),
        weighs_tv=any(prior.lambda_tv for prior in priors),
        of_colours=of_colours,
        jitter=jitter,
    )
