"""The objective that a pre-image minimises: code distance plus natural-image priors.

    ||Phi(x) - Phi0||^2 / ||Phi0||^2 + lambda_alpha * sum |x/s|^alpha
        + lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta

Mahendran & Vedaldi, arXiv 1412.0035, equations 2 to 4. `x` is centred (the mean colour
subtracted), `Phi` sees pixels in 0..255, sums of the data term run over the selected
entries only, `s` is `stages.images.reference_norm`. Every image of a batch is a job of
its own: no term of one depends on another.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.jitter import shift
from stages.preimage.priors import (
    Prior,
    alpha_norm,
    alpha_slope,
    tv_beta,
    tv_slope,
)

Codes = Float[Tensor, "n ..."]


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

    `masks` is 1 where a code entry must match and 0 elsewhere; None selects all.
    `lambda_alpha` and `lambda_tv` have one weight a job. `relax` gives a stand-in for
    `phi` that is easier to descend on, where there is one; `precision` is what a
    solver may compute `phi` in while it is far from its end. Make it with `objective`.
    """

    phi: Callable[[Images], Tensor]
    targets: Codes
    masks: Codes | None
    target_energy: PerImage
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
    relax: Callable[[float], Callable[[Images], Tensor]] | None = None
    precision: torch.dtype = torch.float32

    def hurried(self) -> "Objective":
        """Return the objective with `phi` in the lower `precision`, if it has one."""
        if self.precision == torch.float32:
            return self
        return replace(self, phi=partial(_in_precision, self.precision, self.phi))

    def relaxed(self, progress: float) -> "Objective":
        """Return the objective with the stand-in for `phi` at `progress` in 0..1."""
        if self.relax is None:
            return self
        return replace(self, phi=self.relax(progress))

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

    def shifted(self, rows: int, columns: int) -> "Objective":
        """Return the objective whose `phi` sees its images shifted, edges repeated."""
        if rows == columns == 0:
            return self
        phi = self.phi
        return replace(self, phi=lambda images: phi(shift(images, rows, columns)))

    def data_term(self, x: Images) -> PerImage:
        """Return `||Phi(x) - Phi0||^2 / ||Phi0||^2` over the selected entries."""
        difference = self._selected(self._code(x + self.mean) - self.targets)
        return _summed(difference.square()) / self.target_energy

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
        data, gradient = self._data_slope(x)
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

    def _data_slope(self, x: Images) -> tuple[PerImage, Images]:
        with torch.enable_grad():
            seen = (x + self.mean).requires_grad_()
            code = self._code(seen)
        difference = self._selected(code.detach() - self.targets)
        data = _summed(difference.square()) / self.target_energy
        weight = 2 / self.target_energy
        towards = self._selected(difference) * weight.view(-1, *[1] * (code.dim() - 1))
        (gradient,) = torch.autograd.grad(code, seen, towards)
        return data, gradient

    def _code(self, images: Images) -> Codes:
        code = self.phi(images)
        _check_code(code, self.targets)
        return code

    def _selected(self, codes: Codes) -> Codes:
        if self.masks is None:
            return codes
        selected: Codes = codes * self.masks
        return selected

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

    A `phi` with a method `relaxed(progress)` is relaxed by solvers that anneal.
    Jobs with zero target energy (a flat image under HOG) have the mean square of the
    selected entries as data term: the quotient of the paper is not defined for them.
    """
    forms = {prior.form for prior in priors}
    if len(forms) != 1:
        raise ValueError(
            "`priors` must share alpha, beta, of_colours and jitter, "
            f"got {sorted(forms)}."
        )
    ((alpha, beta, of_colours, jitter),) = forms
    weights = [
        torch.tensor(values, dtype=targets.dtype, device=targets.device)
        for values in zip(*((p.lambda_alpha, p.lambda_tv) for p in priors), strict=True)
    ]
    return Objective(
        phi=phi,
        targets=targets,
        masks=masks,
        target_energy=_energy(targets, masks),
        mean=mean,
        norm=norm,
        alpha=alpha,
        lambda_alpha=weights[0],
        beta=beta,
        lambda_tv=weights[1],
        weighs_alpha=any(prior.lambda_alpha for prior in priors),
        weighs_tv=any(prior.lambda_tv for prior in priors),
        of_colours=of_colours,
        jitter=jitter,
        relax=getattr(phi, "relaxed", None),
        precision=precision,
    )


def _in_precision(
    precision: torch.dtype, phi: Callable[[Images], Tensor], images: Images
) -> Tensor:
    """Return the code with the convolutions and matrix products in this precision."""
    with torch.autocast(images.device.type, precision):
        code = phi(images)
    return code.to(images.dtype)


def _energy(targets: Codes, masks: Codes | None) -> PerImage:
    """Return `||Phi0||^2` of the selected entries, or their number where it is 0."""
    ones = torch.ones_like(targets) if masks is None else masks
    energy = _summed((targets * ones).square())
    n_selected = _summed(ones)
    return torch.where(energy > 0, energy, n_selected.clamp(min=1))


def _summed(codes: Codes) -> PerImage:
    """Return the sum of each image's code, also where that is a single number."""
    return codes.reshape(len(codes), -1).sum(dim=1)


def _check_code(code: object, targets: Codes) -> None:
    """Refuse a code that cannot be compared with the target."""
    if not isinstance(code, Tensor):
        raise TypeError(
            f"`phi` must return one tensor, got {type(code).__name__}: "
            "wrap it in a function that picks the tensor to match."
        )
    if code.shape != targets.shape:
        raise ValueError(
            f"`target` must have the shape of phi(images), {tuple(code.shape)}, "
            f"got {tuple(targets.shape)}."
        )
