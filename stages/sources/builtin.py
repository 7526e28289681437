"""Photographs that ship inside scikit-image's wheel: no network, ever.

The files are read where the package lies. scikit-image's own functions are not called,
because they go to the network for whatever they do not find. Licences and origins are
those that scikit-image 0.26 states in the documentation of `skimage.data`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

from stages.process.stage import Refusal
from stages.sources.candidate import Candidate, whole


class _Photograph(NamedTuple):
    file: str
    licence: str
    origin: str


_CC0_TEXTURES = "CC0 Textures"

PHOTOGRAPHS = {
    "astronaut": _Photograph(
        "astronaut.png",
        "public domain, no known copyright restrictions",
        "NASA Great Images",
    ),
    "chelsea": _Photograph("chelsea.png", "CC0", "Stéfan van der Walt"),
    "coffee": _Photograph("coffee.png", "CC0", "Rachel Michetti"),
    "rocket": _Photograph("rocket.jpg", "public domain", "SpaceX"),
    "hubble_deep_field": _Photograph(
        "hubble_deep_field.jpg", "public domain", "NASA, HubbleSite"
    ),
    "camera": _Photograph("camera.png", "CC0", "Lav Varshney"),
    "brick": _Photograph("brick.png", "CC0", _CC0_TEXTURES),
    "clock": _Photograph("clock_motion.png", "public domain", "Stéfan van der Walt"),
    "coins": _Photograph(
        "coins.png", "no known copyright restrictions", "Brooklyn Museum"
    ),
    "grass": _Photograph("grass.png", "CC0", "LinoLafett, DeviantArt"),
    "gravel": _Photograph("gravel.png", "CC0", _CC0_TEXTURES),
    "retina": _Photograph("retina.jpg", "CC0", "Mikael Häggström"),
}


@contextmanager
def pictures(*, names: Sequence[str]) -> Iterator[Sequence[Candidate]]:
    """Give the named photographs, in the order named."""
    unknown = [name for name in names if name not in PHOTOGRAPHS]
    if unknown:
        raise Refusal(
            f"`fetch.images.names` must be of {', '.join(PHOTOGRAPHS)}; "
            f"got {', '.join(map(repr, unknown))}."
        )
    yield [_candidate(name, PHOTOGRAPHS[name]) for name in names]


def _candidate(name: str, photograph: _Photograph) -> Candidate:
    path = resources.files("skimage") / "data" / photograph.file

    def read() -> bytes:
        with path.open("rb") as file:
            return whole(file)

    source = f"scikit-image ({photograph.origin})"
    return Candidate(name, source, photograph.licence, read)
