"""Values with another gradient than their own: what lets a descent see through flats.

A function with flat parts, such as a clamp or ReLU, has no gradient there, so nothing
moves what lies on them. A surrogate gradient (Neftci, Mostafa & Zenke, arXiv
1901.09948; the straight-through estimator of Bengio et al., arXiv 1308.3432, is one)
leaves the values as they are and lets a share of the gradient pass.
"""

from typing import Any

import torch
from torch import Tensor


def with_gradient(values: Tensor, shown: Tensor, slope: Tensor) -> Tensor:
    """Return `shown`, a function of each of `values`, with `slope` as its derivative.

    All three have one shape. The gradient that comes back to `values` is the one that
    went in times `slope`; none goes to `shown` or `slope`.
    """
    passed: Tensor = _Surrogate.apply(values, shown, slope)
    return passed


class _Surrogate(torch.autograd.Function):
    """The shown values, with a given slope."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, shown: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return shown.clone()  # an input that is returned would be taken for `values`

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None
