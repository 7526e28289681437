"""The objective that a pre-image minimises: code distance plus natural-image priors.

    ||Phi(x) - Phi0||^2 / ||Phi0||^2 + lambda_alpha * sum |x/s|^alpha
        + lambda_tv * sum (dx^2 + dy^2)^(beta/2) / s^beta
        + lambda_denoiser * w * ||Q (x - D(x + sigma n, sigma))||^2 / s^2
        + lambda_denoiser * w * mean_share * ||mean(x)||^2 / s^2

Mahendran & Vedaldi, arXiv 1412.0035, equations 2 to 4, and a learned prior. `x` is
centred (the mean colour subtracted), `s` is `stages.images.reference_norm`; the first
term is `data_term`'s, the others are the rows of `priors.PRIORS`. The last is a pull,
not a function that falls: where it weighs, so is their sum; its share `w` of the weight
falls with the code error and time, and `Q` leaves out long waves (`learned_prior`).
Beside it TV is of those long waves alone (`total_variation`).
Every image of a batch is a job of its own: no term of one depends on another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from stages.images import Images, PerImage
from stages.preimage import priors as table
from stages.preimage.data_term import DataTerm
from stages.preimage.prior_term import Jobs, Memory, PriorRow, PriorTerm
from stages.preimage.priors import Prior

Of = TypeVar("Of")


class Terms(dict[str, PerImage]):
    """The weighted terms of the objective by name, one value an image.

    In the order of `priors.term_names`: the data term, then a prior's each.
    """

    @property
    def total(self) -> PerImage:
        """The objective."""
        total, *others = self.values()
        for term in others:
            total = total + term
        return total

    def stacked(self) -> Float[Tensor, "n t"]:
        """Return the terms side by side, a row an image."""
        return torch.stack([term.detach() for term in self.values()], dim=1)


@dataclass(frozen=True)
class Objective:
    """The objectives of `n` jobs that share a representation and the exponents.

    `priors` has the terms by name, in order; None where no job weighs one. Make it
    with `objective`.
    """

    data: DataTerm
    mean: Float[Tensor, "c 1 1"]
    priors: dict[str, PriorTerm | None]
    jitter: int = 0

    def in_reduced_precision(self) -> "Objective":
        """Return the objective with networks in a lower precision, if it has one."""
        precision = self.data.precision
        if precision == torch.float32:
            return self
        priors = self._each(lambda term: term.in_precision(precision))
        return replace(self, data=self.data.in_reduced_precision(), priors=priors)

    def relaxed(self, progress: float) -> "Objective":
        """Return the objective with an easier gradient of the code at 0..1."""
        return replace(self, data=self.data.relaxed(progress))

    def shifted(self, rows: int, columns: int) -> "Objective":
        """Return the objective whose `phi` sees its images shifted, edges repeated."""
        return replace(self, data=self.data.shifted(rows, columns))

    def smoothed(self, lambda_tv: float, progress: float) -> "Objective":
        """Return the objective with more TV: from `lambda_tv` down to each job's own.

        The weight falls geometrically with `progress` in 0..1. Jobs that weigh TV more
        than that, or not at all, or of long waves alone, keep their weight.
        """
        tv = self.priors["tv"]
        if progress >= 1 or not lambda_tv or tv is None or not tv.sees_detail:
            return self
        own = tv.weights
        rises = (own > 0) & (own < lambda_tv)
        ratio = lambda_tv / torch.where(rises, own, lambda_tv)
        smoother = replace(tv, weights=own * ratio.pow(1 - progress))
        return replace(self, priors={**self.priors, "tv": smoother})

    def at(self, step: int, n_steps: int) -> "Objective":
        """Return the objective of a step, in 0..n_steps: some priors depend on it."""
        return replace(self, priors=self._each(lambda term: term.at(step, n_steps)))

    def memory(self, x: Images) -> dict[str, Memory]:
        """Return what the priors keep between steps, by name, at the start `x`."""
        kept = self._each(lambda term: term.memory(x)).items()
        return {name: memory for name, memory in kept if memory}

    def data_term(self, x: Images) -> PerImage:
        """Return the data term at the centred images `x`."""
        return self.data.value(x + self.mean)

    def terms(self, x: Images) -> Terms:
        """Return the weighted terms at the centred images `x`."""
        data = self.data_term(x)
        none = torch.zeros_like(data)
        values = self._each(lambda term: term.beside(data).value(x))
        priors = {name: none if v is None else v for name, v in values.items()}
        return Terms(data=data, **priors)

    def terms_and_gradient(
        self, x: Images, memory: dict[str, Memory] | None = None
    ) -> tuple[Terms, Images]:
        """Return the weighted terms and the gradient of their sum at the images `x`.

        As `terms` and autograd would give them, but only `phi` is left to autograd.
        `memory`, by default that of a start, changes in place.
        """
        memory = self.memory(x) if memory is None else memory
        data, gradient = self.data.value_and_gradient(x + self.mean)
        terms, none = Terms(data=data), torch.zeros_like(data)
        for name, term in self.priors.items():
            terms[name] = none
            if term is not None:
                kept = memory.get(name, {})
                here = term.beside(data)
                terms[name], own, factor = here.value_and_gradient(x, kept)
                gradient = torch.addcmul(gradient, own, factor)
        return terms, gradient

    def _each(self, of: Callable[[PriorTerm], Of]) -> dict[str, Of | None]:
        """Return something of each prior; None where no job weighs it."""
        terms = self.priors.items()
        return {name: None if term is None else of(term) for name, term in terms}


def objective(
    data: DataTerm,
    priors: Sequence[Prior],
    *,
    mean: Float[Tensor, "c 1 1"],
    norm: float,
    seeds: Sequence[str] = (),
) -> Objective:
    """Return the objective of the jobs of a data term, with a prior each.

    `mean` is the mean colour in 0..255, `norm` is `stages.images.reference_norm`;
    `seeds` name what each job's random numbers are drawn from, for priors that draw.
    Raises ValueError if the priors differ in more than their weights.
    """
    forms = {prior.form for prior in priors}
    if len(forms) != 1:
        shared = ", ".join(key for key, _ in priors[0].form)
        raise ValueError(
            f"`priors` must share {shared}, got {sorted(map(str, forms))}."
        )
    jobs = Jobs(norm, mean, tuple(seeds))
    return Objective(
        data=data,
        mean=mean,
        priors={row.name: _term(row, priors, jobs, data) for row in table.PRIORS},
        jitter=priors[0].jitter,
    )


def _term(
    row: PriorRow, priors: Sequence[Prior], jobs: Jobs, data: DataTerm
) -> PriorTerm | None:
    """Return a prior's term of the jobs, None where none of them weighs it."""
    weights = [prior.numbers().get(row.weight, 0.0) for prior in priors]
    if not any(weights):
        return None
    like = data.targets
    column = torch.tensor(weights, dtype=like.dtype, device=like.device)
    return row.made(column, jobs, priors[0].numbers())
