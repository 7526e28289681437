"""How strongly a learned prior may pull at a layer: the weight that is `auto`.

Near an image x the data term is a quadratic form in what changes,

    ||Phi(x + v) - Phi(x)||^2 / ||Phi(x)||^2 = v' A v / ||Phi(x)||^2,   A = J' J,

J the derivative of the code. The learned prior, with its denoised image held, is one,
too: lambda v' v / s^2. What it moves is a natural change v = S z: white numbers z in
the spectrum of natural images, as far as it is heard (`natural_changes`, `tr S^2 = N`).
The size of the first for such changes, the root mean square of the eigenvalues of the
form in z, in units of the second,

    K = s^2 * sqrt(tr((S A S)^2) / N) / ||Phi(x)||^2,

says how large a lambda the code withstands; along what is seen, stiffer than the root
mean square, it keeps the upper hand. A deep code sees few directions, and those
sharply: the same sum of eigenvalues has a larger mean square. So lambda grows with what
the code leaves open, but as a root alone:

    lambda = SHARE * K^ROOT

In proportion to K a shallow layer, whose code error ends so low that the pull fades by
itself, is left to its noise. K depends neither on the scale of the code nor on that of
the pixels, nor on the image's size. Of white changes in the place of natural ones K is
large for networks of small kernels and strides, which see the single pixel, whatever
they leave open of the picture.

x is noise with the spectrum, colours and energy of natural images, so that no picture
enters. The trace is estimated as Hutchinson (1990) does, from random changes u of the
code: E ||J S^2 J' u||^2 = tr((S A S)^2).
"""

import math
from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor

from stages.images import Image, reference_norm
from stages.plan.longest_wave import longest_wave
from stages.plan.natural_changes import natural_power
from stages.plan.representations import outline
from stages.preimage.parameterisations.fourier import Fourier
from stages.preimage.start import generator, noise
from stages.process.stage import Refusal
from stages.process.trial import ending
from stages.representations.definition import Definition, WeightsFile
from stages.representations.loading import cut

# The rule's constants. Our choice: the line, in logarithms, through the weights that
# suit AlexNet and the CaffeNet on fitting photographs (K, and code error and LPIPS vgg
# by weight; without TV, eight of AlexNet, sixteen of CaffeNet; where marked with an
# asterisk twenty, with TV): AlexNet's pool1 2.4, *7 .099 .276, *14 .092 .234, *28 .086
# .220; relu2 53, *17 .065 .319, *34 .068 .306, *68 .077 .300; relu3 113, *21 .067 .425,
# *41 .069 .410, *82 .075 .403; relu5 269, 38 .096 .557, 57 .098 .555, 86 .105 .546;
# pool5 186, 35 .100 .594, 52 .096 .589; CaffeNet's relu2 9, 17 .041 .178, 26 .045 .179;
# relu4 22, 15 .037 .379, 22 .039 .377; pool5 17, *21 .043 .456, *42 .050 .462.
SHARE, ROOT = 9.0, 1 / 3

N_PROBES = 4
# Length of a probed change of the image, as a share of `s`: a step, not a derivative,
# as descriptors are flat in between and networks have kinks.
LENGTH = 0.02
# Digits that are kept: rounding, which differs between machines, is in no key.
DIGITS = 2


@cache
def lambda_denoiser(
    defined: Definition, layer: str, longest: float | None = None
) -> float:
    """Return the weight of the learned prior at a layer, with two digits.

    `longest` is the wavelength in pixels below which it is heard, by default that of
    `longest_wave`. Computed once a process, on the CPU, with the weights of the
    network. Before those are fetched it is that of random ones, as keys before the
    fetch are provisional. A network of the user's own is tried in a process of its own
    first. Raises Refusal if the code cannot be computed, or does not change with noise.
    """
    wave = longest_wave(defined, layer) if longest is None else longest
    own = defined.own_code()
    network = own or type(defined).__name__
    if own is not None and (how := ending(partial(_weight, defined, layer, wave))):
        raise _unmeasured(layer, network, how)
    try:
        weight = _weight(defined, layer, wave)
    # Whatever a network's own code raises: the plan has no failed jobs.
    except Exception as error:
        how = f"{type(error).__name__}: {error}"
        raise _unmeasured(layer, network, how) from error
    if not 0 < weight < math.inf:
        how = f"it comes out as {weight:g}, as the code is silent on noise"
        raise _unmeasured(layer, network, how)
    return weight


def _unmeasured(layer: str, network: str, how: str) -> Refusal:
    return Refusal(
        f"the weight of a denoiser, `lambda_denoiser: auto`, cannot be measured at "
        f"{layer} of {network} ({how}); give it a number, or this representation a "
        "prior without a denoiser"
    )


def _weight(defined: Definition, layer: str, longest: float) -> float:
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
    code = _within_range(phi) if defined.own_code() is not None else phi
    exact = norm**2 * stiffness(code, natural_noise(shape, mean), norm, longest)
    found: float = SHARE * exact**ROOT
    return float(f"{found:.{DIGITS}g}")


def _within_range(phi: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the code of what is cut off at 0 and 255.

    A probe leaves the range a little; a network of one's own may refuse such pixels.
    """
    return lambda x: phi(x.clamp(0, 255))


def natural_noise(shape: tuple[int, int, int], mean: Tensor) -> Image:
    """Return noise `c h w` in 0..255 with the spectrum and energy of natural images.

    1/f, as in `natural_changes`.
    """
    waves = Fourier(-mean, 255 - mean, shape, exponent=1.0)
    start = noise(shape, 0, "stiffness")[None]
    return waves.images(waves.natural(start))[0] + mean


def stiffness(
    phi: Callable[[Tensor], Tensor], image: Image, norm: float, longest_wave: float
) -> float:
    """Return `sqrt(tr((S A S)^2) / N) / ||Phi(x)||^2` at an image.

    In 1 / grey level squared; `norm` is `stages.images.reference_norm` of its shape, in
    `S` are waves shorter than `longest_wave` pixels. 0 where the code is 0, or does not
    change with the image.
    """
    x = image[None].clone().requires_grad_()
    with torch.enable_grad():
        code = phi(x)
    square = 0.0
    for i in range(N_PROBES):
        draw = torch.randn(code.shape, generator=generator(f"stiffness:{i}"))
        (back,) = torch.autograd.grad(code, x, draw, retain_graph=True)
        change = natural_power(back, longest_wave)
        square += _seen(phi, x.detach(), change, LENGTH * norm) / N_PROBES
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
