"""Any model of timm as a network: by name, with random weights or a given state.

Mean, standard deviation and side are the model's own. timm is an extra of this project
and imported when a model is asked for. Nothing is downloaded here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from stages.representations.definition import Definition, WeightsFile
from stages.representations.network import Network
from stages.representations.own_weights import OwnWeights, fitted, read_own


@dataclass(frozen=True)
class TimmDefinition(Definition):
    """A model of timm, with the weights of a file, or random ones from `seed`.

    It sees `(pixels - mean) / std`, pixels in 0..255. `packaged` says that the file has
    the names of EfficientNet-Lite0's authors, `own` that it is the user's.
    """

    model: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    packaged: bool = False
    own: bool = False
    weights: WeightsFile | None = None
    seed: int = 0

    def build(self, *, trained: bool = True) -> Network:
        """Return the network; its weights are read when it is first computed."""
        return Network(
            partial(untrained, self.model, self.side),
            side=self.side,
            mean=self.mean,
            std=self.std,
            weights=self._state if trained and self.weights else None,
            seed=self.seed,
        )

    def _state(self) -> Mapping[str, Tensor] | OwnWeights:
        if self.weights is None:
            raise ValueError("`weights` must be a file to be read, got None.")
        if self.own:
            return read_own(self.weights.path)
        state = self.weights.tensors()
        return lite0_state(state) if self.packaged else state

    def remarks(self) -> tuple[str, ...]:
        """Return what is done to the user's own file of weights to load it."""
        if self.weights is None or not self.own:
            return ()
        made = untrained(self.model, self.side)
        return fitted(read_own(self.weights.path), made).said


def untrained(model: str, side: int) -> nn.Module:
    """Return the model for images of this side, as timm makes it."""
    # An extra of this project, imported where one of its models is computed.
    import timm

    known = timm.get_pretrained_cfg(model)
    options: dict[str, Any] = (
        {"img_size": side} if known and known.fixed_input_size else {}
    )
    made: nn.Module = timm.create_model(model, pretrained=False, **options)
    return made


# EfficientNet-Lite0's published file ------------------------------------------------

# How many blocks each stage has.
_LITE0_STAGES = (1, 2, 2, 3, 3, 4, 1)

_LITE0_ENDS = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# The first stage's block has no expansion, and its parts are named one less.
_LITE0_FIRST = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_LITE0_PARTS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_LITE0_BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")


def lite0_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the published state of EfficientNet-Lite0 with timm's names.

    Raises ValueError for a name that is not one of its.
    """
    places = list(_lite0_places())
    return {_lite0_name(name, places): value for name, value in state.items()}


def _lite0_places() -> Iterator[str]:
    for stage, n_blocks in enumerate(_LITE0_STAGES):
        yield from (f"blocks.{stage}.{i}" for i in range(n_blocks))


def _lite0_name(name: str, places: list[str]) -> str:
    inside = _LITE0_BLOCK.fullmatch(name)
    if inside is not None and int(inside[1]) < len(places):
        number, part, kind = int(inside[1]), inside[2], inside[3]
        parts = _LITE0_PARTS if number else _LITE0_FIRST
        if part in parts:
            return f"{places[number]}.{parts[part]}.{kind}"
    part, _, kind = name.rpartition(".")
    if part not in _LITE0_ENDS:
        raise ValueError(f"`state` has {name!r}, which EfficientNet-Lite0 has not.")
    return f"{_LITE0_ENDS[part]}.{kind}"
