"""torchvision's classification models, and the literature's names of their layers."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn
from torchvision.models import get_model

from stages.representations.definition import Definition, WeightsFile
from stages.representations.network import Network

# Models that are built otherwise for published weights than without.
_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"transform_input": True, "aux_logits": True, "init_weights": False},
    "inception_v3": {
        "transform_input": True,
        "aux_logits": True,
        "init_weights": False,
    },
}


@dataclass(frozen=True)
class TorchvisionDefinition(Definition):
    """A classification model of torchvision, with weights of these classes or random.

    It sees `(pixels - mean) / std`, pixels in 0..255; `seed` is that of random weights.
    `features` leaves the classifier out.
    """

    model: str
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    features: bool = False
    weights: WeightsFile | None = None
    seed: int = 0

    def build(self, *, trained: bool = True) -> Network:
        """Return the network; its weights are read when it is first computed."""
        made = partial(untrained, self.model, self.classes, self.side)
        return (Features if self.features else Network)(
            partial(_features, made) if self.features else made,
            side=self.side,
            mean=self.mean,
            std=self.std,
            aliases=paper_names(self.model),
            weights=self.weights.tensors if self.weights and trained else None,
            seed=self.seed,
        )


class Features(Network):
    """The convolutions of a model, whose classifier is not there."""

    def name(self, layer: str) -> str:
        """Return the layer's own name; of the classifier's, say what would bring it."""
        if layer.startswith(("fc", "classifier", "relu6", "relu7")):
            raise ValueError(
                f"`layer` {layer} is of the classifier, which `weights: features` "
                "leave out; the whole file, `weights: DEFAULT`, brings it"
            )
        return super().name(layer)


def _features(made: Callable[[], nn.Module]) -> nn.Module:
    """Return the convolutions of the model, under the names that they have in it."""
    return nn.Sequential(OrderedDict(features=made().get_submodule("features")))


def untrained(model: str, classes: int, side: int) -> nn.Module:
    """Return the model with so many classes, as torchvision makes it.

    `side` is that of its images; vision transformers alone are made for one.
    """
    options = _OPTIONS.get(model, {})
    if model.startswith("vit_"):
        options = {"image_size": side}
    made: nn.Module = get_model(model, weights=None, num_classes=classes, **options)
    return made


# The parts of DenseNet's layers had other names when its weights were published.
_DENSE_LAYER = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)")


def renamed(model: str, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return a published state of the model with the names that it has today."""
    if not model.startswith("densenet"):
        return state
    return {_DENSE_LAYER.sub(r"\1\2", name): value for name, value in state.items()}


# names of layers --------------------------------------------------------------------

# The convolutions of each block of VGG (arXiv 1409.1556, table 1).
_VGG_BLOCKS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
_ALEXNET = (
    "conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5"
)


def paper_names(model: str) -> Mapping[str, str]:
    """Return the literature's names of layers, each with the module path it stands for.

    Empty where modules have no other names than their own.
    """
    plain = model.removesuffix("_bn")
    if model == "alexnet":
        features, fc = _ALEXNET.split(), (1, 4, 6)
    elif plain in _VGG_BLOCKS:
        features, fc = list(_vgg_names(_VGG_BLOCKS[plain], plain != model)), (0, 3, 6)
    else:
        return {}
    named = {name: f"features.{i}" for i, name in enumerate(features)}
    for number, place in zip((6, 7, 8), fc, strict=True):
        named[f"fc{number}"] = f"classifier.{place}"
        if number < 8:
            named[f"relu{number}"] = f"classifier.{place + 1}"
    return named


def _vgg_names(blocks: tuple[int, ...], normalised: bool) -> Iterator[str]:
    kinds = ("conv", "bn", "relu") if normalised else ("conv", "relu")
    for block, n_convolutions in enumerate(blocks, start=1):
        for i in range(1, n_convolutions + 1):
            yield from (f"{kind}{block}_{i}" for kind in kinds)
        yield f"pool{block}"
