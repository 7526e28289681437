"""The files of weights that torchvision publishes, of the trunks of LPIPS.

Each is a pickle: it is opened as nothing but tensors, after its hash was checked, and
must hold exactly the weights of torchvision's network.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torchvision
from torch import Tensor

from stages.process.stage import Refusal


class TrunkFile(NamedTuple):
    """A file of torchvision's: its name, whose network's it is, and how long it is."""

    name: str
    network: str
    megabytes: int

    @property
    def prefix(self) -> str:
        """Return the first digits of its sha256."""
        return Path(self.name).stem.rpartition("-")[2]


# As in torchvision/models/squeezenet.py, alexnet.py and vgg.py.
TRUNKS = {
    "squeeze": TrunkFile("squeezenet1_1-b8a52dc0.pth", "squeezenet1_1", 5),
    "alex": TrunkFile("alexnet-owt-7be5be79.pth", "alexnet", 233),
    "vgg": TrunkFile("vgg16-397923af.pth", "vgg16", 528),
}


def checked_weights(path: Path, network: str) -> Mapping[str, Tensor]:
    """Return the weights in the file, exactly those of torchvision's network.

    Raises Refusal if it holds anything but tensors, or if a name, shape or type is
    another.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        wrong = _differences(state, network)
    # Whatever the bytes make of torch.load: a dozen kinds of errors are known.
    except Exception as error:
        wrong = f"{type(error).__name__}, {error}".partition("\n")[0].rstrip(", .")
    if wrong:
        raise Refusal(
            f"{path} has the right hash but does not hold the weights of "
            f"torchvision's {network}: {wrong}. Delete it, and do without LPIPS of "
            "this trunk until you know where it came from"
        )
    weights: Mapping[str, Tensor] = state
    return weights


def _differences(state: Any, network: str) -> str:
    """Return the first names at which the weights are not the network's."""
    if not isinstance(state, Mapping):
        return f"it holds a {type(state).__name__}"
    with torch.device("meta"):
        wanted = getattr(torchvision.models, network)().state_dict()
    found = {name: _form(weight) for name, weight in state.items()}
    expected = {name: _form(weight) for name, weight in wanted.items()}
    names = [*expected, *(name for name in found if name not in expected)]
    wrong = [name for name in names if found.get(name) != expected.get(name)]
    return f"it differs in {', '.join(map(str, wrong[:3]))}" if wrong else ""


def _form(weight: Any) -> Any:
    """Return shape and type of a tensor, or what else it is."""
    return (weight.shape, weight.dtype) if isinstance(weight, Tensor) else type(weight)
