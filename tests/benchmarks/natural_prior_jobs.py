"""The pre-images of `natural_prior`: made once, kept in a folder, measured."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image as Pillow
from torch import Tensor

from stages.images import (
    Images,
    image_from_picture,
    picture_from_image,
    picture_from_png,
    png,
    square,
)
from stages.metrics.code import pairwise_statistics
from stages.metrics.judged import as_seen, judge_distance
from stages.metrics.judges import Judges, load_judges
from stages.metrics.labels import rank_of_label
from stages.metrics.perceptual import Lpips
from stages.metrics.pixel import fitted, psnr
from stages.metrics.ssim import ssim
from stages.params.methods import FastSettings, PaperSettings, PriorSettings
from stages.params.representations import KINDS
from stages.plan.keys import key, prior_content
from stages.plan.representations import definition, outline
from stages.plan.resolution import prior_numbers, solver_numbers
from stages.plan.source_text import closure, digest
from stages.preimage import Options, invert
from stages.preimage.denoiser import Denoiser
from stages.preimage.priors import Prior
from stages.preimage.solver import SolverSettings
from stages.preimage.trained_denoiser import trained
from stages.representations.definition import Definition, WeightsFile
from stages.representations.loading import cut
from stages.representations.selection import Selection
from stages.store.files import replacing
from stages.weights import kept
from tests.benchmarks import published_dip

PICTURES = Path(__file__).parents[2] / "../shared/images/imagenet-sample"
CPU = torch.device("cpu")
ALEXNET: dict[str, Any] = {
    **{"kind": "torchvision", "model": "alexnet", "weights": "features"}
}
BATCH = 4
# Side in pixels at which EfficientNet-Lite0 was trained.
JUDGE_SIDE = 224
# Targets that no photograph has, and how many pre-images of each.
TARGETS = ("white noise", "untrained network", "constant")
N_INVENTED = 4

# The weights of TV in the default study, alone or, of long waves, beside a denoiser.
TV_BY_DEPTH = (0.05, 0.05, 0.1)
SOLVERS: dict[str, FastSettings | PaperSettings] = {
    "paper": PaperSettings(kind="paper"),
    "fast": FastSettings(kind="fast", steps=250),
    "by depth": FastSettings(kind="fast", steps=250, parameterisation="by-depth"),
    "a fifth longer": FastSettings(kind="fast", steps=300, parameterisation="by-depth"),
    "longer": FastSettings(kind="fast", steps=500, parameterisation="by-depth"),
    "long": FastSettings(kind="fast", steps=2000, parameterisation="by-depth"),
    "longest": FastSettings(kind="fast", steps=4000, parameterisation="by-depth"),
    "maco": FastSettings(kind="fast", steps=250, parameterisation="maco"),
}
# Not a solver of the study: the rival as its authors ran it.
RIVAL = "deep image prior"


@dataclass(frozen=True)
class Setting:
    """A solver by its name, and the denoiser of the prior, if it has one.

    `scale` multiplies the weights of TV and of the denoiser; `further` are numbers of
    the learned prior that are not the default's.
    """

    name: str
    solver: str
    denoiser: str | None = None
    scale: float = 1.0
    further: tuple[tuple[str, Any], ...] = ()

    @property
    def prior(self) -> PriorSettings:
        """The prior: that of the default study, or the paper's."""
        if self.solver == "paper":
            return PriorSettings(lambda_alpha="auto", lambda_tv="by-depth")
        if self.denoiser is None:
            return PriorSettings(lambda_tv=TV_BY_DEPTH)
        return PriorSettings(
            lambda_tv=TV_BY_DEPTH,
            denoiser=self.denoiser,
            lambda_denoiser="auto",
            **dict(self.further),
        )


PLAIN = Setting("by depth", "by depth")
LEARNED = Setting("learned", "by depth", "embedded")
SETTINGS = [
    Setting("paper", "paper"),
    Setting("fast", "fast"),
    Setting("fast, learned", "fast", "embedded"),
    PLAIN,
    LEARNED,
    Setting("learned, 300 steps", "a fifth longer", "embedded"),
    Setting("learned, longer", "longer", "embedded"),
]


