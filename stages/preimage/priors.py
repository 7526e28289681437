"""Natural-image priors (the paper says regularisers): they make inversion well posed.

Definitions follow Mahendran & Vedaldi, "Understanding Deep Image Representations by
Inverting Them" (arXiv 1412.0035), section 2. Images are centred: the mean colour is
subtracted, so 0 is the mean image. Each term is a sum over channels and pixels, not a
mean, so its weight holds for one image size only.

`PRIORS` has a row a term: objective, trace and outcome follow it. To add one, write a
`PriorTerm` in a module of its own and its row here; its numbers go into
`Prior.further` under the keys that the row names. The table's columns of outcomes
(`stages.store.schemas`) have one a row, too.
"""

import math
from dataclasses import dataclass, fields

from stages.preimage.prior_term import PriorRow
from stages.representations.definition import WeightsFile

Number = float | str | tuple[float, ...] | WeightsFile

# In the order in which they are added up.
PRIORS: tuple[PriorRow, ...] = (
    PriorRow(
        name="alpha",
        formula="lambda_alpha sum |x/s|^alpha",
        unit="1",
        weight="lambda_alpha",
        form=("alpha", "of_colours"),
        meaning="keeps intensities inside their natural range",
        term="stages.preimage.alpha_norm:AlphaNorm",
    ),
    PriorRow(
        name="tv",
        formula="lambda_tv sum (dx^2 + dy^2)^(beta/2) / s^beta",
        unit="1",
        weight="lambda_tv",
        form=("beta", "longest_wave"),
        meaning="keeps neighbouring pixels alike; beside a denoiser, of the long waves "
        "that it is not heard on",
        term="stages.preimage.total_variation:TotalVariation",
    ),
    PriorRow(
        name="denoiser",
        formula="lambda_denoiser w (||Q (x - D(x + sigma n, sigma))||^2 "
        "+ mean_share ||mean(x)||^2) / s^2",
        unit="1",
        weight="lambda_denoiser",
        form=(
            *("denoiser", "sigma", "denoise_every", "renoise", "longest_wave"),
            "mean_share",
        ),
        meaning="how far the denoiser would move the image, long waves apart: a pull, "
        "no potential; a little of how far the mean colour is from that of "
        "photographs; w falls with the code error and with time",
        term="stages.preimage.learned_prior:LearnedPrior",
        is_function=False,
    ),
)
# Terms that a descent need not lower: pulls, which fade with the steps by themselves.
PULLS = frozenset(row.name for row in PRIORS if not row.is_function)


@dataclass(frozen=True)
class Prior:
    """Weights and exponents of the priors, as `stages.preimage.objective` uses them.

    `of_colours` takes the alpha-norm of the pixels' colours instead of their values;
    `jitter` is by how many pixels the image is shifted about on the way, at most.
    TV weighs on waves of at least `longest_wave` pixels, all of them at 0; a denoiser,
    if there is one, on the shorter ones. `further` are the numbers of further terms by
    key, 0 where they are left out.
    """

    alpha: float = 6.0
    lambda_alpha: float = 0.0
    beta: float = 2.0
    lambda_tv: float = 0.0
    of_colours: bool = False
    jitter: int = 0
    longest_wave: float = 0.0
    further: tuple[tuple[str, Number], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.longest_wave < math.inf:
            raise ValueError(
                f"`longest_wave` must be finite, at least 0; got {self.longest_wave}."
            )
        known = {key for row in PRIORS for key in (row.weight, *row.form)}
        known -= {field.name for field in fields(self)}
        unknown = sorted({key for key, _ in self.further} - known)
        if unknown:
            allowed = ", ".join(sorted(known))
            raise ValueError(f"`further` must have keys of {allowed}; got {unknown}.")
        self._check_that_terms_are_whole()

    def numbers(self) -> dict[str, Number]:
        """Return all numbers by key, those of further terms included."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**dict(sorted(own.pop("further"))), **own}

    def _check_that_terms_are_whole(self) -> None:
        numbers = self.numbers()
        for row in PRIORS:
            missing = [key for key in row.form if key not in numbers]
            if numbers.get(row.weight) and missing:
                raise ValueError(
                    f"`further` must have {', '.join(missing)} beside `{row.weight}`."
                )

    def modules(self) -> tuple[str, ...]:
        """Return the modules of the terms that weigh something."""
        numbers = self.numbers()
        return tuple(row.module for row in PRIORS if numbers.get(row.weight))

    @property
    def form(self) -> tuple[tuple[str, Number], ...]:
        """What the jobs of a batch share: all but the weights."""
        weights = {row.weight for row in PRIORS}
        numbers = self.numbers().items()
        return tuple((key, number) for key, number in numbers if key not in weights)


def term_names() -> tuple[str, ...]:
    """Return the names of the objective's terms in order: the code's, the priors'."""
    return ("data", *(row.name for row in PRIORS))
