"""What a prior term is: `PriorTerm`, and the row that puts it into the objective.

A term judges each image of a batch by itself. Most are functions of the image, whose
`value` says all. A term may also depend on the moment of the descent (`at`) and on the
job's data term there (`beside`), draw random numbers from each job's own generator
(`Jobs.seeds`), and keep tensors between steps (`memory`), which go into checkpoints
with the rest of the state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage

# What goes between steps of a descent: a row a job, changed in place.
Memory = dict[str, Tensor]


@dataclass(frozen=True)
class Jobs:
    """What a term may know of the jobs: the constants of their images.

    `norm` is `stages.images.reference_norm` of their shape, `mean` the colour that the
    centred images lack. `seeds` name what each job's random numbers are drawn from
    (`stages.preimage.start.generator`): the same whatever its company.
    """

    norm: float
    mean: Float[Tensor, "c 1 1"]
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class PriorTerm:
    """A prior's term of `n` jobs, one weight each, linear in the weight.

    Subclasses add the numbers that the jobs share, and define `value`.
    """

    weights: PerImage
    jobs: Jobs

    @property
    def sees_detail(self) -> bool:
        """Whether it weighs on short waves: what may fall from coarse to fine."""
        return True

    def at(self, step: int, n_steps: int) -> "PriorTerm":
        """Return the term of this step, in 0..n_steps, the last after the descent."""
        return self

    def beside(self, data: PerImage) -> "PriorTerm":
        """Return the term as it is where the data terms have these values."""
        return self

    def in_precision(self, precision: torch.dtype) -> "PriorTerm":
        """Return the term with the networks in it, if any, computed in this type."""
        return self

    def memory(self, x: Images) -> Memory:
        """Return what the term keeps between steps, as it is at the start."""
        return {}

    def value(self, x: Images) -> PerImage:
        """Return the weighted term of each of the centred images."""
        raise NotImplementedError

    def value_and_gradient(
        self, x: Images, memory: Memory
    ) -> tuple[PerImage, Images, Float[Tensor, "n 1 1 1"]]:
        """Return the weighted term, a gradient, and the factor that weights it.

        Their product is added to the objective's gradient in one pass. By autograd,
        unless a subclass knows a faster way; `memory` changes in place.
        """
        value, gradient = by_autograd(self.value, x)
        return value, gradient, torch.ones_like(value)[:, None, None, None]


@dataclass(frozen=True)
class PriorRow:
    """A prior term's row: the objective, trace, outcome and reports follow from it.

    `weight` is the key of its weight in `Prior`, with 0 for none; `form` are the keys
    of the numbers that all jobs of a batch share, which `term` takes by these names.
    `term` is its class, as `module:name`: a job that does not weigh it neither imports
    the module nor has its text in its key. `is_function` is False of a pull, which a
    descent need not lower.
    """

    name: str
    formula: str
    unit: str
    weight: str
    form: tuple[str, ...]
    meaning: str
    term: str
    is_function: bool = True

    def made(self, weights: PerImage, jobs: Jobs, form: dict[str, Any]) -> PriorTerm:
        """Return the term of jobs with these weights that share the numbers `form`."""
        module, _, name = self.term.partition(":")
        term: PriorTerm = getattr(import_module(module), name)(
            weights, jobs, **{key: form[key] for key in self.form}
        )
        return term

    @property
    def module(self) -> str:
        """The module of the term."""
        return self.term.partition(":")[0]


def by_autograd(
    value_of: Callable[[Images], PerImage], x: Images
) -> tuple[PerImage, Images]:
    """Return a function's value of each image, and its gradient by the pixels."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = value_of(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient
