"""The parameterisations by name, each in a module that is imported when asked for.

What a study does not use it does not import: an edit of one parameterisation changes
nothing that runs through another.
"""

from collections.abc import Callable
from importlib import import_module

from stages.preimage.parameterisations.parameterisation import Colour, Parameterisation

# Where each is to be had, `module:class`; made of the pixel range and the image shape.
PARAMETERISATIONS = {
    "pixels": f"{__name__}.pixels:Pixels",
    "grounded-pixels": f"{__name__}.grounded_pixels:GroundedPixels",
    "fourier": f"{__name__}.fourier:Fourier",
    "deep-image-prior": f"{__name__}.deep_image_prior:DeepImagePrior",
    "maco": f"{__name__}.maco:Maco",
}


def module_of(name: str) -> str:
    """Return the name of the module of a parameterisation."""
    return PARAMETERISATIONS[_known(name)].partition(":")[0]


def parameterisation(
    name: str, low: Colour, high: Colour, shape: tuple[int, int, int]
) -> Parameterisation:
    """Return the parameterisation of images `c h w` within a range.

    `low` and `high` are the range in centred pixels, one number a channel. Raises
    ValueError if there is none of that name.
    """
    module, _, of = PARAMETERISATIONS[_known(name)].partition(":")
    make: Callable[..., Parameterisation] = getattr(import_module(module), of)
    return make(low, high, shape)


def _known(name: str) -> str:
    if name not in PARAMETERISATIONS:
        raise ValueError(
            f"`parameterisation` must be one of {', '.join(PARAMETERISATIONS)}; "
            f"got {name!r}."
        )
    return name
