"""Pixels as the variables of a descent: free ones, or inside their range."""

from typing import ClassVar

import torch
from torch import Tensor

from stages.images import Images
from stages.preimage.parameterisations.parameterisation import Colour


class Free:
    """Pixels without bounds, as the paper has them."""

    # To hold it longer leaves noise: HOG's SSIM falls from .30 to .26, AlexNet's pool1
    # from .68 to .64.
    held: ClassVar[float] = 0.0

    def variables(self, start: Images) -> Tensor:
        """Return the start itself."""
        return start

    def images(self, variables: Tensor) -> Images:
        """Return the variables themselves."""
        return variables

    def project(self, variables: Tensor) -> Tensor:
        """Return the variables as they are."""
        return variables


class Pixels(Free):
    """Pixels inside their range: `low` and `high` in centred pixels."""

    def __init__(self, low: Colour, high: Colour, shape: tuple[int, int, int]) -> None:
        self._low, self._high = low, high

    def project(self, variables: Tensor) -> Tensor:
        """Return the nearest images inside the range."""
        return torch.minimum(torch.maximum(variables, self._low), self._high)
