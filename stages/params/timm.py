"""Settings of a model of timm, an extra of this project."""

from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import model_validator

from stages.params.library_model import LibraryModel
from stages.params.numbers import Sha256
from stages.params.timm_zoo import (
    LITE0,
    LITE0_PREPROCESSING,
    address,
    configured,
)
from stages.weights import catalogue
from stages.weights.description import Tensors, Url, WeightsFile

# What `weights` may say; anything else is the path of a file of one's own.
WORDS = ("pretrained", "package", "random")


class TimmSettings(LibraryModel):
    """A model of timm by name; mean, std and side are its own configuration's.

    `weights` are `pretrained` (its published file), `package` (EfficientNet-Lite0's,
    inside a package), `random`, or the path of a file of tensors.
    """

    kind: Literal["timm"]
    weights: str = "pretrained"
    sha256: Sha256 | None = None

    @classmethod
    def published_side(cls, model: str, weights: str) -> int:
        """Return the side of the images of the model's own configuration."""
        return configured(f"{model}").side

    @model_validator(mode="after")
    def _that_exist(self) -> "TimmSettings":
        configured(self.model)
        if self.weights == "package" and self.model != LITE0:
            raise ValueError(f"`weights: package` are for `model: {LITE0}` alone")
        return self

    @property
    def own_file(self) -> str | None:
        """The path of the user's own file of weights."""
        return None if self.weights in WORDS else self.weights

    def options(self) -> dict[str, Any]:
        """Return the fields of the definition: what the model makes of pixels, too."""
        packaged = self.weights == "package"
        seen = LITE0_PREPROCESSING if packaged else configured(self.model)
        how = {"packaged": packaged, "own": self.own_file is not None}
        return {**super().options(), "mean": seen.mean, "std": seen.std, **how}

    @property
    def weights_file(self) -> WeightsFile | None:
        """The published file, None for random weights and the user's own."""
        if self.weights == "package":
            return catalogue.EFFICIENTNET_LITE0
        if self.weights != "pretrained":
            return None
        published = address(self.model)
        file = PurePosixPath(published)
        # Most files are called model.safetensors, whatever the model.
        copy = f"timm-{self.model}-{file.name}"
        known = self.sha256 or "any"
        source = Url(published, known, Tensors(), "see its page", name=copy)
        return WeightsFile(f"timm-{self.model}-{file.stem}", (source,))
