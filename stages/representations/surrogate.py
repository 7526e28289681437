"""Values with another gradient than their own: what lets a descent see through flats.

A function with flat parts, such as a clamp or ReLU, has no gradient there, so nothing
moves what lies on them. A surrogate gradient (Neftci, Mostafa & Zenke, arXiv
1901.09948; the straight-through estimator of Bengio et al., arXiv 1308.3432, is one)
leaves the values as they are and lets a share of the gradient pass.
"""

from typing import Any

import torch
from torch import Tensor


def with_gradient(values: Tensor, shown: Tensor, derivative: Tensor) -> Tensor:
    """Return `shown`, a function of each of `values`, with that `derivative`.

    All three have one shape. The gradient that comes back to `values` is the one that
    went in times `derivative`; none goes to `shown` or `derivative`.
    """
    passed: Tensor = _Surrogate.apply(values, shown, derivative)
    return passed


class _Surrogate(torch.autograd.Function):
    """The shown values, with a given derivative."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, shown: Tensor, derivative: Tensor) -> Tensor:
        ctx.save_for_backward(derivative)
        return shown.clone()  # an input that is returned would be taken for `values`

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (derivative,) = ctx.saved_tensors
        return gradients[0] * derivative, None, None
