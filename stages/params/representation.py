"""What the settings of every kind of representation have."""

from typing import Any

from stages.params.checks import Part
from stages.params.numbers import Side
from stages.weights.description import WeightsFile


class Representation(Part):
    """What the settings of every kind have."""

    kind: str
    side: Side

    def options(self) -> dict[str, Any]:
        """Return the fields of the definition; its weights are added to them."""
        return self.model_dump(exclude={"kind", "weights", "sha256"})

    @property
    def own_file(self) -> str | None:
        """The path of the user's own file of weights, None without one."""
        return None

    @property
    def weights_file(self) -> WeightsFile | None:
        """The published file of weights that it needs, None if it needs none."""
        return None
