"""The kinds of representations that params may ask for, a row each.

Nothing is built here: a row names the definition that `stages.plan.representations`
makes of the settings.
"""

from dataclasses import dataclass
from typing import Annotated

from stages.params.checks import tagged
from stages.params.descriptors import DsiftSettings, HogSettings
from stages.params.networks import (
    CaffenetSettings,
    CustomSettings,
    TorchvisionSettings,
)
from stages.params.representation import Representation
from stages.params.timm import TimmSettings

__all__ = [
    "KINDS",
    "CaffenetSettings",
    "CustomSettings",
    "DsiftSettings",
    "HogSettings",
    "Kind",
    "Representation",
    "RepresentationSettings",
    "TimmSettings",
    "TorchvisionSettings",
]


@dataclass(frozen=True)
class Kind:
    """A kind of representation: the settings that params give, and its definition.

    `definition` is the class to import, `module:class`: a
    `stages.representations.definition.Definition` with the fields of the settings.
    """

    settings: type[Representation]
    definition: str


KINDS: dict[str, Kind] = {
    "hog": Kind(HogSettings, "stages.representations.hog:HogDefinition"),
    "dsift": Kind(DsiftSettings, "stages.representations.dsift:DsiftDefinition"),
    "caffenet": Kind(
        CaffenetSettings, "stages.representations.trained_caffenet:CaffenetDefinition"
    ),
    "torchvision": Kind(
        TorchvisionSettings, "stages.representations.zoo:TorchvisionDefinition"
    ),
    "timm": Kind(TimmSettings, "stages.representations.timm_models:TimmDefinition"),
    "custom": Kind(CustomSettings, "stages.representations.custom:CustomDefinition"),
}

RepresentationSettings = Annotated[
    Representation,
    tagged("kind", lambda kind: KINDS[kind].settings, KINDS),
]
