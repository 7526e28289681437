"""What a solver is: `Solver`, a step rule, and `SolverSettings`, the numbers behind it.

Each solver is a module: a frozen dataclass of its settings, all numbers resolved, and
the step rule that they make for images of a shape.
"""

from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor

from stages.preimage.objective import Objective
from stages.preimage.parameterisations.parameterisation import Colour, Parameterisation


@runtime_checkable
class Solver(Protocol):
    """A step rule: `slots` is its memory, `update` its step, `n_steps` its length.

    It moves the variables of its parameterisation. `descended` is the objective that a
    step goes down on, such as a relaxed one; the trace, the outcome and the errors are
    those of the objective itself.
    """

    n_steps: int
    parameterisation: Parameterisation

    def descended(self, objective: Objective, step: int) -> Objective: ...

    def slots(self, variables: Tensor) -> dict[str, Tensor]: ...

    def update(
        self, variables: Tensor, gradient: Tensor, slots: dict[str, Tensor], step: int
    ) -> Tensor: ...


@runtime_checkable
class SolverSettings(Protocol):
    """A frozen dataclass of a solver's numbers, in the module of the solver."""

    kind: ClassVar[str]

    @property
    def n_steps(self) -> int:
        """How many steps the solver takes in all."""

    def modules(self) -> tuple[str, ...]:
        """Return the modules that it runs through besides its own and its imports.

        Those chosen by name, which no import statement tells.
        """

    def solver(self, mean: Colour, shape: tuple[int, int, int]) -> Solver:
        """Return the solver of images `c h w` of this shape, centred on the mean."""
