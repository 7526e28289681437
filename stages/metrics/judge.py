"""The judge: a small network, never inverted, that measures pre-images.

Scoring the inversions of a network with the same network is circular. The judge is of a
different kind (Simonyan & Zisserman, arXiv:1409.1556: plain 3x3 convolutions, no local
response normalisation, no groups) and has other weights: a small file in Git, with a
card beside it that says how it was trained and how good it is.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor, nn

from stages.images import Codes, Images
from stages.process.stage import Refusal

WEIGHTS = Path(__file__).parents[2] / "data" / "embedded" / "judge.safetensors"


class Judge(nn.Module):
    """A stack of convolutions, its averaged last map, and a linear classifier.

    A first 5x5 convolution of stride 2, then 3x3 ones with the given `widths`; maps are
    halved by maximum pooling before every width with a number in `pooled`. RGB pixels
    in 0..255 of any size from 16 on go in; it was trained at 64x64.
    """

    def __init__(
        self,
        widths: Sequence[int] = (48, 96, 96, 192, 192, 384),
        pooled: Sequence[int] = (1, 3, 5),
        classes: int = 200,
        mean: Sequence[float] = (122.46, 114.26, 101.37),
    ) -> None:
        super().__init__()
        # Halved by the first convolution and by every pooling.
        self.smallest = 2 ** (1 + len(pooled))
        self.stack = nn.Sequential()
        for name, module in _named_modules(widths, pooled):
            self.stack.add_module(name, module)
        self.classify = nn.Linear(widths[-1], classes)
        centre = torch.tensor(mean)[:, None, None]
        self.register_buffer("centre", centre, persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, images: Images) -> Float[Tensor, "n classes"]:
        """Return the score of every class, before softmax.

        Raises ValueError if the images are not RGB, or smaller than `smallest` pixels.
        """
        self._check(images)
        return self.scores(self.stack(images - self.get_buffer("centre")))

    def scores(self, last: Codes) -> Float[Tensor, "n classes"]:
        """Return the scores of the classes from the last map."""
        scores: Tensor = self.classify(last.mean(dim=(2, 3)))
        return scores

    def features(self, images: Images) -> list[Codes]:
        """Return the rectified maps, from the finest to the coarsest.

        Raises ValueError as `forward` does.
        """
        self._check(images)
        codes, maps = images - self.get_buffer("centre"), []
        for module in self.stack:
            codes = module(codes)
            if isinstance(module, nn.ReLU):
                maps.append(codes)
        return maps

    def _check(self, images: Images) -> None:
        if images.shape[1] != 3 or min(images.shape[2:]) < self.smallest:
            raise ValueError(
                f"`images` must be RGB of at least {self.smallest} x {self.smallest} "
                f"pixels, got the shape {tuple(images.shape)}."
            )


def _named_modules(
    widths: Sequence[int], pooled: Sequence[int]
) -> Iterator[tuple[str, nn.Module]]:
    inputs = 3
    for i, width in enumerate(widths):
        if i in pooled:
            yield f"pool{i}", nn.MaxPool2d(2)
        kernel, stride = (5, 2) if i == 0 else (3, 1)
        yield f"conv{i + 1}", nn.Conv2d(inputs, width, kernel, stride, kernel // 2)
        yield f"relu{i + 1}", nn.ReLU()
        inputs = width


@cache
def embedded_judge() -> Judge:
    """Return the judge with the weights that come with the project, made once.

    Its metadata say how it is built. Raises Refusal if the file is not there.
    """
    if not WEIGHTS.is_file():
        raise Refusal(
            f"{WEIGHTS} is not there; it comes with the project: `git checkout -- "
            f"{Path(*WEIGHTS.parts[-3:])}` brings it back"
        )
    with safe_open(WEIGHTS, framework="pt") as file:
        judge = Judge(**json.loads(file.metadata()["architecture"]))
        judge.load_state_dict({key: file.get_tensor(key) for key in file.keys()})
    return judge
