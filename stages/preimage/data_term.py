"""The data term: how far a code is from its target.

    ||Phi(x) - Phi0||^2 / ||Phi0||^2

Mahendran & Vedaldi, arXiv 1412.0035, equation 2 with the normalisation of section 2.2,
over the selected entries only. `Phi` sees pixels in 0..255. A solver may descend on
easier versions of it on the way: relaxed, in a lower precision, or shifted.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage.jitter import shift
from stages.preimage.surrogate_gradient import LEAK, asleep, leaking

# Codes of any shape, one a row: `stages.images.Codes` are those of representations.
AnyCodes = Float[Tensor, "n ..."]


@dataclass(frozen=True)
class DataTerm:
    """The data terms of `n` jobs that share a representation. Made by `data_term`.

    `masks` is 1 where a code entry must match and 0 elsewhere; None selects all.
    `energy` is what each job's squared distance is divided by. `relax` gives a
    stand-in for `phi` that is easier to descend on, where there is one; `precision` is
    what a solver may compute `phi` in while it is far from its end. `leak` is the share
    of the gradient that passes where ReLU is 0, for jobs that have none of their own.
    """

    phi: Callable[[Images], Tensor]
    targets: AnyCodes
    masks: AnyCodes | None
    energy: PerImage
    relax: Callable[[float], Callable[[Images], Tensor]] | None = None
    precision: torch.dtype = torch.float32
    leak: float = 0.0

    def in_reduced_precision(self) -> "DataTerm":
        """Return the term with `phi` computed in `precision`, if that is lower."""
        if self.precision == torch.float32:
            return self
        return replace(self, phi=partial(_in_precision, self.precision, self.phi))

    def relaxed(self, progress: float) -> "DataTerm":
        """Return the term with an easier gradient at `progress` in 0..1.

        That of the stand-in for `phi`, where there is one; jobs that have none at all
        get that of ReLUs that leak.
        """
        phi = self.phi if self.relax is None else self.relax(progress)
        return replace(self, phi=phi, leak=LEAK)

    def shifted(self, rows: int, columns: int) -> "DataTerm":
        """Return the term whose `phi` sees its images shifted, edges repeated."""
        if rows == columns == 0:
            return self
        phi = self.phi
        return replace(self, phi=lambda images: phi(shift(images, rows, columns)))

    def value(self, images: Images) -> PerImage:
        """Return the term of each image."""
        difference = self._selected(self._code(images) - self.targets)
        return _summed(difference.square()) / self.energy

    def value_and_gradient(self, images: Images) -> tuple[PerImage, Images]:
        """Return the term of each image and its gradient by the pixels.

        Raises ValueError if `phi` has none.
        """
        value, gradient = self._value_and_gradient(images)
        if not self.leak:
            return value, gradient
        silent = asleep(value, gradient)
        if silent.any():
            _, waking = self._value_and_gradient(images, self.leak)
            gradient = torch.where(silent.view(-1, 1, 1, 1), waking, gradient)
        return value, gradient

    def _value_and_gradient(
        self, images: Images, leak: float = 0.0
    ) -> tuple[PerImage, Images]:
        with torch.enable_grad(), leaking(leak):
            seen = images.detach().requires_grad_()
            code = self._code(seen)
        if not code.requires_grad:
            raise ValueError("`phi` must be differentiable: its code has no gradient.")
        difference = self._selected(code.detach() - self.targets)
        weight = 2 / self.energy
        towards = self._selected(difference) * weight.view(-1, *[1] * (code.dim() - 1))
        (gradient,) = torch.autograd.grad(code, seen, towards, allow_unused=True)
        if gradient is None:
            raise ValueError("`phi` must depend on its images: no gradient gets there.")
        return _summed(difference.square()) / self.energy, gradient

    def _code(self, images: Images) -> AnyCodes:
        code = self.phi(images)
        _check_code(code, self.targets)
        return code

    def _selected(self, codes: AnyCodes) -> AnyCodes:
        if self.masks is None:
            return codes
        selected: AnyCodes = codes * self.masks
        return selected


def data_term(
    phi: Callable[[Images], Tensor],
    targets: AnyCodes,
    *,
    masks: AnyCodes | None = None,
    precision: torch.dtype = torch.float32,
) -> DataTerm:
    """Return the data terms of the jobs whose codes are `targets`.

    A `phi` with a method `relaxed(progress)` is relaxed by solvers that anneal.
    Jobs with zero target energy (a flat image under HOG) have the mean square of the
    selected entries as data term: the quotient of the paper is not defined for them.
    """
    return DataTerm(
        phi=phi,
        targets=targets,
        masks=masks,
        energy=_energy(targets, masks),
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


def _energy(targets: AnyCodes, masks: AnyCodes | None) -> PerImage:
    """Return `||Phi0||^2` of the selected entries, or their number where it is 0."""
    ones = torch.ones_like(targets) if masks is None else masks
    energy = _summed((targets * ones).square())
    n_selected = _summed(ones)
    return torch.where(energy > 0, energy, n_selected.clamp(min=1))


def _summed(codes: AnyCodes) -> PerImage:
    """Return the sum of each image's code, also where that is a single number."""
    return codes.reshape(len(codes), -1).sum(dim=1)


def _check_code(code: object, targets: AnyCodes) -> None:
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
