"""CaffeNet as params define it: this project's small one, the authors', or untrained.

A file of weights tells its own architecture: that of the embedded network stands in
its metadata, that of the authors' follows from the tensors (`caffe_reference`).
"""

from dataclasses import dataclass
from typing import Any

from stages.representations.caffe_reference import from_state
from stages.representations.caffenet import CaffeNet
from stages.representations.definition import Definition, WeightsFile


@dataclass(frozen=True)
class CaffenetDefinition(Definition):
    """CaffeNet with the weights of a file, or random ones from `seed`.

    `like` is a file whose architecture is taken, without its numbers; None: the sizes
    of the paper. `weights` of the authors' form hold their architecture themselves.
    """

    weights: WeightsFile | None = None
    like: WeightsFile | None = None
    seed: int = 0

    def build(self, *, trained: bool = True) -> CaffeNet:
        """Return the network; the authors' is known by its shape until it is there."""
        file = self.weights if trained else None
        if self.like is None:
            return from_state(file.tensors()) if file else CaffeNet(seed=self.seed)
        network = CaffeNet(**self.like.architecture(), seed=self.seed)
        if file is not None:
            network.load_state_dict(file.tensors())
        return network

    def identity(self) -> dict[str, Any]:
        """Return what tells it from others: of `like` the architecture alone."""
        sizes = None if self.like is None else self.like.architecture()
        return {**super().identity(), "like": sizes}
