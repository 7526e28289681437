"""How an image is written down while it is searched for.

A solver moves *variables*, one row a job; a parameterisation turns them into centred
images. The step rule, not the objective, is what changes: a step of equal size in
other variables is another step in pixels.

The variables of pixels and waves are scaled alike: of root mean square 1, they make an
image of root mean square 1, so that a solver's rate means grey levels a step.
"""

from typing import ClassVar, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from stages.images import Images

# One number a channel.
Colour = Float[Tensor, "c 1 1"]


@runtime_checkable
class Parameterisation(Protocol):
    """Variables for a start, images for variables, and the variables allowed.

    `held` is the share of a descent, from its first step, for which the variables are
    best moved at the whole rate.
    """

    held: ClassVar[float]

    def variables(self, start: Images) -> Tensor: ...

    def images(self, variables: Tensor) -> Images: ...

    def project(self, variables: Tensor) -> Tensor: ...
