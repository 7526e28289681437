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
    phi: Callable[[Images], Tensor], images: Images
) -> tuple[Callable[[Images], Tensor], Tensor]:
    """Return a frozen copy of a module, laid out for the CPU, and the images' code.

    `phi` itself where that is no module, or where the copy will not do: it cannot be
    made, cannot compute with a pixel's channels side by side, or gives another code
    (of a module in training mode, or one that reads what a hook left elsewhere).
    """
    # Before the code is computed: the copy must not have it from `phi`.
    copy = None if images.is_cuda else _copy(phi)
    with torch.no_grad():
        code = phi(images)
        if copy is None or not isinstance(code, Tensor):
            return phi, code
        try:
            error = (copy(images) - code).norm()
        except (RuntimeError, TypeError, AttributeError):
            return phi, code
    return (copy if error <= TOLERANCE * code.norm() else phi), code


def _copy(phi: Callable[[Images], Tensor]) -> nn.Module | None:
    """Return the copy, None where there is none to be had."""
    if not isinstance(phi, nn.Module):
        return None
    try:
        return with_stem(phi)
    except (RuntimeError, TypeError, AttributeError):
        return None
