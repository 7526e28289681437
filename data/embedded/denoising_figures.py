"""Measure an embedded denoiser: `python -m data.embedded.denoising_figures denoiser`.

Reads `<name>.safetensors`, as users do, and pictures that it was not trained on. Writes
`<name>.json`, the figures, and `<name>.md`, the card, which has no figure of its own.
One of those that it is held against is not installed with the study:
`pip install -c constraints.txt -e '.[embedded]'`.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from data.embedded import weights
from data.embedded.denoising import NAMES, chosen_for, psnr
from data.embedded.denoising_card import card
from data.embedded.noisy_pictures import grey, photographs, squares
from data.embedded.pictures import load
from data.embedded.recipe import HERE
from stages.execution.device import prepare
from stages.preimage.denoiser import Denoiser
from stages.store.files import replacing

Figures = dict[str, Any]
# From images `n c h w` with noise, and its level in grey levels, to images without.
Rival = Callable[[Tensor, float], Tensor]

LEVELS = (5, 15, 25, 50, 100)
SIDE = 224
N_PHOTOGRAPHS, N_THUMBNAILS = 8, 24


def shipped(name: str, folder: Path = HERE) -> tuple[Denoiser, dict[str, str]]:
    """Return the denoiser with its shipped weights, and what their file says of them.

    Raises FileNotFoundError if there is none, RuntimeError if the weights do not fit.
    """
    tensors, metadata = weights.read(folder / f"{name}.safetensors")
    network = Denoiser(**json.loads(metadata["architecture"]))
    network.load_state_dict(tensors)
    network.to(memory_format=torch.channels_last)
    return network.requires_grad_(False), metadata


def rivals() -> dict[str, Rival]:
    """Return denoisers by name, each told the level of the noise.

    BM3D (Dabov et al., IEEE TIP 2007) in its authors' program, the others in
    scikit-image's. It is first: where it is not installed, this is told at once.
    """
    return {
        "BM3D": _each(_by_bm3d),
        "non-local means": _each(_by_nl_means),
        "total variation": _each(_by_tv),
    }


def held_out(chosen: dict[str, Any]) -> dict[str, Tensor]:
    """Return pictures that were not trained on, by kind, `n c h w` in 0..255."""
    pictures = photographs(chosen["photographs"], fitting=False)[:N_PHOTOGRAPHS]
    large = squares(pictures, SIDE)
    small, _ = load(chosen["pictures"], "val.parquet")
    return {
        "photographs": large,
        "grey": grey(large),
        "thumbnails": small[:N_THUMBNAILS].float(),
    }


def with_level(clean: Tensor, level: float) -> Tensor:
    """Return the pictures with noise of this level, not clipped; always the same."""
    generator = torch.Generator().manual_seed(round(1000 * level))
    return clean + level * torch.randn(clean.shape, generator=generator)


def measured(denoise: Rival, clean: Tensor) -> dict[str, float]:
    """Return the mean PSNR at every level, in dB, nothing clipped."""
    return {
        str(level): round(psnr(clean, denoise(with_level(clean, level), level)), 2)
        for level in LEVELS
    }


def figures(name: str, folder: Path = HERE) -> Figures:
    """Return all that is measured of the shipped denoiser."""
    network, metadata = shipped(name, folder)
    path, chosen = folder / f"{name}.safetensors", chosen_for(name, folder)
    methods = {"noisy": lambda noisy, level: noisy, "denoiser": _ours(network)}
    return {
        "psnr": {
            kind: {label: measured(method, clean) for label, method in found.items()}
            for kind, clean in held_out(chosen).items()
            for found in [methods | rivals()]
        },
        "n_parameters": sum(tensor.numel() for tensor in network.parameters()),
        "macs_224": macs(network, SIDE),
        "bytes": path.stat().st_size,
        "sha256": weights.sha256(path),
        "step": int(metadata["step"]),
    }


def macs(network: Denoiser, side: int) -> int:
    """Return the multiplications that one RGB image of this side takes."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, side, side), torch.ones(1))
    return int(counter.get_total_flops()) // 2


def evaluate(name: str, folder: Path = HERE) -> Figures:
    """Write the figures and the card, and return the figures.

    Raises ValueError if params.yaml has another architecture or recipe than the file.
    """
    _, metadata = shipped(name, folder)
    chosen = chosen_for(name, folder)
    for part in ("architecture", "recipe"):
        if json.loads(metadata[part]) != chosen[part]:
            raise ValueError(
                f"{name}.safetensors has another {part} than params.yaml: train it "
                f"again with `python -m data.embedded.denoising {name}`."
            )
    found = figures(name, folder)
    for suffix, text in (
        ("json", json.dumps(found, indent=2) + "\n"),
        ("md", card(name, chosen, found)),
    ):
        with replacing(folder / f"{name}.{suffix}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    return found


def _ours(network: Denoiser) -> Rival:
    def denoised(noisy: Tensor, level: float) -> Tensor:
        sigma = torch.full((1,), float(level))
        with torch.no_grad():
            return torch.cat([network(image[None], sigma) for image in noisy])

    return denoised


def _each(method: Callable[[Any, float], Any]) -> Rival:
    """Return a denoiser of batches from one of arrays `h w c` in 0..1."""

    def denoised(noisy: Tensor, level: float) -> Tensor:
        arrays = (noisy / 255).permute(0, 2, 3, 1).numpy()
        found = [torch.from_numpy(method(array, level / 255)) for array in arrays]
        return torch.stack(found).permute(0, 3, 1, 2).float() * 255

    return denoised


def _by_bm3d(noisy: Any, level: float) -> Any:
    import bm3d

    if noisy.shape[-1] == 1:
        return bm3d.bm3d(noisy[..., 0], level)[..., None]
    return bm3d.bm3d_rgb(noisy, level)


def _by_nl_means(noisy: Any, level: float) -> Any:
    # The strength that scikit-image's own example takes for known noise.
    found = denoise_nl_means(
        noisy, 5, 6, 0.6 * level, sigma=level, channel_axis=-1
    )  # without the last axis, if that is 1
    return found.reshape(noisy.shape)


def _by_tv(noisy: Any, level: float) -> Any:
    return denoise_tv_chambolle(noisy, weight=level, channel_axis=-1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    chosen_name = parser.parse_args().name
    prepare("cpu")
    evaluate(chosen_name)
