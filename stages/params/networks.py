"""Settings of networks: CaffeNet, torchvision's models, the user's own."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from stages.params.checks import frozen_list, must_be, pairs
from stages.params.library_model import LibraryModel
from stages.params.numbers import Index, Sha256, Side
from stages.params.representation import Representation
from stages.params.zoo import Published, published
from stages.weights import catalogue
from stages.weights.description import Torchvision, WeightsFile

# One value a channel, of pixels in 0..255.
Levels = Annotated[
    tuple[Annotated[float, Field(ge=0, le=255)], ...], BeforeValidator(frozen_list)
]

# Sides of CaffeNet's images: the embedded network's and the paper's.
EMBEDDED_SIDE, PAPER_SIDE = 64, 227


class CaffenetSettings(Representation):
    """CaffeNet, the paper's CNN-A: trained at 64 pixels, the authors', or untrained.

    `seed` is that of random weights. Of 227 pixels it has the paper's widths; their
    weights are the authors' file, whose `sha256` may be given.
    """

    kind: Literal["caffenet"]
    side: Side = EMBEDDED_SIDE
    weights: Literal["embedded", "authors", "random"] = "embedded"
    sha256: Sha256 | None = None
    seed: Index = 0

    def options(self) -> dict[str, Any]:
        """Return the fields of the definition."""
        return {"side": self.side, "seed": self.seed}

    @property
    def full_size(self) -> bool:
        """Whether it is the network of the paper's size."""
        return self.side == PAPER_SIDE

    @property
    def weights_file(self) -> WeightsFile | None:
        """The authors' file, None of other weights."""
        if self.weights != "authors":
            return None
        return catalogue.caffe_reference(self.side, self.sha256)

    @model_validator(mode="after")
    def _sides_that_exist(self) -> "CaffenetSettings":
        if self.side not in (EMBEDDED_SIDE, PAPER_SIDE):
            raise ValueError(
                f"`side` must be {EMBEDDED_SIDE} (the embedded network) or "
                f"{PAPER_SIDE} (the paper's, with `weights: authors` or `random`)"
            )
        sides = {"embedded": EMBEDDED_SIDE, "authors": PAPER_SIDE}
        if self.side != sides.get(self.weights, self.side):
            side = sides[self.weights]
            raise ValueError(f"`weights: {self.weights}` are for `side: {side}`")
        if self.weights != "random" and self.seed:
            raise ValueError("`seed` is for `weights: random`")
        if self.weights != "authors" and self.sha256:
            raise ValueError("`sha256` is for `weights: authors`")
        return self


class TorchvisionSettings(LibraryModel):
    """A classification model of torchvision, with published or random weights.

    A network with `weights: random` sees its images as with the default ones. `weights:
    features` are the trained convolutions without the classifier, of models of which
    they can be had by themselves.
    """

    kind: Literal["torchvision"]
    weights: str = "DEFAULT"

    @classmethod
    def published_side(cls, model: str, weights: str) -> int:
        """Return the side of the images that the weights were published for."""
        return published(model, _entry(weights)).side

    @model_validator(mode="after")
    def _that_exist(self) -> "TorchvisionSettings":
        if self.weights == "features" and self.model not in catalogue.FEATURES:
            known = ", ".join(catalogue.FEATURES)
            raise ValueError(f"`weights: features` can be had of {known} alone")
        self._find()
        return self

    @property
    def published(self) -> Published:
        """What is published of the weights; of the default ones for random weights."""
        return self._find()

    def options(self) -> dict[str, Any]:
        """Return the fields of the definition: what the model makes of pixels, too."""
        known = self.published
        numbers = {"classes": known.classes, "mean": known.mean, "std": known.std}
        features = self.weights == "features"
        return {**super().options(), **numbers, "features": features}

    @property
    def weights_file(self) -> WeightsFile | None:
        """The file of the published weights, None for random ones."""
        if self.weights == "random":
            return None
        if self.weights == "features":
            return catalogue.FEATURES[self.model]
        known = self._find()
        return catalogue.torchvision_file(
            Torchvision(known.model, known.classes, known.side), known.url
        )

    def _find(self) -> Published:
        return published(self.model, _entry(self.weights))


def _entry(weights: str) -> str:
    """Return the published entry that tells how a model sees its images."""
    return "DEFAULT" if weights in ("random", "features") else weights


class CustomSettings(Representation):
    """A network of the user's own: what `module:callable` returns, and its weights.

    The callable is called with `arguments` and returns an `nn.Module` or any
    differentiable function of `n c h w` pixels. It sees `(pixels - mean) / std`, or,
    with `std` left out, pixels in 0..255. `weights` is a file of tensors, safetensors
    or torch's; `mean` has one value a channel, 3 (RGB) or 1 (grey).
    """

    kind: Literal["custom"]
    callable: Annotated[
        str,
        Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"),
        must_be("module:callable, such as my_networks:tiny"),
    ]
    arguments: Annotated[
        tuple[tuple[str, str | int | float | bool], ...], BeforeValidator(pairs)
    ] = ()
    weights: str | None = None
    sha256: Sha256 | None = None
    side: Side = 224
    # Of ImageNet's training pictures, as torchvision has it.
    mean: Levels = (123.675, 116.28, 103.53)
    std: Levels | None = None
    seed: Index = 0

    @property
    def own_file(self) -> str | None:
        """The path of the user's own file of weights, None without one."""
        return self.weights

    @model_validator(mode="after")
    def _channels_agree(self) -> "CustomSettings":
        if len(self.mean) not in (1, 3):
            raise ValueError("`mean` must have 3 values (RGB) or 1 (grey)")
        if self.std is not None and len(self.std) != len(self.mean):
            raise ValueError("`std` must have as many values as `mean`")
        if self.std is not None and not all(self.std):
            raise ValueError("`std` must be above 0")
        if self.sha256 and self.weights is None:
            raise ValueError("`sha256` is that of the file in `weights`")
        return self
