"""What a step of inversion costs: multiply-adds, and memory a job and for all.

Counted, not measured: multiply-adds by torch's own counter, memory from the tensors
that torch keeps for the way back. On the meta device nothing is computed for it.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from stages.images import Images
from stages.representations.points import watch

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
    with _Count(image, network) as count:
        return count.until(phi(count.pixels))


def costs_of_calls(
    network: Callable[[Images], Tensor], image: Images
) -> dict[tuple[str, int], Costs]:
    """Return what the code costs that each call of a module gives, in a single run.

    By path and number of the call, as in `points`; those that give a tensor.
    """
    costs: dict[tuple[str, int], Costs] = {}
    n_calls: Counter[str] = Counter()
    with _Count(image, network) as count:

        def note(path: str, _: nn.Module | None, output: object) -> None:
            if isinstance(output, Tensor):
                costs[path, n_calls[path]] = count.until(output)
            n_calls[path] += 1

        watch(network, count.pixels, note)
    return costs


class _Count:
    """Counts what happens within it, as `costs` tells."""

    def __init__(self, image: Images, network: object) -> None:
        parts = network.parameters() if isinstance(network, nn.Module) else ()
        self._weights = list(parts)
        self._known = {_storage(weight) for weight in self._weights}
        self._kept: dict[int, int] = {}
        self._flops = FlopCounterMode(display=False)
        self._within = ExitStack()
        self.pixels = image.detach().clone().requires_grad_()

    def __enter__(self) -> "_Count":
        self._within.enter_context(self._flops)
        self._within.enter_context(saved_tensors_hooks(self._note, _same))
        self._within.enter_context(torch.enable_grad())
        return self

    def __exit__(self, *error: object) -> None:
        self._within.close()

    def _note(self, saved: Tensor) -> Tensor:
        if _storage(saved) not in self._known:
            self._kept[_storage(saved)] = saved.untyped_storage().nbytes()
        return saved

    def until(self, code: Tensor) -> Costs:
        """Return what was counted until now, of a code that is there by now."""
        n_values = 2 * code.numel() + N_IMAGES_KEPT * self.pixels.numel()
        n_bytes = int(GROWTH * (sum(self._kept.values()) + BYTES_A_VALUE * n_values))
        total = sum(w.numel() * w.element_size() for w in self._weights)
        return Costs(self._flops.get_total_flops() // 2, n_bytes, total)


def _storage(tensor: Tensor) -> int:
    """Return what tells memory apart; tensors without memory have an object of it."""
    address: int = tensor.untyped_storage()._cdata
    return address


def _same(saved: Tensor) -> Tensor:
    return saved
