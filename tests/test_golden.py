"""Pixels may change only when keys do.

`golden.json` holds the key and the picture of a few short jobs. If a change moves the
pixels but not the key, finished jobs would be taken for results of the new code: the
first test fails. If it moves the key, the second asks for new golden pictures:

    python -m tests.test_golden
"""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from stages import images
from stages.execution.batch import Batch
from stages.images import picture_from_png
from stages.plan.jobs import jobs
from stages.plan.planned import Job, Pictured
from stages.plan.study import expand
from stages.representations.loading import built
from tests.conftest import PARAMS, drawing

GOLDEN = Path(__file__).parent / "golden.json"
# A few steps from the same start: processors differ by rounding, not by more.
MOST_LEVELS = 1


# Random weights: the trained ones may change without the code.
WITH_NETWORK = PARAMS.replace(
    "priors:", "  untrained: {kind: caffenet, weights: random}\npriors:"
).replace(
    "execution:", "  - {representation: untrained, layers: [norm1, pool5]}\nexecution:"
)


def golden_jobs(folder: Path) -> list[Job]:
    path = folder / "params.yaml"
    path.write_text(WITH_NETWORK)
    return jobs(expand(path), [Pictured("0123456789abcdef", "oval")])


def png(job: Job) -> bytes:
    defined = job.cell.definition
    phi = built(defined)
    stored = images.png(drawing(job.image_name))
    image = images.image_as_seen(stored, defined.side, phi.image_channels)
    targets = phi.cut(job.cell.layer)(image[None])
    device = torch.device("cpu")
    batch = Batch([job], targets, batch_size=job.batch_size, device=device)
    return batch.run(lambda step: None)[0].png


def levels(data: bytes) -> np.ndarray:
    return np.asarray(picture_from_png(data), dtype=int)


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {job.key: png(job) for job in golden_jobs(tmp_path_factory.mktemp("study"))}


@pytest.fixture
def golden() -> list[dict[str, str]]:
    return json.loads(GOLDEN.read_text())


def test_pixels_did_not_change_behind_an_unchanged_key(present, golden):
    for entry in golden:
        if entry["key"] in present:
            expected = levels(base64.b64decode(entry["png"]))
            difference = np.abs(levels(present[entry["key"]]) - expected)
            assert difference.max() <= MOST_LEVELS, entry["key"]


def test_golden_pictures_are_those_of_the_present_keys(present, golden):
    stale = "keys changed: run `python -m tests.test_golden` and commit golden.json"
    assert {entry["key"] for entry in golden} == set(present), stale


def main() -> None:
    """Write new golden pictures."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        entries = [
            {"key": job.key, "png": base64.b64encode(png(job)).decode()}
            for job in golden_jobs(Path(folder))
        ]
    GOLDEN.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
