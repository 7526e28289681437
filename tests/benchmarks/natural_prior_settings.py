"""The solvers and priors that `natural_prior` and its kin compare, by their names."""

from dataclasses import dataclass
from typing import Any

import torch

from stages.params.methods import FastSettings, PaperSettings, PriorSettings

# The weights of TV in the default study, alone or, of long waves, beside a denoiser.
TV_BY_DEPTH = (0.05, 0.05, 0.1)
SOLVERS: dict[str, FastSettings | PaperSettings] = {
    "paper": PaperSettings(kind="paper"),
    "fast": FastSettings(kind="fast", steps=250),
    "by depth": FastSettings(kind="fast", steps=250, parameterisation="by-depth"),
    "a fifth longer": FastSettings(kind="fast", steps=300, parameterisation="by-depth"),
    "longer": FastSettings(kind="fast", steps=500, parameterisation="by-depth"),
    "long": FastSettings(kind="fast", steps=2000, parameterisation="by-depth"),
    "longer still": FastSettings(kind="fast", steps=4000, parameterisation="by-depth"),
    "longest": FastSettings(kind="fast", steps=8000, parameterisation="by-depth"),
    "maco": FastSettings(kind="fast", steps=250, parameterisation="maco"),
}
# Not a solver of the study: the rival as its authors ran it.
RIVAL = "deep image prior"


@dataclass(frozen=True)
class Setting:
    """A solver by its name, and the denoiser of the prior, if it has one.

    `scale` multiplies the weights of TV and of the denoiser; `further` are numbers of
    the learned prior that are not the default's; `precision` is that of `Options`.
    """

    name: str
    solver: str
    denoiser: str | None = None
    scale: float = 1.0
    further: tuple[tuple[str, Any], ...] = ()
    precision: torch.dtype = torch.float32

    @property
    def prior(self) -> PriorSettings:
        """The prior: that of the default study, or the paper's."""
        if self.solver == "paper":
            return PriorSettings(lambda_alpha="auto", lambda_tv="by-depth")
        if self.denoiser is None:
            return PriorSettings(lambda_tv=TV_BY_DEPTH)
        return PriorSettings(
            lambda_tv=TV_BY_DEPTH,
            denoiser=self.denoiser,
            lambda_denoiser="auto",
            **dict(self.further),
        )


PLAIN = Setting("by depth", "by depth")
LEARNED = Setting("learned", "by depth", "embedded")
SETTINGS = [
    Setting("paper", "paper"),
    Setting("fast", "fast"),
    Setting("fast, learned", "fast", "embedded"),
    PLAIN,
    LEARNED,
    Setting("learned, 300 steps", "a fifth longer", "embedded"),
    Setting("learned, longer", "longer", "embedded"),
    # For machines that have it; networks alone, and not in the last tenth of the steps.
    Setting(
        "learned, 300 steps, bfloat16",
        "a fifth longer",
        "embedded",
        precision=torch.bfloat16,
    ),
]
