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

CPU = torch.device("cpu")

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

    `pictures` is a list of `3 h w` or a tensor `n 3 h w`, uint8. They are kept as one
    row of pixels, of which a batch is a single look-up, on a GPU too. Raises ValueError
    if one is smaller than a crop.
    """

    def __init__(self, pictures: list[Tensor] | Tensor, side: int, batch: int) -> None:
        self.side, self.batch = side, batch
        sizes = [picture.shape[1:] for picture in pictures]
        if min(map(min, sizes)) < side:
            raise ValueError(f"A picture is smaller than a crop of {side} pixels.")
        self.pixels = torch.cat([picture.flatten(1) for picture in pictures], dim=1)
        self.sizes = torch.tensor(sizes)
        areas = self.sizes.prod(dim=1)
        self.starts = areas.cumsum(dim=0) - areas

    def to(self, device: torch.device) -> "Crops":
        """Return the same crops, with the pictures on the device."""
        for name in ("pixels", "sizes", "starts"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return `batch 3 side side`, float32, in 0..255, and half of it mirrored.

        The generator is of the device that holds the pictures.
        """
        on, n = self.pixels.device, (self.batch,)
        which = torch.randint(len(self.starts), n, generator=generator, device=on)
        height, width = self.sizes[which].T
        down, right, flip = torch.rand(3, *n, generator=generator, device=on)
        top = (down * (height - self.side + 1)).long()
        left = (right * (width - self.side + 1)).long()
        along = torch.arange(self.side, device=on)
        rows = top[:, None] + along
        columns = left[:, None] + torch.where(flip[:, None] < 0.5, along.flip(0), along)
        lines = self.starts[which][:, None] + rows * width[:, None]
        places = lines[:, :, None] + columns[:, None, :]
        return self.pixels[:, places].transpose(0, 1).float()


def with_noise(
    clean: Tensor, recipe: dict[str, Any], generator: torch.Generator
) -> Noisy:
    """Return the pictures with Gaussian noise, its level log-uniform in `noise`.

    A share `grey` of them loses its colour first, and gets the same noise in all three
    channels: so a grey image looks that is given to the network as three equal ones.
    """
    n, on = len(clean), clean.device
    least, most = recipe["noise"]
    sigma = least * (most / least) ** torch.rand(n, generator=generator, device=on)
    noise = torch.randn(clean.shape, generator=generator, device=on)
    greys = torch.rand(n, 1, 1, 1, generator=generator, device=on) < recipe["grey"]
    clean = torch.where(greys, grey(clean), clean)
    noise = torch.where(greys, noise[:, :1], noise)
    return Noisy(clean, clean + sigma[:, None, None, None] * noise, sigma)


def grey(pictures: Tensor) -> Tensor:
    """Return the luma of RGB pictures, `n 1 h w`."""
    weights = pictures.new_tensor(LUMA)[:, None, None]
    return (pictures * weights).sum(dim=1, keepdim=True)


class Batches:
    """The batches of a recipe by step, on a device: thumbnails, photographs, in turn.

    A GPU draws other numbers from a seed than a CPU does.
    """

    def __init__(
        self,
        recipe: dict[str, Any],
        sources: list[Crops],
        device: torch.device = CPU,
    ) -> None:
        self.recipe, self.device = recipe, device
        self.sources = [source.to(device) for source in sources]

    def __len__(self) -> int:
        return int(self.recipe["steps"])

    def __getitem__(self, step: int) -> Noisy:
        """Return the clean and noisy pictures of a step, counted from 0."""
        seed = self.recipe["seed"] * 10**6 + step
        generator = torch.Generator(self.device).manual_seed(seed)
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
