"""How strongly a learned prior may pull at a layer: the weight that is `auto`.

Near an image x the data term is a quadratic form in what changes,

    ||Phi(x + v) - Phi(x)||^2 / ||Phi(x)||^2 = v' A v / ||Phi(x)||^2,   A = J' J,

J the derivative of the code. It is stiff along the few directions that the code sees
and slack along the many that it does not, while the learned prior, with its denoised
image held, is equally stiff along all: lambda / s^2. Where both meet along a direction
of stiffness a, the prior wins the share lambda / (lambda + s^2 a / ||Phi(x)||^2).

The typical stiffness that the code has is the mean of A's eigenvalues, each weighted by
itself: a random change of the code moves the image along them in that proportion. It is
tr(A^2) / tr(A). So

    lambda = SHARE * s^2 * tr(A^2) / tr(A) / ||Phi(x)||^2

leaves what the code sees to the code, but for a share of about SHARE, and gives what it
sees less well, or not at all, to the prior. tr(A)^2 / tr(A^2), the participation ratio,
counts the directions that are seen: as it falls with depth, lambda grows. The number
does not depend on the scale of the code or of the pixels, nor on the image's size.

x is noise with the spectrum, colours and energy of natural images, so that no picture
enters. The traces are estimated as Hutchinson (1990) does, from random changes u of the
code: E ||J' u||^2 = tr(A), E ||J J' u||^2 = tr(A^2).
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from stages.images import Image, reference_norm
from stages.plan.representations import outline
from stages.preimage.fourier import Fourier
from stages.preimage.start import generator, noise
from stages.representations.definition import Definition, WeightsFile
from stages.representations.loading import cut

# The share of the seen that the prior may win. The rule's only constant: set on
# AlexNet's relu5, where a weight of 5 was found by hand before there was a rule.
SHARE = 0.02

N_PROBES = 4
# Length of a probed change of the image, as a share of `s`: a step, not a derivative,
# as descriptors are flat in between and networks have kinks.
LENGTH = 0.02
# Digits that are kept: rounding, which differs between machines, is in no key.
DIGITS = 2


@cache
def lambda_denoiser(defined: Definition, layer: str) -> float:
    """Return the weight of the learned prior at a layer, with two digits.

    Computed once a process, on the CPU, with the weights of the network. Before those
    are fetched it is that of random ones, as keys before the fetch are provisional.
    """
    file = getattr(defined, "weights", None)
    there = not isinstance(file, WeightsFile) or file.path.is_file()
    phi = (
        cut(defined, layer, torch.device("cpu"))
        if there
        else outline(defined).cut(layer)
    )
    shape = (phi.image_channels, defined.side, defined.side)
    mean = torch.tensor(phi.mean)[:, None, None]
    norm = reference_norm(shape)
    found = SHARE * norm**2 * stiffness(phi, natural_noise(shape, mean), norm)
    return float(f"{found:.{DIGITS}g}")


def natural_noise(shape: tuple[int, int, int], mean: Tensor) -> Image:
    """Return noise `c h w` in 0..255 with the spectrum and energy of natural images."""
    waves = Fourier(-mean, 255 - mean, shape)
    start = noise(shape, 0, "stiffness")[None]
    return waves.images(waves.variables(start))[0] + mean


def stiffness(phi: Callable[[Tensor], Tensor], image: Image, norm: float) -> float:
    """Return `tr(A^2) / tr(A) / ||Phi(x)||^2` at an image, in 1 / grey level squared.

    `norm` is `stages.images.reference_norm` of its shape. 0 where the code is 0, or
    does not change with the image.
    """
    x = image[None].clone().requires_grad_()
    with torch.enable_grad():
        code = phi(x)
    first = second = 0.0
    for i in range(N_PROBES):
        draw = torch.randn(code.shape, generator=generator(f"stiffness:{i}"))
        (back,) = torch.autograd.grad(code, x, draw, retain_graph=True)
        first += float(back.double().square().sum())
        second += _seen(phi, x.detach(), back, LENGTH * norm)
    energy = float(code.detach().double().square().sum())
    return second / first / energy if first and energy else 0.0


@torch.no_grad()
def _seen(
    phi: Callable[[Tensor], Tensor], x: Tensor, change: Tensor, length: float
) -> float:
    """Return `||J change||^2`, by a difference of codes over this length."""
    size = float(change.norm())
    if not size:
        return 0.0
    step = change * (length / size)
    difference = (phi(x + step) - phi(x - step)).double() / 2
    return float(difference.square().sum()) * (size / length) ** 2
