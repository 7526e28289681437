"""Whether a code can be inverted, and is the same each time a picture is seen.

A code may depend on the company in its batch (statistics of the batch) or on chance
(live dropout, noise in `forward`): then a pre-image is held to what no picture has. It
may have no gradient, or be constant, or not finite: then there is nothing to descend.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from stages.images import Codes, Images
from stages.representations.representation import Take

# Differences of a code that rounding may explain, relative to its norm: our choice.
# Batches of other sizes take other kernels, which sum in another order.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Stability:
    """How far codes of one picture differ: norms of differences by that of the code.

    `company` between alone and among others, `chance` between two times alone.
    """

    company: float
    chance: float

    @property
    def reason(self) -> str | None:
        """Return what the code depends on beside its picture; None if on nothing."""
        if not self.chance <= ROUNDING:
            return f"the code differs from run to run, by {self.chance:.2g} of its norm"
        if not self.company <= ROUNDING:
            return (
                "the code depends on the other pictures of its batch, by "
                f"{self.company:.2g} of its norm"
            )
        return None


def stabilities(
    codes: Callable[[Images, Take], None], images: Images
) -> dict[str, Stability]:
    """Return how each layer's code of the first of the images depends on others.

    `codes` hands over each layer's codes of images, from one pass for all of them.
    There must be two images at least. Codes that are not finite differ by NaN, which is
    no small number.
    """
    if len(images) < 2:
        raise ValueError(f"`images` must be at least 2 for company, got {len(images)}.")
    alone: dict[str, Codes] = {}
    differences: dict[str, list[float]] = {}

    def keep(layer: str, code: Codes) -> None:
        # A copy: the network may write into it later.
        alone[layer] = code.detach().cpu().clone()

    def compare(layer: str, code: Codes) -> None:
        difference = _difference(code[:1].detach().cpu(), alone[layer])
        differences.setdefault(layer, []).append(difference)

    with torch.no_grad():
        codes(images[:1], keep)
        codes(images[:1], compare)
        codes(images, compare)
    return {
        layer: Stability(company=among, chance=again)
        for layer, (again, among) in differences.items()
    }


def _difference(code: Tensor, known: Tensor) -> float:
    norm = known.double().norm()
    difference = (code.double() - known.double()).norm()
    return float(difference / norm) if norm > 0 else float(difference)


def reason_against(phi: Callable[[Images], Codes], image: Images) -> str | None:
    """Return why the code of one image `1 c h w` cannot be inverted; None if it can.

    It has an entry that is not finite, is the same for every pixel, or has a gradient
    that does not reach the image, is zero throughout or is not finite.
    """
    pixels = image.detach().clone().requires_grad_()
    with torch.enable_grad():
        code = phi(pixels)
        broken = int((~code.detach().isfinite()).sum())
        if broken:
            return f"{broken} of {code.numel()} entries of its code are not finite"
        if not code.requires_grad:
            return "its code has no gradient with respect to the image"
        weights = torch.randn(code.shape, generator=torch.Generator().manual_seed(0))
        total = (code * weights.to(code)).sum()
        gradients = torch.autograd.grad(total, pixels, allow_unused=True)
    gradient: Tensor | None = gradients[0]
    if gradient is None:
        return "its code has no gradient with respect to the image"
    if not gradient.isfinite().all():
        return "the gradient of its code with respect to the image is not finite"
    return None if gradient.any() else _flat(phi, image, code.detach())


def _flat(phi: Callable[[Images], Codes], image: Images, code: Codes) -> str:
    """Return what a gradient of zero means: the same code of another image, or not."""
    with torch.no_grad():
        other = phi(255 - image)
    if torch.equal(other, code):
        return "its code is constant: the picture's negative has the same"
    return "the gradient of its code with respect to the image is zero throughout"
