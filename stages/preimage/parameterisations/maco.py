"""Phases as the variables of a descent: the magnitudes of a natural image are given."""

from typing import ClassVar

import torch
from torch import Tensor

from stages.images import REFERENCE_RMS, Images
from stages.preimage.parameterisations.fourier import Fourier
from stages.preimage.parameterisations.parameterisation import Colour

# Modulus that shorter numbers are divided by: a phase of nothing is no number.
_SHORTEST = 1e-6


class Maco(Fourier):
    """Waves of natural magnitudes in decorrelated colours, of which only phases move.

    MACO (Fel et al., "Unlocking Feature Visualization for Deeper Networks with
    Magnitude Constrained Optimization", arXiv:2306.06805, section 3): a prior that
    needs no training, and no weight. Variables `n c h w//2+1 2` are complex numbers of
    modulus 1, a phase each, kept there by `project`. The mean colour is a wave, too:
    its phase is its sign alone.
    Departs from the paper: the magnitudes are 1/frequency with the energy of `s`, as
    `Fourier` starts with, not the mean of ImageNet's; no crops, no attribution.
    """

    held: ClassVar[float] = 0.0

    def __init__(self, low: Colour, high: Colour, shape: tuple[int, int, int]) -> None:
        super().__init__(low, high, shape, exponent=1.0)
        self._scale = self._scale * REFERENCE_RMS

    def variables(self, start: Images) -> Tensor:
        """Return the phases of the start's waves."""
        return _phases(torch.view_as_real(torch.fft.rfft2(start, norm="ortho")))

    def project(self, variables: Tensor) -> Tensor:
        """Return the variables at modulus 1."""
        return _phases(variables)

    def _unclipped(self, variables: Tensor) -> Images:
        return super()._unclipped(_phases(variables))


def _phases(numbers: Tensor) -> Tensor:
    """Return complex numbers `... 2` of the same angles and of modulus 1."""
    square = numbers.square().sum(dim=-1, keepdim=True)
    # Before the root, whose slope at 0 is infinite.
    return numbers / square.clamp(min=_SHORTEST**2).sqrt()
