"""How strongly a learned prior may pull at a layer: the weight that is `auto`.

Near an image x the data term is a quadratic form in what changes,

    ||Phi(x + v) - Phi(x)||^2 / ||Phi(x)||^2 = v' A v / ||Phi(x)||^2,   A = J' J,

J the derivative of the code. The learned prior, with its denoised image held, is one,
too: lambda v' v / s^2, equally stiff along all of the N directions of an image. Neither
has anything to say where it is much slacker than the other, so their sizes, the root
mean squares of their eigenvalues, are put into a fixed proportion:

    lambda = SHARE * s^2 * sqrt(tr(A^2) / N) / ||Phi(x)||^2

A deep code sees few directions, and those sharply: the same sum of eigenvalues has a
larger mean square. So lambda grows with what the code leaves open. Along what is seen,
stiffer than the root mean square, the code keeps the upper hand; all else is left to
the prior. The number depends neither on the scale of the code nor on that of the
pixels, nor on the image's size.

x is noise with the spectrum, colours and energy of natural images, so that no picture
enters. The trace is estimated as Hutchinson (1990) does, from random changes u of the
code: E ||J J' u||^2 = tr(A^2).
"""

import math
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from stages.images import Image, reference_norm
from stages.plan.representations import outline
from stages.preimage.parameterisations.fourier import Fourier
from stages.preimage.start import generator, noise
from stages.process.stage import Refusal
from stages.representations.definition import Definition, WeightsFile
from stages.representations.loading import cut

# The proportion of both sizes as the descent begins, the rule's only constant. Our
# choice, the largest that costs next to no code error at any layer of AlexNet and
# CaffeNet. Code error and LPIPS vgg of six fitting photographs of AlexNet without a
# denoiser, with half of this weight and with half as much again: pool1 .127 .322, -,
# .127 .306; relu2 .078 .362, .079 .351, .081 .347; conv3 .074 .458, .074 .456, .072
# .450; relu4 .127 .572, .097 .519, .095 .510 (.107 with three times this); relu5 with
# half of this, this and twice this: .118 .597, .114 .584, .123 .584. Of twenty of
# CaffeNet without and with half as much again: relu2 .065 .232, .063 .227; relu4 .060
# .452, .062 .433; fc6 .056 .587, .056 .576; fc8 .029 .674, .030 .670.
SHARE = 1.3

# From this weight on a denoiser is worth its time: what `worthwhile` asks. Our choice,
# by the same trials. Below it lie AlexNet's layers up to conv2 and all of CaffeNet's,
# the heaviest of them at 6.3, where LPIPS vgg gains less than .02; above it, from 7.3
# on, AlexNet's from relu2 on, where relu4 and relu5 gain .05 and more.
WORTHWHILE = 7.0

N_PROBES = 4
# Length of a probed change of the image, as a share of `s`: a step, not a derivative,
# as descriptors are flat in between and networks have kinks.
LENGTH = 0.02
# Digits that are kept: rounding, which differs between machines, is in no key.
DIGITS = 2


def worthwhile(defined: Definition, layer: str) -> float:
    """Return `lambda_denoiser` where that is worth the denoiser's time, else 0.

    Raises Refusal as it does.
    """
    weight = lambda_denoiser(defined, layer)
    return weight if weight >= WORTHWHILE else 0.0


@cache
def lambda_denoiser(defined: Definition, layer: str) -> float:
    """Return the weight of the learned prior at a layer, with two digits.

    Computed once a process, on the CPU, with the weights of the network. Before those
    are fetched it is that of random ones, as keys before the fetch are provisional.
    Raises Refusal if the code cannot be computed, or has no gradient.
    """
    try:
        return _weight(defined, layer)
    # Whatever a network's own code raises: the plan has no failed jobs.
    except Exception as error:
        raise Refusal(
            f"the weight of a denoiser cannot be measured at {layer}, where computing "
            f"fails ({type(error).__name__}: {error}); give it a number"
        ) from error


def _weight(defined: Definition, layer: str) -> float:
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
    """Return `sqrt(tr(A^2) / N) / ||Phi(x)||^2` at an image, in 1 / grey level squared.

    `norm` is `stages.images.reference_norm` of its shape. 0 where the code is 0, or
    does not change with the image.
    """
    x = image[None].clone().requires_grad_()
    with torch.enable_grad():
        code = phi(x)
    square = 0.0
    for i in range(N_PROBES):
        draw = torch.randn(code.shape, generator=generator(f"stiffness:{i}"))
        (back,) = torch.autograd.grad(code, x, draw, retain_graph=True)
        square += _seen(phi, x.detach(), back, LENGTH * norm) / N_PROBES
    energy = float(code.detach().double().square().sum())
    return math.sqrt(square / image.numel()) / energy if energy else 0.0


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
