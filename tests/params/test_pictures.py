"""Sources of pictures: a row each, and all that it takes to add one."""

import inspect

import pyarrow.parquet as pq
import pytest

from stages.fetch import fetch
from stages.params.fetching import FetchSettings
from stages.params.pictures import SOURCES, Pictures, PictureSource
from stages.store import paths

NOISE = """
from contextlib import contextmanager

import numpy as np
from PIL import Image

from stages.sources.candidate import Candidate


def picture(seed):
    levels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    return Image.fromarray(levels)


@contextmanager
def pictures(*, seeds):
    yield [
        Candidate(f"noise {seed}", "noise", "CC0", lambda seed=seed: picture(seed))
        for seed in seeds
    ]
"""


class NoisePictures(Pictures):
    seeds: list[int]


def test_a_source_is_a_file_its_settings_and_a_row(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "noise.py").write_text(NOISE)
    monkeypatch.setitem(
        SOURCES, "noise", PictureSource(NoisePictures, "noise:pictures")
    )
    asked = {"source": "noise", "seeds": [1, 2], "side": 32}
    settings = FetchSettings.model_validate({"images": asked})
    fetch(settings.images, tmp_path / "downloads")
    table = pq.read_table(paths.IMAGES)
    assert table["name"].to_pylist() == ["noise 1", "noise 2"]
    assert table["width"].to_pylist() == [32, 32]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_takes_fields_of_its_settings(name):
    row = SOURCES[name]
    wanted = set(inspect.signature(row.load()).parameters) - {"downloads"}
    assert wanted <= set(row.settings.model_fields)
    assert {"source", "limit", "side"} <= set(row.settings.model_fields)
