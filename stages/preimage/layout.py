"""A representation laid out so that descending on it is fastest.

The pipeline lays its own networks out; this does the same for any module that a caller
brings, and never touches that one.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from stages.images import Images
from stages.representations.stem import with_stem

# Largest distance of the codes of both layouts, relative to the code's norm: our
# choice, a hundred times what float32 leaves in the deepest layers.
TOLERANCE = 1e-3


def laid_out(
    phi: Callable[[Images], Tensor], images: Images, code: Tensor
) -> Callable[[Images], Tensor]:
    """Return a frozen copy of a module, laid out for the CPU; else `phi` itself.

    `code` is `phi(images)`. A copy that does not give the same code (a module in
    training mode, or one that reads what a hook left elsewhere), that cannot be made,
    or that cannot compute with a pixel's channels side by side, is not used.
    """
    if not isinstance(phi, nn.Module) or images.is_cuda:
        return phi
    try:
        copy = with_stem(phi)
        with torch.no_grad():
            own = copy(images)
        error = (own - code).norm()
    except (RuntimeError, TypeError, AttributeError):
        return phi
    return copy if error <= TOLERANCE * code.norm() else phi
