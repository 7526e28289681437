"""torchvision's classification models, and what is published of their weights.

A model goes by torchvision's name for it, weights by the name of their entry, such as
`IMAGENET1K_V1`; `DEFAULT` is the best of them. Nothing is downloaded here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import torchvision
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights, list_models

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
class Published:
    """Weights of a model: their file, and what the model makes of pixels.

    `prefix` are the first digits of the file's sha256, which its name holds. The model
    sees `(pixels - mean) / std`, pixels in 0..255, of `side` x `side` images.
    """

    model: str
    entry: str
    url: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return PurePosixPath(self.url).name

    @property
    def prefix(self) -> str:
        """Return the first digits of its sha256."""
        return PurePosixPath(self.url).stem.rpartition("-")[2]


@cache
def published(model: str, entry: str) -> Published:
    """Return what is published of the weights of a model.

    Raises ValueError if torchvision has no such model, or no such weights of it.
    """
    _check(model, list_models(module=torchvision.models), "model")
    entries = get_model_weights(model)
    _check(entry, ["DEFAULT", *(one.name for one in entries)], "weights")
    found = getattr(entries, entry)
    seen = found.transforms()
    return Published(
        model=model,
        entry=found.name,
        url=found.url,
        side=seen.crop_size[0],
        mean=tuple(255 * value for value in seen.mean),
        std=tuple(255 * value for value in seen.std),
        # Some are of the features alone; their classes are ImageNet's all the same.
        classes=len(found.meta["categories"] or range(1000)),
    )


def _check(name: str, known: list[str], what: str) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, n=5, cutoff=0.4) or known[:5]
    raise ValueError(
        f"`{what}` {name!r} is not one of torchvision's {len(known)}; "
        f"near to it are {', '.join(near)}"
    )


def untrained(weights: Published) -> nn.Module:
    """Return the model that these weights are for, as torchvision makes it."""
    options = _OPTIONS.get(weights.model, {})
    if weights.model.startswith("vit_"):  # the others take images of any side
        options = {"image_size": weights.side}
    made: nn.Module = get_model(
        weights.model, weights=None, num_classes=weights.classes, **options
    )
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
