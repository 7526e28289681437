"""A folder as data/embedded has it, with small networks and drawn training pictures."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.embedded.denoising import chosen_for

PARAMS = """
pictures: pictures
caffenet:
  architecture:
    widths: [8, 8, 8, 8, 8]
    hidden: [12, 10]
    classes: 4
    side: 64
    stem: [5, 2, 1]
    mean: [122.46, 114.26, 101.37]
  recipe: &recipe
    seed: 0
    stages: [[1, 48], [1, 64]]
    batch: 8
    rate: 0.05
    momentum: 0.9
    weight_decay: 5.0e-4
    label_smoothing: 0.1
    dropout: 0.5
    shift: 6
  goals: {top1: 0.0, top5: 1.1}
judge:
  architecture:
    widths: [4, 6, 6, 8]
    pooled: [1, 3]
    classes: 4
    mean: [122.46, 114.26, 101.37]
  recipe: *recipe
  goals: {top1: 1.1}
denoiser:
  photographs: photographs
  architecture: {widths: [4, 8], down: [0, 1], up: [1, 0]}
  recipe:
    seed: 5
    steps: 8
    thumbnails: {files: train-0.parquet, crop: 32, batch: 3}
    photographs: {sides: [40, 60], crop: 36, batch: 2}
    noise: [2.0, 120.0]
    grey: 0.5
    rate: 1.0e-3
    warm_up: 2
    cool_down: 4
    average: 0.9
  made: {minutes: 7, on: a small machine}
  goals: {photographs_25: 99.0}
"""


def write_pictures(path: Path, n: int, seed: int) -> None:
    """Write noisy pictures of four brightnesses, the classes, as a Parquet file."""
    random = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int16) % 4
    pictures = []
    for label in labels:
        pixels = random.normal(50 + 50 * label, 30, (64, 64, 3)).clip(0, 255)
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG")
        pictures.append(buffer.getvalue())
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": pictures, "label": labels}), path)


def write_photographs(folder: Path) -> None:
    """Write six pictures whose red is their place in the order of names."""
    folder.mkdir()
    for place in range(6):
        pixels = np.full((70, 50 + 10 * place, 3), 40 * place, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"n{place}.JPEG", quality=100)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with params.yaml, 29 training and 10 held-out pictures.

    And with six photographs, three of them for fitting.
    """
    (tmp_path / "params.yaml").write_text(PARAMS)
    # 29 pictures in batches of 8: four steps an epoch, the last of 5 pictures.
    write_pictures(tmp_path / "pictures" / "train-0.parquet", 16, seed=0)
    write_pictures(tmp_path / "pictures" / "train-1.parquet", 13, seed=1)
    write_pictures(tmp_path / "pictures" / "val.parquet", 10, seed=2)
    write_photographs(tmp_path / "photographs")
    (tmp_path / "work").mkdir()
    return tmp_path


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str], None]:
    """Return a function that replaces a text of params.yaml."""

    def replace(old: str, new: str) -> None:
        path = folder / "params.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return replace


@pytest.fixture
def chosen(folder: Path) -> dict[str, Any]:
    """Return the settings of the denoiser."""
    return chosen_for("denoiser", folder)
