"""Which picture a network cannot take, once it is known that there is one.

Codes are computed in batches; where one fails, or ends its process, they are computed
one picture at a time, to name the layer and the picture in what the user is told.
"""

from collections.abc import Callable, Sequence

import torch

from stages.execution.coding import single_code
from stages.images import image_as_seen
from stages.plan.representations import outline
from stages.representations.definition import Definition
from stages.store import paths, tables
from stages.store.pictures import stored_pictures


def one_by_one(
    layers: Sequence[str],
    advance: Callable[[float], None],
    *,
    defined: Definition,
    device: torch.device,
) -> None:
    """Compute the codes of all pictures, each alone, layer by layer; tell each of 1."""
    channels = outline(defined).image_channels
    for layer in layers:
        for picture in stored_pictures():
            image = image_as_seen(picture, defined.side, channels)
            single_code(defined, layer, image, device)
            advance(1.0)


def place(layers: Sequence[str], reached: float) -> str:
    """Return the layer and the picture that come after so many codes, one by one."""
    names = [row["name"] for row in tables.rows(paths.IMAGES, ["name"])]
    layer, picture = divmod(int(reached), len(names))
    return f"{layers[layer]}, {names[picture]}"


def culprit(
    layers: Sequence[str], error: Exception, defined: Definition, device: torch.device
) -> str:
    """Return an error in a line, with the layer and the picture where it comes again.

    Without them where it does not: it was of a batch, or by chance.
    """
    told: list[float] = []
    try:
        one_by_one(layers, told.append, defined=defined, device=device)
    except Exception as again:
        return f"{place(layers, sum(told))}: {one_line(again)}"
    return one_line(error)


def one_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(f"{error}".split()) or type(error).__name__
