"""What params must know of timm's models: names, sides, what they make of pixels.

timm is an extra of this project and imported when a model is asked for. Nothing is
built or downloaded here.
"""

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

LITE0 = "tf_efficientnet_lite0"


@dataclass(frozen=True)
class Preprocessing:
    """What a model makes of images: `(pixels - mean) / std`, `side` x `side` pixels."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


# EfficientNet-Lite0's file sees (pixels - 127) / 128: other numbers than timm's own
# configuration has.
LITE0_PREPROCESSING = Preprocessing(224, 3 * (127.0,), 3 * (128.0,))


def configured(model: str) -> Preprocessing:
    """Return what the model's own configuration says of its images."""
    known = _known(model)
    _, _, side = known.input_size
    mean, std = (tuple(255 * value for value in v) for v in (known.mean, known.std))
    return Preprocessing(side, mean, std)


def address(model: str) -> str:
    """Return where the weights of the model's configuration are published.

    As safetensors where there are such. Raises ValueError if there are none.
    """
    known = _known(model)
    if known.hf_hub_id:
        place = f"https://huggingface.co/{known.hf_hub_id}/resolve/main"
        return f"{place}/{known.hf_hub_filename or 'model.safetensors'}"
    if not known.url:
        raise ValueError(f"`model` {model!r} has no published weights in timm.")
    return f"{known.url}"


@cache
def _known(model: str) -> Any:
    """Return timm's configuration of the model's weights; ValueError if none."""
    timm = _timm()
    name, _, _ = model.partition(".")
    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:6]}*")[:5]
        more = f"; near to it are {', '.join(near)}" if near else ""
        raise ValueError(f"`model` {model!r} is not one of timm's{more}.")
    known = timm.get_pretrained_cfg(model)
    if known is None:
        raise ValueError(f"`model` {model!r} has no configuration in timm.")
    return known


def _timm() -> ModuleType:
    try:
        import timm
    except ImportError as error:
        raise ValueError(
            "`kind: timm` needs the package timm: install this project with its extra, "
            "pip install '.[timm]'"
        ) from error
    module: ModuleType = timm
    return module
