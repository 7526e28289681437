"""Invert layers of the embedded CaffeNet with some settings, and measure all of it.

Measured is the stored, 8-bit pre-image; the judge and the network's own labels see the
same. Every setting starts from the same noise.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import torch
from PIL import Image as PillowImage
from torch import Tensor

from stages.images import image_from_picture, picture_from_image, square
from stages.metrics.judge import embedded_judge as judge
from stages.metrics.judged import as_seen, judge_distance, labels_agree
from stages.metrics.pixel import psnr
from stages.metrics.ssim import ssim
from stages.params.representations import CaffenetSettings
from stages.plan.representations import definition
from stages.plan.resolution import LAMBDA_TV_BY_DEPTH, by_depth, depth_of, rate_by_depth
from stages.preimage import (
    Options,
    Prior,
    adam,
    fast,
    invert,
    natural_prior,
    paper,
)
from stages.preimage.solver import SolverSettings
from stages.preimage.solvers import FAST_STEPS
from stages.representations.loading import built
from stages.representations.representation import Representation
from stages.representations.stem import with_stem

SIDE = 64
SHAPE = (3, SIDE, SIDE)
# The study's weights of TV for `fast`, for thirds of the depth.
STUDY_TV = (0.05, 0.05, 0.1)
# Jobs inverted together: the study's width.
WIDTH = 6
PICTURES = Path(__file__).parents[2] / "../shared/images/imagenet-sample"
# The embedded CaffeNet.
DEFINED = definition(CaffenetSettings(kind="caffenet"))


@dataclass(frozen=True)
class Setting:
    """A solver and a prior; `lambda_tv` is one for all layers, or three by depth.

    `memory` is the shortest and the longest that Adam remembers, if not its own.
    """

    name: str
    solver: str = "fast"
    steps: int | None = None
    lambda_tv: float | tuple[float, float, float] = STUDY_TV
    rate: float | None = None
    smoothing: float | None = None
    parameterisation: str | None = None
    prior: Prior | None = None
    precision: torch.dtype = torch.float32
    memory: tuple[float, float] | None = None

    def rate_at(self, layer: str) -> float | None:
        """Return the rate for a layer: the study's for the pixels of `fast`."""
        studied = self.solver == "fast" and self.parameterisation is None
        if self.rate is None and studied:
            return rate_by_depth(
                depth_of(layer, network().layers), self.steps or FAST_STEPS
            )
        return self.rate

    def solver_at(self, layer: str) -> SolverSettings:
        """Return the solver's settings for a layer."""
        if self.solver == "paper":
            return paper()
        chosen = {
            "steps": self.steps,
            "rate": self.rate_at(layer),
            "smoothing": self.smoothing,
            "parameterisation": self.parameterisation,
        }
        return fast(**{name: one for name, one in chosen.items() if one is not None})

    def prior_at(self, layer: str) -> Prior:
        """Return the prior for a layer."""
        if self.prior is not None:
            return self.prior
        weight = self.lambda_tv
        if isinstance(weight, tuple):
            weight = by_depth(weight, network().layers, layer)
        return natural_prior(SHAPE, lambda_tv=weight)


PAPER = Setting("paper", solver="paper", lambda_tv=LAMBDA_TV_BY_DEPTH)


@cache
def network() -> Representation:
    """Return the embedded CaffeNet, laid out for the CPU as the study has it."""
    return with_stem(built(DEFINED))


def parser(description: str, limit: int, seeds: int = 1) -> argparse.ArgumentParser:
    """Return a parser of the options that all benchmarks of inversion share."""
    found = argparse.ArgumentParser(description=description)
    found.add_argument("--pictures", type=Path, default=PICTURES)
    found.add_argument("--limit", type=int, default=limit)
    found.add_argument("--seeds", type=int, default=seeds)
    found.add_argument("--layers", nargs="+", default=list(network().layers))
    return found


def originals(folder: Path, limit: int) -> Tensor:
    """Return the first pictures of the folder, `n 3 64 64` in 0..255."""
    files = sorted(folder.glob("*.JPEG"))[:limit]
    pictures = (PillowImage.open(file).convert("RGB") for file in files)
    return torch.stack([image_from_picture(square(p, SIDE), 3) for p in pictures])


def measured(
    layer: str, setting: Setting, images: Tensor, seeds: Sequence[int] = (0,)
) -> pd.DataFrame:
    """Return a row a pre-image: errors, quality, labels, and its share of the time."""
    phi = network().cut(layer)
    wanted = images.repeat(len(seeds), 1, 1, 1)
    starts = [1000 * seed + i for seed in seeds for i in range(len(images))]
    rows = []
    for first in range(0, len(wanted), WIDTH):
        part = slice(first, first + WIDTH)
        rows.append(_batch(phi, layer, setting, wanted[part], starts[part]))
    found = pd.concat(rows, ignore_index=True)
    found.insert(0, "layer", layer)
    found.insert(1, "setting", setting.name)
    found.insert(2, "picture", [i % len(images) for i in range(len(wanted))])
    return found


def _batch(
    phi: Representation,
    layer: str,
    setting: Setting,
    images: Tensor,
    starts: list[int],
) -> pd.DataFrame:
    with torch.no_grad():
        targets = phi(images)
    shortest, longest = setting.memory or (adam.SHORTEST, adam.LONGEST)
    begun = time.perf_counter()
    with patch.multiple(adam, SHORTEST=shortest, LONGEST=longest):
        found = invert(
            phi,
            targets,
            shape=SHAPE,
            seed=starts,
            solver=setting.solver_at(layer),
            prior=setting.prior_at(layer),
            options=Options(mean=phi.mean, precision=setting.precision),
        )
    seconds = (time.perf_counter() - begun) / len(images)
    return judged_rows(phi, found.preimage, images, seconds, found.trace.objective[-1])


@torch.no_grad()
def judged_rows(
    phi: Representation,
    found: Tensor,
    images: Tensor,
    seconds: float,
    objective: Tensor | None = None,
) -> pd.DataFrame:
    """Return a row a pre-image: errors, quality, labels, seconds each, objective."""
    stored = torch.stack(
        [image_from_picture(picture_from_image(one), 3) for one in found]
    )
    targets, codes = phi(images), phi(stored)
    norms = targets.flatten(1).norm(dim=1)
    eyes = judge()
    seen, meant = (eyes.features(as_seen(one)) for one in (stored, images))
    labels = (eyes.scores(maps[-1]) for maps in (seen, meant))
    whole = network()
    own = whole(stored).flatten(1), whole(images).flatten(1)
    columns = {
        "objective": objective if objective is not None else norms * torch.nan,
        "relative_error": (phi(found) - targets).flatten(1).norm(dim=1) / norms,
        "relative_error_8bit": (codes - targets).flatten(1).norm(dim=1) / norms,
        "psnr": psnr(stored, images),
        "ssim": ssim(stored, images),
        "judge_distance": judge_distance(seen, meant),
        "judge_agrees": labels_agree(*labels),
        "own_label": labels_agree(*own),
        "correlation": correlations(codes, targets).diagonal(),
    }
    rows = {name: column.double().numpy() for name, column in columns.items()}
    return pd.DataFrame({"seconds": seconds, **rows})


def correlations(codes: Tensor, targets: Tensor) -> Tensor:
    """Return the correlation of each code with each target."""

    def standard(values: Tensor) -> Tensor:
        centred = values.flatten(1) - values.flatten(1).mean(dim=1, keepdim=True)
        return centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-12)

    return standard(codes) @ standard(targets).T
