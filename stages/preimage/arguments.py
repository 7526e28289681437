"""What `invert` is called with, checked and brought to one row a pre-image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stages.images import Images
from stages.preimage.layout import laid_out
from stages.preimage.parameterisations.parameterisation import Colour
from stages.preimage.solver import SolverSettings
from stages.preimage.solvers import fast, paper
from stages.preimage.start import noise

SOLVERS: dict[str, Callable[[], SolverSettings]] = {"fast": fast, "paper": paper}


@dataclass(frozen=True)
class Options:
    """What most calls of `invert` leave as it is.

    `mask`, of the shape of one code, is 1 where the code must match and 0 elsewhere;
    None is all of it. `mean` is the colour in 0..255 at which the priors are smallest,
    one number or one a channel. `precision` is what `fast` computes `phi` in but for
    its last steps: bfloat16 pays where it is native.
    """

    mask: Tensor | None = None
    mean: float | Sequence[float] = 128.0
    precision: torch.dtype = torch.float32


def solver_settings(solver: SolverSettings | str, options: Options) -> SolverSettings:
    """Return the solver's settings; refuse what another solver's option is."""
    if isinstance(solver, str):
        if solver not in SOLVERS:
            allowed = ", ".join(SOLVERS)
            raise ValueError(f"`solver` must be one of {allowed}; got {solver!r}.")
        solver = SOLVERS[solver]()
    if options.precision != torch.float32 and solver.kind != "fast":
        raise ValueError(
            f"`precision` belongs to fast, got {options.precision} for {solver.kind}."
        )
    return solver


def starts(shape: tuple[int, int, int], seed: int | Sequence[int]) -> Images:
    """Return the noise that the search starts from, an image a seed."""
    seeds = one_each(seed, 1)
    if not seeds:
        raise ValueError("`seed` must be a seed or a list of at least one, got none.")
    return torch.stack([noise(shape, one) for one in seeds])


def one_each(seed: int | Sequence[int], n: int) -> list[int]:
    """Return the seeds, one a pre-image if there are `n`."""
    seeds = [int(one) for one in (seed if isinstance(seed, Sequence) else [seed])]
    return seeds * n if len(seeds) == 1 else seeds


def masks(mask: Tensor, targets: Tensor) -> Tensor:
    """Return the mask of one code for each target."""
    if mask.shape != targets.shape[1:]:
        raise ValueError(
            f"`mask` must have the shape of one code, {tuple(targets.shape[1:])}, "
            f"got {tuple(mask.shape)}."
        )
    return mask.to(targets).expand_as(targets)


def colour(mean: float | Sequence[float], channels: int, like: Tensor) -> Colour:
    """Return the mean colour of images with these channels, as the target is kept."""
    values = [mean] * channels if isinstance(mean, int | float) else list(mean)
    if len(values) != channels:
        raise ValueError(f"`mean` must have {channels} values, got {len(values)}.")
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]


def fitted(
    phi: Callable[[Images], Tensor], target: Tensor, start: Images
) -> tuple[Callable[[Images], Tensor], Tensor, bool]:
    """Return `phi` laid out, a target a pre-image, and if the targets came batched."""
    phi, code = laid_out(phi, start)
    n_dimensions = code.dim() if isinstance(code, Tensor) else target.dim()
    batched = target.dim() == n_dimensions
    targets = target if batched else target[None]
    if len(targets) == 1:
        targets = targets.expand(len(start), *targets.shape[1:])
    if len(start) not in (1, len(targets)):
        raise ValueError(
            f"`seed` must be one seed or one a target ({len(targets)}), "
            f"got {len(start)}."
        )
    return phi, targets.detach(), batched or len(targets) > 1