@dataclass(frozen=True)
class Request:
    """Pre-images of some codes: of the photographs, or of one of TARGETS."""

    layer: str
    setting: Setting
    pictures: tuple[int, ...]
    seed: int = 0
    target: str = "photographs"


@dataclass
class Bench:
    """The photographs, a representation (AlexNet), the judges, and the store.

    `limit` is how many photographs of the claiming half are taken, after `skip` of
    them; `represented` is what params say of the representation. Grey photographs
    where its images are. A GPU rounds otherwise than a CPU: its pre-images have names
    of their own.
    """

    store: Path
    folder: Path
    limit: int
    represented: dict[str, Any] = field(default_factory=lambda: ALEXNET)
    device: torch.device = CPU
    batch: int = BATCH
    skip: int = 0
    _rows: dict[Request, pd.DataFrame] = field(default_factory=dict)

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

    @cached_property
    def judges(self) -> Judges:
        """The embedded judge, LPIPS and EfficientNet-Lite0, as they were fetched."""
        paths = kept.backbones().items()
        lpips = {name: Lpips(name, kept.read_tensors(path)) for name, path in paths}
        return load_judges(lpips, self.device)

    def network(self, *, trained: bool = True) -> Definition:
        """Return the representation, trained or not."""
        null = {} if trained else {"weights": "random"}
        settings = KINDS[self.represented["kind"]].settings
        return definition(settings.model_validate({**self.represented, **null}))

    def request(
        self, layer: str, setting: Setting, seed: int = 0, target: str = "photographs"
    ) -> Request:
        """Return the request of the first few pre-images, for the further questions."""
        chosen = tuple(range(min(N_INVENTED, self.limit)))
        return Request(layer, setting, chosen, seed, target)

    def rows(self, layer: str, setting: Setting, seeds: int) -> pd.DataFrame:
        """Return a row a photograph and seed, computed where they are not kept."""
        chosen = range(len(self.files))
        parts = [chosen[i : i + self.batch] for i in range(0, len(chosen), self.batch)]
        found = [
            self.measured(Request(layer, setting, tuple(part), seed))
            for seed in range(seeds)
            for part in parts
        ]
        return pd.concat(found, ignore_index=True)

    def between_photographs(self, layer: str) -> float:
        """Return the mean squared distance of two photographs' codes; nan of one."""
        everyone = Request(layer, PLAIN, tuple(range(len(self.files))))
        codes = self._targets(everyone).cpu()
        pairs = pairwise_statistics(codes).mean_squared_distance
        return float("nan") if pairs is None else pairs

    # pre-images ---------------------------------------------------------------------

    def measured(self, one: Request) -> pd.DataFrame:
        """Return a row a pre-image of the request."""
        if one not in self._rows:
            pictures, told = self._made(one)
            self._rows[one] = self._measured(one, pictures, told)
        return self._rows[one]

    def apart(self, one: Request, other: Request) -> float:
        """Return the root mean square of the differences of pixels, in grey levels."""
        difference = self._made(one)[0] - self._made(other)[0]
        return float(difference.square().mean().sqrt())

    def seen_apart(self, one: Request, other: Request) -> float:
        """Return LPIPS with VGG between the pre-images of both requests."""
        distance = self.judges.lpips["vgg"]
        return float(distance(self._made(one)[0], self._made(other)[0]).mean())

    def _network(self, one: Request) -> Definition:
        return self.network(trained=one.target != "untrained network")

    def _prior(self, one: Request) -> Prior:
        prior = prior_numbers(one.setting.prior, self._network(one), one.layer)
        return _scaled(prior, one.setting.scale)

    def _made(self, one: Request) -> tuple[Images, list[dict[str, Any]]]:
        """Return the stored pre-images and what is known of each; compute the rest."""
        paths = [self.store / f"{self._key(one, i)}.png" for i in one.pictures]
        if not all(path.with_suffix(".json").is_file() for path in paths):
            self._compute(one, paths)
        data = [path.read_bytes() for path in paths]
        pictures = [
            image_from_picture(picture_from_png(d), self.shape[0]) for d in data
        ]
        told = [json.loads(path.with_suffix(".json").read_text()) for path in paths]
        return torch.stack(pictures).to(self.device), told

    def _key(self, one: Request, picture: int) -> str:
        """Return the name of a pre-image: all that determines it."""
        content = {
            "representation": self._network(one).identity(),
            "layer": one.layer,
            **self._method(one),
            "picture": self.names[picture],
            "side": self.shape[1],
            "seed": one.seed,
            "target": one.target,
        }
        if self.device != CPU:
            content["device"] = self.device.type
        return key(content)

    def _method(self, one: Request) -> dict[str, Any]:
        """Return what determines how the codes of a request are inverted."""
        if one.setting.solver == RIVAL:
            source = closure(published_dip.__name__)
            return {"company": self.batch, "source": digest(source)}
        prior, steps = self._prior(one), self._steps(one)
        modules = ("stages.preimage.inversion", *steps.modules(), *prior.modules())
        source = closure(*sorted({type(steps).__module__, *modules}))
        return {
            "prior": prior_content(prior),
            "solver": repr(steps),
            "source": digest(source),
        }

    def _steps(self, one: Request) -> SolverSettings:
        chosen = SOLVERS[one.setting.solver]
        return solver_numbers(chosen, self._network(one), one.layer, Selection())

    def _compute(self, one: Request, paths: Sequence[Path]) -> None:
        begun = time.perf_counter()
        images, states = self._inverted(one)
        seconds = (time.perf_counter() - begun) / len(paths)
        self.store.mkdir(parents=True, exist_ok=True)
        for image, status, path in zip(images.cpu(), states, paths, strict=True):
            told = {"seconds": seconds, "status": status}
            with replacing(path) as part:
                part.write_bytes(png(picture_from_image(image)))
            with replacing(path.with_suffix(".json")) as part:
                part.write_text(json.dumps(told))

    def _inverted(self, one: Request) -> tuple[Images, list[str]]:
        """Return the pre-images of a request and how each ended."""
        phi, targets = (
            cut(self._network(one), one.layer, self.device),
            self._targets(one),
        )
        seeds = [1000 * one.seed + i for i in one.pictures]
        if one.setting.solver == RIVAL:
            images = published_dip.inverted(phi, targets, self.shape[1], seeds)
            return images, ["done"] * len(seeds)
        found = invert(
            phi,
            targets,
            shape=self.shape,
            seed=seeds,
            solver=self._steps(one),
            prior=self._prior(one),
            options=Options(mean=phi.mean),
        )
        return found.preimage, [outcome.status for outcome in found.outcomes]

    @torch.no_grad()
    def _targets(self, one: Request) -> Tensor:
        """Return the codes that are inverted."""
        phi = cut(self._network(one), one.layer, self.device)
        if one.target == "white noise":
            white = [_white(i, self.shape).to(self.device) for i in one.pictures]
            return torch.cat([phi(image) for image in white])
        codes: Tensor = phi(self.originals[list(one.pictures)])
        if one.target == "constant":
            codes = codes.mean(dim=(2, 3), keepdim=True).expand_as(codes)
        return codes

    # measures -----------------------------------------------------------------------

    @torch.no_grad()
    def _measured(
        self, one: Request, pictures: Images, told: Sequence[dict[str, Any]]
    ) -> pd.DataFrame:
        targets = self._targets(one)
        codes = cut(self._network(one), one.layer, self.device)(pictures)
        errors = (codes - targets).flatten(1).norm(dim=1)
        originals = self.originals[list(one.pictures)]
        scores, wanted = self._scores(pictures), self._scores(originals)
        numbers = self._prior(one).numbers()
        # A descriptor sees neither gain nor offset: its pre-images have any.
        descriptor = self.network().descriptor
        matched = fitted(pictures, originals) if descriptor else pictures
        columns = {
            "distance": errors,
            "error": errors / targets.flatten(1).norm(dim=1),
            "psnr": psnr(matched, originals),
            "ssim": ssim(matched, originals),
            **{
                f"lpips_{name}": distance(matched, originals)
                for name, distance in self.judges.lpips.items()
            },
            "judge_distance": judge_distance(
                self.judges.embedded.features(as_seen(pictures)),
                self.judges.embedded.features(as_seen(originals)),
            ),
            "rank": rank_of_label(scores, wanted),
            "surest": scores.softmax(dim=1).amax(dim=1),
            "roughness": _roughness(pictures),
            "pull": self._pull(pictures),
        }
        known = {
            "picture": [self.names[i] for i in one.pictures],
            "weight": numbers.get("lambda_denoiser", 0.0),
            "seconds": [row["seconds"] for row in told],
            "status": [row["status"] for row in told],
        }
        values = {
            name: column.double().cpu().numpy() for name, column in columns.items()
        }
        return pd.DataFrame({**known, **values})

    def _scores(self, images: Images) -> Tensor:
        judge = self.judges.imagenet
        if judge is None:
            raise ValueError("EfficientNet-Lite0 is not there; `stages.fetch` gets it.")
        return judge.scores(judge.features(as_seen(images, JUDGE_SIDE))[-1])

    @cached_property
    def _denoiser(self) -> Denoiser:
        defined = self.network()
        layer = outline(defined).layers[0]
        numbers = prior_numbers(LEARNED.prior, defined, layer).numbers()
        file = numbers["denoiser"]
        if not isinstance(file, WeightsFile):
            raise TypeError("The learned prior must name a file.")
        return trained(file, self.device)

    def _pull(self, pictures: Images, level: float = 10.0) -> Tensor:
        """Return how far the denoiser moves each picture, in grey levels."""
        levels = torch.full((len(pictures),), level, device=self.device)
        moved = self._denoiser(pictures, levels) - pictures
        return moved.square().mean(dim=(1, 2, 3)).sqrt()


