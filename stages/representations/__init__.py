"""Representations: differentiable maps from images to codes, and parts of a code.

- `representation`: what each of them offers, `Representation`;
- `orientation`: gradients and the directions that they vote for;
- `pooling`: votes summed into cells;
- `hog`: HOG, and HOGb with bilinear orientation assignment;
- `dsift`: dense SIFT;
- `caffenet`: the paper's network, of any size;
- `mat_file`, `matconvnet_layers`, `matconvnet`: networks in MATLAB's files;
- `caffe_reference`: the paper's network out of such a file;
- `network`: any network, or differentiable function, as a black box;
- `points`: where such a network can be read;
- `zoo`: torchvision's models, and the literature's names of their layers;
- `costs`: multiply-adds and memory of a code;
- `stem`: a network's first convolution, laid out for descending on its images;
- `selection`: channels and a window of cells, by name or number, as a mask;
- `receptive_field`: the pixels that a window of cells can see;
- `follower`, `spans`, `span_rules`: the same of any network, by its operations;
- `chromaticity`: which channels answer to colour, and which to shape;
- `soundness`: whether a code can be inverted, and is the same each time;
- `timm_models`: any model of timm.

`KINDS` names the representations that params may ask for.
"""

from inspect import signature
from typing import Any

from stages.representations.dsift import Dsift
from stages.representations.hog import Hog
from stages.representations.representation import Representation

KINDS: dict[str, type[Representation]] = {"hog": Hog, "dsift": Dsift}


def build(kind: str, **options: Any) -> Representation:
    """Return a representation of this kind; the options are those of its class."""
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}; got {kind!r}.")
    allowed = tuple(signature(KINDS[kind]).parameters)
    for option in options:
        if option not in allowed:
            raise ValueError(
                f"`{option}` is no option of {kind}; those are {', '.join(allowed)}."
            )
    return KINDS[kind](**options)
