"""Small studies that tests share: two drawn pictures, 32 pixels, a handful of steps."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from stages import images
from stages.store import files, paths, schemas, tables
from stages.store.record import Record

pytest_plugins = ["tests.s3server", "tests.webserver"]

# Tests run in several processes, which share the cores: threads would get in their way.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)

PARAMS = """
fetch:
  images: {source: builtin, names: [astronaut, camera], side: 32}
representations:
  hog: {kind: hog, side: 32}
  hogb: {kind: hog, side: 32, assignment: bilinear}
priors:
  default: {alpha: 6, lambda_alpha: auto, beta: 2, lambda_tv: 0.05}
  none: {}
solvers:
  fast: {kind: fast, steps: 6}
  paper: {kind: paper, schedule: [[3, 1.0], [2, 0.1]]}
grid:
  - {representation: [hog, hogb], seeds: 2}
  - {representation: hogb, prior: none, solver: paper}
execution: {device: cpu, batch_size: 3}
report: {}
"""

# A finished job, of which nothing but its being there matters.
RECORD = Record(
    png=b"\x89PNG...",
    status="done",
    reason="",
    steps=3,
    seconds=0.5,
    terms=(0.1, 0.02, 0.003, 0.0),
    distance=2.5,
    device="cpu (2 threads)",
    batch_size=8,
    trace=torch.tensor([[0.0, 1.0, 0.1, 0.1, 0.0], [3.0, 0.1, 0.02, 0.003, 0.0]]),
    versions="torch 2.10, preimages 0.1.0",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: a run is as long as its last file."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def _denormal_numbers():
    """Give each test denormal numbers, which an earlier one may have switched off."""
    torch.set_flush_denormal(False)


def drawing(name: str) -> Image.Image:
    """Return a picture with edges in all directions, different for each name."""
    place = 3 + sum(map(ord, name)) % 9
    picture = Image.new("RGB", (32, 32), (40, 90, 140))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((place, 4, place + 15, 22), fill=(220, 180, 60))
    draw.rectangle((8, 20, 28, 28), fill=(place * 20, 200, 30))
    return picture


def write_pictures(names: list[str]) -> None:
    """Write the table that the fetch stage would."""
    drawn = {name: drawing(name) for name in names}
    rows = (
        {
            "image_id": images.pixel_hash(picture),
            "name": name,
            "source": "drawn for a test",
            "licence": "none",
            "width": 32,
            "height": 32,
            "image": {"bytes": images.png(picture), "path": name},
        }
        for name, picture in drawn.items()
    )
    tables.write_table(paths.IMAGES, rows, schemas.IMAGES)
    files.write_json(paths.SKIPPED, [])


@pytest.fixture
def small_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change to an empty project; return a function that (re)writes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)

    def write(params: str = PARAMS, names: tuple[str, ...] = ("oval", "box")) -> None:
        paths.PARAMS.write_text(params)
        write_pictures(list(names))

    write()
    return write
