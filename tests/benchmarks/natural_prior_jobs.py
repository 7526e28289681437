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

from stages.images import (
    Images,
    image_from_picture,
    picture_from_image,
    picture_from_png,
    png,
)
from stages.metrics.judges import Judges, load_judges
from stages.metrics.perceptual import Lpips
from stages.plan.denoisers import denoiser_file
from stages.plan.keys import key, prior_content
from stages.plan.resolution import prior_numbers, solver_numbers
from stages.plan.source_text import closure, digest
from stages.preimage import Options, invert
from stages.preimage.priors import Prior
from stages.preimage.solver import SolverSettings
from stages.preimage.trained_denoiser import trained
from stages.representations.loading import cut
from stages.representations.selection import Selection
from stages.store.files import replacing
from stages.weights import kept
from tests.benchmarks import published_dip
from tests.benchmarks.natural_prior_codes import (
    ALEXNET,
    CPU,
    N_INVENTED,
    PICTURES,
    Codes,
    Request,
)
from tests.benchmarks.natural_prior_measures import Eye
from tests.benchmarks.natural_prior_settings import RIVAL, SOLVERS, Setting

BATCH = 4


@dataclass(kw_only=True)
class Bench(Codes):
    """Pre-images of those codes in a store, made in batches, and measured.

    A GPU rounds otherwise than a CPU: its pre-images have names of their own.
    """

    store: Path
    batch: int = BATCH
    _rows: dict[Request, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def judges(self) -> Judges:
        """The embedded judge, LPIPS and EfficientNet-Lite0, as they were fetched."""
        paths = kept.backbones().items()
        lpips = {name: Lpips(name, kept.read_tensors(path)) for name, path in paths}
        return load_judges(lpips, self.device)

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

    def _prior(self, one: Request) -> Prior:
        prior = prior_numbers(one.setting.prior, self.network_of(one), one.layer)
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
            "representation": self.network_of(one).identity(),
            "layer": one.layer,
            **self._method(one),
            "picture": self.names[picture],
            "side": self.shape[1],
            "seed": one.seed,
            "target": one.target,
        }
        if self.device != CPU:
            content["device"] = self.device.type
        if one.setting.precision != torch.float32:
            content["precision"] = str(one.setting.precision)
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
        return solver_numbers(chosen, self.network_of(one), one.layer, Selection())

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
        phi = cut(self.network_of(one), one.layer, self.device)
        targets = self.targets(one)
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
            options=Options(mean=phi.mean, precision=one.setting.precision),
        )
        return found.preimage, [outcome.status for outcome in found.outcomes]

    # measures -----------------------------------------------------------------------

    @torch.no_grad()
    def _measured(
        self, one: Request, pictures: Images, told: Sequence[dict[str, Any]]
    ) -> pd.DataFrame:
        targets = self.targets(one)
        codes = cut(self.network_of(one), one.layer, self.device)(pictures)
        errors = (codes - targets).flatten(1).norm(dim=1)
        columns = {
            "distance": errors,
            "error": errors / targets.flatten(1).norm(dim=1),
            **self._eye.seen(pictures, self.originals[list(one.pictures)]),
        }
        numbers = self._prior(one).numbers()
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

    @cached_property
    def _eye(self) -> Eye:
        denoiser = trained(denoiser_file("embedded"), self.device)
        descriptor = self.network().descriptor
        return Eye(self.judges, denoiser, is_descriptor=descriptor)


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
        store=chosen.store,
        folder=chosen.pictures,
        limit=chosen.limit,
        represented=dict(represented),
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
