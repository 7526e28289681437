"""Inversion: from a code back to the images that have it.

`invert` is all that a user needs; it knows nothing of params, files or DVC. What is
named here is imported when it is asked for: who wants the start's noise loads no
solver. From the door down:

- `inversion`   `invert` and what it gives; `arguments` what it takes
- `solvers`, `prior_sets`  defaults of solvers, published weights of priors
- `descent`     the loop and its trace
- `state`, `outcome`  what it keeps between steps; done, diverged or without a gradient
- `objective`   code distance plus priors
- `data_term`   code distance, one value a job
- `surrogate_gradient`  rectifiers that a descent can see through
- `priors`      a row a prior term; `prior_term` what one is
- `alpha_norm`, `total_variation`  the terms, with `powers`
- `learned_prior`  the pull of a `trained_denoiser`, a small network (`denoiser`)
- `jitter`      shifts on the way
- `solver`      what a solver is; `adam` the fast one, `momentum` the paper's
- `parameterisations`  by name: pixels, waves, a network's weights, or phases alone
- `start`       noise of natural energy
- `layout`      a representation laid out for the CPU
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.preimage.adam import Fast
    from stages.preimage.arguments import Options
    from stages.preimage.inversion import Inversion, Trace, invert
    from stages.preimage.momentum import Paper
    from stages.preimage.prior_sets import (
        ijcv_prior,
        light_prior,
        natural_prior,
        with_denoiser,
    )
    from stages.preimage.priors import Prior
    from stages.preimage.solvers import fast, paper

__all__ = [
    "Fast",
    "Inversion",
    "Options",
    "Paper",
    "Prior",
    "Trace",
    "fast",
    "ijcv_prior",
    "invert",
    "light_prior",
    "natural_prior",
    "paper",
    "with_denoiser",
]

_MODULES = {
    "adam": ["Fast"],
    "arguments": ["Options"],
    "inversion": ["Inversion", "Trace", "invert"],
    "momentum": ["Paper"],
    "prior_sets": ["ijcv_prior", "light_prior", "natural_prior", "with_denoiser"],
    "priors": ["Prior"],
    "solvers": ["fast", "paper"],
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
