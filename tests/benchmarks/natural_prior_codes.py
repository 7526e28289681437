"""The codes that `natural_prior` and its kin invert, and whose they are."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image as Pillow
from torch import Tensor

from stages.images import Images, image_from_picture, square
from stages.metrics.code import pairwise_statistics
from stages.params.representations import KINDS
from stages.plan.representations import definition, outline
from stages.representations.definition import Definition
from stages.representations.loading import cut
from tests.benchmarks.natural_prior_settings import PLAIN, Setting

PICTURES = Path(__file__).parents[2] / "../shared/images/imagenet-sample"
CPU = torch.device("cpu")
ALEXNET = {"kind": "torchvision", "model": "alexnet", "weights": "features"}
# Targets that no photograph has, and how many pre-images of each.
TARGETS = ("white noise", "untrained network", "constant")
N_INVENTED = 4


@dataclass(frozen=True)
class Request:
    """Pre-images of some codes: of the photographs, or of one of TARGETS."""

    layer: str
    setting: Setting
    pictures: tuple[int, ...]
    seed: int = 0
    target: str = "photographs"


@dataclass(kw_only=True)
class Codes:
    """The photographs, and a representation (AlexNet) of them.

    `limit` is how many photographs of the claiming half are taken, after `skip` of
    them; `represented` is what params say of the representation. Grey photographs
    where its images are.
    """

    folder: Path
    limit: int
    represented: dict[str, Any] = field(default_factory=lambda: dict(ALEXNET))
    device: torch.device = CPU
    skip: int = 0

    @cached_property
    def files(self) -> list[Path]:
        """The photographs at even places by name."""
        half = sorted(self.folder.glob("*.JPEG"))[1::2]
        return half[self.skip :][: self.limit]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [path.stem for path in self.files]

    @cached_property
    def originals(self) -> Images:
        """The photographs, `n channels side side` in 0..255."""
        channels, side, _ = self.shape
        pictures = (Pillow.open(path).convert("RGB") for path in self.files)
        squares = (square(one, side) for one in pictures)
        images = [image_from_picture(one, channels) for one in squares]
        return torch.stack(images).to(self.device)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        defined = self.network()
        return outline(defined).image_channels, defined.side, defined.side

    def network(self, *, trained: bool = True) -> Definition:
        """Return the representation, trained or not."""
        null = {} if trained else {"weights": "random"}
        settings = KINDS[self.represented["kind"]].settings
        return definition(settings.model_validate({**self.represented, **null}))

    def network_of(self, one: Request) -> Definition:
        """Return the representation whose code a request inverts."""
        return self.network(trained=one.target != "untrained network")

    @torch.no_grad()
    def targets(self, one: Request) -> Tensor:
        """Return the codes that are inverted."""
        phi = cut(self.network_of(one), one.layer, self.device)
        if one.target == "white noise":
            white = [_white(i, self.shape).to(self.device) for i in one.pictures]
            return torch.cat([phi(image) for image in white])
        codes: Tensor = phi(self.originals[list(one.pictures)])
        if one.target == "constant":
            codes = codes.mean(dim=(2, 3), keepdim=True).expand_as(codes)
        return codes

    def between_photographs(self, layer: str) -> float:
        """Return the mean squared distance of two photographs' codes; nan of one."""
        everyone = Request(layer, PLAIN, tuple(range(len(self.files))))
        codes = self.targets(everyone).cpu()
        pairs = pairwise_statistics(codes).mean_squared_distance
        return float("nan") if pairs is None else pairs


def _white(seed: int, shape: tuple[int, int, int]) -> Images:
    """Return a picture of white noise, `1 c h w` in 0..255."""
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, *shape, generator=generator)
