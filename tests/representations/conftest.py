import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

# VLFeat's own output, kept beside the project: too large and not ours to carry in it.
REFERENCE = Path(__file__).parents[2] / "../shared/fixtures/vlfeat"


@pytest.fixture
def reference() -> Callable[[str], dict[str, torch.Tensor]]:
    """Return a loader of reference arrays by name, channels first."""

    def load(name: str) -> dict[str, torch.Tensor]:
        path = REFERENCE / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"VLFeat's reference features are not at {REFERENCE}")
        with np.load(path) as file:
            assert json.loads(str(file["params"]))
            arrays = {key: file[key] for key in file.files if key != "params"}
        image = torch.from_numpy(arrays.pop("image"))[None, None]
        maps = {
            key: torch.from_numpy(value).movedim(-1, 0)[None]
            for key, value in arrays.items()
        }
        return {"image": image, **maps}

    return load


@pytest.fixture
def noise() -> Callable[..., torch.Tensor]:
    """Return a maker of grey images of uniform noise in 0..255."""

    def make(
        n: int, h: int, w: int, *, dtype: torch.dtype = torch.float64, seed: int = 0
    ) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return (torch.rand(n, 1, h, w, generator=generator) * 255).to(dtype)

    return make
