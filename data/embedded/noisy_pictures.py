"""What the denoiser learns from: clean crops, and the noise that is put on them.

Two sources take turns. Tiny ImageNet's thumbnails are many and sharp; crops of larger
photographs are few, but smooth as pictures of 224 pixels are. Of the photographs, in
the order of their names, the odd places (1st, 3rd, ...) are for fitting and the even
ones for claims: only the former are trained on.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from data.embedded.pictures import load
from stages.images import image_from_picture, square

# ITU-R BT.601, as Pillow's own conversion to grey.
LUMA = (0.299, 0.587, 0.114)


class Noisy(NamedTuple):
    """A batch: clean pictures, the same with noise, and its level, one a picture."""

    clean: Tensor
    noisy: Tensor
    sigma: Tensor


def photographs(folder: Path, *, fitting: bool) -> list[Image.Image]:
    """Return one half of the photographs, as RGB: for fitting or for claims.

    Raises FileNotFoundError if there are none.
    """
    files = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpeg", ".jpg"))
    if not files:
        raise FileNotFoundError(
            f"No JPEG files in {folder.resolve()}. Put photographs there or change "
            "`photographs` in data/embedded/params.yaml."
        )
    return [Image.open(file).convert("RGB") for file in files[0 if fitting else 1 :: 2]]


def at_sides(pictures: list[Image.Image], sides: list[int]) -> list[Tensor]:
    """Return every picture at every short side that it has, `3 h w`, uint8.

    Made smaller by Lanczos, never larger; nothing is cropped.
    """
    resized = []
    for picture in pictures:
        for side in sides:
            scale = side / min(picture.size)
            if scale <= 1:
                size = (round(picture.width * scale), round(picture.height * scale))
                small = picture.resize(size, Image.Resampling.LANCZOS)
                resized.append(image_from_picture(small, 3).to(torch.uint8))
    return resized


def squares(pictures: list[Image.Image], side: int) -> Tensor:
    """Return the pictures as a study sees them, `n 3 side side`, in 0..255."""
    return torch.stack([image_from_picture(square(p, side), 3) for p in pictures])


class Crops:
    """Square crops of pictures of any size: `draw` gives a batch, mirrored at random.

    `pictures` is a list of `3 h w` or a tensor `n 3 h w`, uint8.
    """

    def __init__(self, pictures: list[Tensor] | Tensor, side: int, batch: int) -> None:
        self.pictures, self.side, self.batch = pictures, side, batch

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return `batch 3 side side`, float32, in 0..255, and half of it mirrored."""
        which = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        draws = torch.rand(self.batch, 3, generator=generator).tolist()
        crops = [
            self._crop(self.pictures[int(index)], *draw)
            for index, draw in zip(which, draws, strict=True)
        ]
        return torch.stack(crops).float()

    def _crop(self, picture: Tensor, down: float, right: float, flip: float) -> Tensor:
        height, width = picture.shape[1:]
        top = int(down * (height - self.side + 1))
        left = int(right * (width - self.side + 1))
        crop = picture[:, top : top + self.side, left : left + self.side]
        return crop.flip(2) if flip < 0.5 else crop


def with_noise(
    clean: Tensor, recipe: dict[str, Any], generator: torch.Generator
) -> Noisy:
    """Return the pictures with Gaussian noise, its level log-uniform in `noise`.

    A share `grey` of them loses its colour first, and gets the same noise in all three
    channels: so a grey image looks that is given to the network as three equal ones.
    """
    n = len(clean)
    least, most = recipe["noise"]
    sigma = least * (most / least) ** torch.rand(n, generator=generator)
    noise = torch.randn(clean.shape, generator=generator)
    greys = torch.rand(n, 1, 1, 1, generator=generator) < recipe["grey"]
    clean = torch.where(greys, grey(clean), clean)
    noise = torch.where(greys, noise[:, :1], noise)
    return Noisy(clean, clean + sigma[:, None, None, None] * noise, sigma)


def grey(pictures: Tensor) -> Tensor:
    """Return the luma of RGB pictures, `n 1 h w`."""
    weights = torch.tensor(LUMA, dtype=pictures.dtype)[:, None, None]
    return (pictures * weights).sum(dim=1, keepdim=True)


class Batches:
    """The batches of a recipe by step: thumbnails and photographs in turn."""

    def __init__(self, recipe: dict[str, Any], sources: list[Crops]) -> None:
        self.recipe, self.sources = recipe, sources

    def __len__(self) -> int:
        return int(self.recipe["steps"])

    def __getitem__(self, step: int) -> Noisy:
        """Return the clean and noisy pictures of a step, counted from 0."""
        seed = self.recipe["seed"] * 10**6 + step
        generator = torch.Generator().manual_seed(seed)
        source = self.sources[step % len(self.sources)]
        return with_noise(source.draw(generator), self.recipe, generator)


def sources(chosen: dict[str, Any]) -> list[Crops]:
    """Return both sources of a recipe; raises FileNotFoundError if one is absent."""
    small, large = (chosen["recipe"][name] for name in ("thumbnails", "photographs"))
    thumbnails, _ = load(chosen["pictures"], small["files"])
    pictures = photographs(chosen["photographs"], fitting=True)
    return [
        Crops(thumbnails, small["crop"], small["batch"]),
        Crops(at_sides(pictures, large["sides"]), large["crop"], large["batch"]),
    ]
