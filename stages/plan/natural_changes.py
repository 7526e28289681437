"""Changes of an image as photographs differ: the longer a wave, the more of it.

The spectrum of natural images falls as 1/f (Field, JOSA A 4, 1987). What a denoiser
moves in a pre-image is of that kind, and no wave that is longer than it is heard on.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images


def natural_power(changes: Images, longest_wave: float) -> Images:
    """Return changes `n c h w` times the power that natural ones have at each wave.

    The power falls with the square of the frequency, is 0 for waves of `longest_wave`
    pixels and more along rows and columns, and 1 on average over all waves: a symmetric
    linear map.
    """
    power = _power(changes.shape[2:], longest_wave)
    spectrum = torch.fft.fft2(changes.double()) * power
    natural: Images = torch.fft.ifft2(spectrum).real.to(changes)
    return natural


def _power(sides: torch.Size, longest_wave: float) -> Float[Tensor, "h w"]:
    rows, columns = (torch.fft.fftfreq(n, dtype=torch.float64) for n in sides)
    square = rows[:, None].square() + columns.square()
    either = torch.maximum(rows.abs()[:, None], columns.abs())
    heard = (either > 1 / longest_wave) & (square > 0)
    power = torch.where(heard, 1 / square, 0.0)
    return power / power.mean().clamp(min=torch.finfo(torch.float64).tiny)
