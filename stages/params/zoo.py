"""What params must know of torchvision's models: names, entries of weights, sides.

A model goes by torchvision's name for it, weights by the name of their entry, such as
`IMAGENET1K_V1`; `DEFAULT` is the best of them. Nothing is built or downloaded here.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Published:
    """Weights of a model: their file, and what the model makes of pixels.

    `prefix` are the first digits of the file's sha256, which its name holds. The model
    sees `(pixels - mean) / std`, pixels in 0..255, of `side` x `side` images.
    """

    model: str
    entry: str
    url: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return PurePosixPath(self.url).name

    @property
    def prefix(self) -> str:
        """Return the first digits of its sha256."""
        return PurePosixPath(self.url).stem.rpartition("-")[2]


@cache
def published(model: str, entry: str) -> Published:
    """Return what is published of the weights of a model.

    Raises ValueError if torchvision has no such model, or no such weights of it.
    """
    # It takes a second to import: only studies of its models wait for it.
    import torchvision
    from torchvision.models import get_model_weights, list_models

    _check(model, list_models(module=torchvision.models), "model")
    entries = get_model_weights(model)
    _check(entry, ["DEFAULT", *(one.name for one in entries)], "weights")
    weights = getattr(entries, entry)
    seen = weights.transforms()
    return Published(
        model=model,
        entry=weights.name,
        url=weights.url,
        side=seen.crop_size[0],
        mean=tuple(255 * value for value in seen.mean),
        std=tuple(255 * value for value in seen.std),
        # Some are of the features alone; their classes are ImageNet's all the same.
        classes=len(weights.meta["categories"] or range(1000)),
    )


def _check(name: str, known: list[str], what: str) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, n=5, cutoff=0.4) or known[:5]
    raise ValueError(
        f"`{what}` {name!r} is not one of torchvision's {len(known)}; "
        f"near to it are {', '.join(near)}"
    )
