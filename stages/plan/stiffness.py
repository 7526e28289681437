"""How strongly a learned prior may pull at a layer: the weight that is `auto`.

Near an image x the data term is a quadratic form in what changes,

    ||Phi(x + v) - Phi(x)||^2 / ||Phi(x)||^2 = v' A v / ||Phi(x)||^2,   A = J' J,

J the derivative of the code. The learned prior, with its denoised image held, is one,
too: lambda v' v / s^2, equally stiff along all of the N directions of an image. The
size of the first, the root mean square of its eigenvalues in units of the second,

    K = s^2 * sqrt(tr(A^2) / N) / ||Phi(x)||^2,

says how large a lambda the code withstands; along what is seen, stiffer than the root
mean square, it keeps the upper hand. A deep code sees few directions, and those
sharply: the same sum of eigenvalues has a larger mean square. So lambda grows with what
the code leaves open, but as the root alone:

    lambda = SHARE * sqrt(K)

the geometric mean of what the code withstands and of one weight for all. In proportion
to K a shallow layer, whose code error ends so low that the pull fades by itself, is
left to its noise. K depends neither on the scale of the code nor on that of the
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

# The rule's only constant, and the root. Our choice, by trials on fitting photographs
# with a tenth of the classical prior's TV. Code error and LPIPS vgg of twenty of
# CaffeNet without a denoiser, then with weights of 5, 10 and 20: pool1 .080 .162, .070
# .115, .061 .110, .061 .112; relu2 .049 .248, .043 .217, .041 .200, .043 .201; relu4
# .040 .431, .040 .422, .043 .418, .050 .416; fc6 .043 .578, .045 .569, .049 .568, .050
# .559. Of six of AlexNet without, then with 10, 20 and 40: relu2 .066 .389, .070 .358,
# .072 .354, .083 .347; with 8 and 33: conv3 .065 .456, .072 .454; with 21 and 42: relu4
# .087 .522, .092 .515; without, with 8 and, at a thirtieth of TV, 20: pool1 .109 .433,
# .104 .303, .091 .267. In proportion to K, pool1 had 1.7 and relu5 30. Then, from the
# faint start that waves have, six with a constant of 8, 12 and 16: pool1 .105 .294,
# .100 .280, .102 .268; relu5 .096 .572, .106 .571, .113 .580; pool5 .100 .609, .098
# .612, .105 .608; twenty of CaffeNet: relu2 .040 .194, .042 .200, .047 .211; relu4 .048
# .425, .049 .419, .052 .417; fc6 .042 .554, .048 .552, .052 .560. Six others of AlexNet
# with 8 and 12: relu5 .088 .552, .088 .547; pool5 .096 .595, .094 .586.
# Without TV, with the denoiser heard as far as `stages.plan.longest_wave` says, eight
# more with 8, 12 and 18: relu5 .096 .557, .098 .555, .105 .546; with 8 and 12: pool5
# .100 .594, .096 .589; sixteen of CaffeNet with 8 and 12: relu2 .041 .178, .045 .179;
# relu4 .037 .379, .039 .377.
SHARE = 12.0

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
    exact = norm**2 * stiffness(phi, natural_noise(shape, mean), norm)
    found = SHARE * math.sqrt(exact)
    return float(f"{found:.{DIGITS}g}")


def natural_noise(shape: tuple[int, int, int], mean: Tensor) -> Image:
    """Return noise `c h w` in 0..255 with the spectrum and energy of natural images."""
    waves = Fourier(-mean, 255 - mean, shape)
    start = noise(shape, 0, "stiffness")[None]
    return waves.images(waves.natural(start))[0] + mean


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
