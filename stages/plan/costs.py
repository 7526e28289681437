"""What a step of inversion costs: multiply-adds, and memory a job and for all.

Counted, not measured: multiply-adds by torch's own counter, memory from the tensors
that torch keeps for the way back. On the meta device nothing is computed for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from stages.images import Images

BYTES_A_VALUE = 4

# By how much a process grows for each byte that is counted, measured with VGG-16,
# ViT-B/16 and ConvNeXt-Tiny at 224 pixels on a CPU: 1.1 to 1.6.
GROWTH = 1.6

# Images that a solver keeps a job, our choice by counting: variables, previous ones,
# gradient, two moments, and the terms of the priors on their way back.
N_IMAGES_KEPT = 16


@dataclass(frozen=True)
class Costs:
    """Of one job: multiply-adds forward, and bytes of memory; bytes of all weights."""

    multiply_adds: int
    bytes: int
    weights: int


def costs(
    phi: Callable[[Images], Tensor], image: Images, network: object = None
) -> Costs:
    """Return what the code of one image `1 c h w` costs, on the image's device.

    Half of the operations that torch counts are multiply-adds: those of convolutions,
    products of matrices and attention. Memory is taken by the tensors saved for the
    gradient of the image, by the code and its gradient, and by the solver.
    """
    weights = list(network.parameters()) if isinstance(network, nn.Module) else []
    known = {_storage(weight) for weight in weights}
    kept: dict[int, int] = {}

    def note(saved: Tensor) -> Tensor:
        if _storage(saved) not in known:
            kept[_storage(saved)] = saved.untyped_storage().nbytes()
        return saved

    pixels = image.detach().clone().requires_grad_()
    counter = FlopCounterMode(display=False)
    with counter, saved_tensors_hooks(note, _same), torch.enable_grad():
        code = phi(pixels)
    n_values = 2 * code.numel() + N_IMAGES_KEPT * image.numel()
    n_bytes = int(GROWTH * (sum(kept.values()) + BYTES_A_VALUE * n_values))
    total = sum(weight.numel() * weight.element_size() for weight in weights)
    return Costs(counter.get_total_flops() // 2, n_bytes, total)


def _storage(tensor: Tensor) -> int:
    """Return what tells memory apart; tensors without memory have an object of it."""
    address: int = tensor.untyped_storage()._cdata
    return address


def _same(saved: Any) -> Any:
    return saved