def bench_options(options: ArgumentParser, limit: int, *, store: bool = True) -> None:
    """Add what every benchmark of a Bench asks for; `store` if it must be named."""
    options.add_argument("--store", type=Path, required=store)
    options.add_argument("--pictures", type=Path, default=PICTURES)
    options.add_argument("--limit", type=int, default=limit, help="photographs")
    options.add_argument("--skip", type=int, default=0, help="photographs before those")
    options.add_argument("--device", default="cpu")
    options.add_argument("--batch", type=int, default=BATCH, help="pictures at once")
    options.add_argument("--threads", type=int)
    options.add_argument("--trial", action="store_true", help="print alone")


def bench_of(chosen: Namespace, represented: Mapping[str, Any] = ALEXNET) -> Bench:
    """Return the bench that these options choose, of this representation."""
    return Bench(
        *(chosen.store, chosen.pictures, chosen.limit, dict(represented)),
        device=torch.device(chosen.device),
        batch=chosen.batch,
        skip=chosen.skip,
    )


def _scaled(prior: Prior, scale: float) -> Prior:
    """Return the prior with the weights of TV and of the denoiser so many times."""
    if scale == 1:
        return prior
    further = dict(prior.further)
    if "lambda_denoiser" in further:
        further["lambda_denoiser"] = scale * float(str(further["lambda_denoiser"]))
    weights = {"lambda_tv": scale * prior.lambda_tv, "further": tuple(further.items())}
    return replace(prior, **weights)


def _white(seed: int, shape: tuple[int, int, int]) -> Images:
    """Return a picture of white noise, `1 c h w` in 0..255."""
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, *shape, generator=generator)


def _roughness(pictures: Images) -> Tensor:
    """Return the root mean square of the slopes of each picture, in grey levels."""
    across, down = (pictures.diff(dim=d).square().mean(dim=(1, 2, 3)) for d in (-1, -2))
    return (across + down).sqrt()
