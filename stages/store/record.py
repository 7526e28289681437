"""What is kept of a job: the record of a finished one, the state of one under way."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from torch import Tensor


@dataclass(frozen=True)
class Record:
    """A finished job: its 8-bit picture as PNG, its outcome and its trace.

    `trace` has one row a recorded step: the step, then the objective's terms in the
    order of `stages.preimage.priors.term_names`. `terms` are the final ones, `distance`
    is `||Phi(x) - Phi0||` over the selected entries; `versions` are those of torch and
    of this project.
    """

    png: bytes
    status: str
    reason: str
    steps: int
    seconds: float
    terms: tuple[float, ...]
    distance: float
    device: str
    batch_size: int
    trace: Tensor
    versions: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A batch under way: the keys of its jobs, and the tensors to go on from."""

    keys: tuple[str, ...]
    tensors: dict[str, Tensor]


@cache
def versions() -> str:
    """Return the versions of what computes: torch and this project."""
    return f"torch {version('torch')}, preimages {version('preimages')}"
