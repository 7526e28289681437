"""Cells: the settings of the grid with all their numbers.

A cell is one setting of the study: representation x layer x channels x region x prior x
solver. Beside the names that the user gave them it holds resolved numbers: channel
indices, window, lambdas, rate or schedule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.params.methods import PriorSettings, SolverSettings
from stages.plan.grid import Setting
from stages.plan.resolution import prior_numbers, solver_numbers
from stages.preimage.priors import Prior
from stages.preimage.solver import SolverSettings as Steps
from stages.representations.definition import Definition
from stages.representations.selection import Selection


@dataclass(frozen=True)
class Cell:
    """One setting of the study; `weights` are the prior's, `steps` the solver's."""

    representation: str
    definition: Definition
    layer: str
    channels: str
    region: str
    selection: Selection
    prior: str
    weights: Prior
    solver: str
    steps: Steps

    @property
    def label(self) -> str:
        """The cell in one line, for messages."""
        names = [self.representation, self.layer, self.channels, self.region]
        return " / ".join([*names, self.prior, self.solver])


def cell_of(
    setting: Setting,
    priors: Mapping[str, PriorSettings],
    solvers: Mapping[str, SolverSettings],
) -> Cell:
    """Return the setting with the numbers of its prior and its solver."""
    one, layer = setting, setting.layer
    prior, solver = priors[one.prior], solvers[one.solver]
    return Cell(
        representation=one.representation,
        definition=one.definition,
        layer=layer,
        channels=one.channels,
        region=one.region,
        selection=one.selection,
        prior=one.prior,
        weights=prior_numbers(prior, one.definition, layer),
        solver=one.solver,
        steps=solver_numbers(solver, one.definition, layer, one.selection),
    )
