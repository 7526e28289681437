"""What a study's representations are to each other, read off their settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from stages.page.inputs import Entry, ReportInputs
from stages.params.grid import GridEntry
from stages.params.representations import (
    CaffenetSettings,
    CustomSettings,
    DsiftSettings,
    HogSettings,
    RepresentationSettings,
    TorchvisionSettings,
)
from stages.params.selections import channels_name, region_name
from stages.params.study import ReportSettings

# How settings say that a network has random weights: the user's own name no file.
UNTRAINED = ("random", None)

_NETWORKS = CaffenetSettings | TorchvisionSettings | CustomSettings


def report_inputs(
    report: ReportSettings,
    representations: Mapping[str, RepresentationSettings],
    grid: Sequence[GridEntry] = (),
) -> ReportInputs:
    """Return what the report needs of these sections of the params."""
    return ReportInputs(
        title=report.title,
        pictures=report.pictures,
        sides={name: chosen.side for name, chosen in representations.items()},
        untrained=untrained(representations),
        descriptors=descriptors(representations),
        grid=tuple(_entry(entry) for entry in grid),
    )


def _entry(entry: GridEntry) -> Entry:
    images = entry.images
    return Entry(
        title=entry.title or "",
        representations=tuple(entry.representation),
        layers=("*",) if entry.layers == "all" else tuple(entry.layers),
        channels=tuple(map(channels_name, entry.channels)),
        regions=tuple(map(region_name, entry.region)),
        priors=tuple(entry.prior),
        solvers=tuple(entry.solver),
        seeds=tuple(entry.seed_list()),
        images=tuple(images) if isinstance(images, list) else _limit(images),
    )


def _limit(images: int | str) -> int | None:
    """Return how many of the first pictures are meant, None for all."""
    return images if isinstance(images, int) else None


def untrained(
    representations: Mapping[str, RepresentationSettings],
) -> dict[str, str]:
    """Return the trained networks, each with the same of random weights, by name."""
    networks = {
        name: chosen
        for name, chosen in representations.items()
        if isinstance(chosen, _NETWORKS)
    }
    return {
        name: twin
        for name, chosen in networks.items()
        for twin, other in networks.items()
        if chosen.weights not in UNTRAINED
        and other.weights in UNTRAINED
        and _architecture(chosen) == _architecture(other)
    }


def _architecture(
    network: CaffenetSettings | TorchvisionSettings | CustomSettings,
) -> dict[str, Any]:
    return network.model_dump(exclude={"weights", "sha256", "seed"})


def descriptors(
    representations: Mapping[str, RepresentationSettings],
) -> dict[str, str]:
    """Return the first names that hog, hogb and dsift have in the study."""
    names: dict[str, str] = {}
    for name, chosen in representations.items():
        kind = _descriptor(chosen)
        if kind is not None:
            names.setdefault(kind, name)
    return names


def _descriptor(chosen: RepresentationSettings) -> str | None:
    if isinstance(chosen, HogSettings):
        return "hogb" if chosen.assignment == "bilinear" else "hog"
    return "dsift" if isinstance(chosen, DsiftSettings) else None
