"""What a study's representations are to each other, read off their settings."""

from collections.abc import Mapping
from typing import Any

from stages.page.inputs import ReportInputs
from stages.params.representations import (
    CaffenetSettings,
    CustomSettings,
    DsiftSettings,
    HogSettings,
    RepresentationSettings,
    TorchvisionSettings,
)
from stages.params.study import ReportSettings

# How settings say that a network has random weights: the user's own name no file.
UNTRAINED = ("random", None)

_NETWORKS = CaffenetSettings | TorchvisionSettings | CustomSettings


def report_inputs(
    report: ReportSettings, representations: Mapping[str, RepresentationSettings]
) -> ReportInputs:
    """Return what the report needs of these two sections of the params."""
    return ReportInputs(
        title=report.title,
        pictures=report.pictures,
        sides={name: chosen.side for name, chosen in representations.items()},
        untrained=untrained(representations),
        descriptors=descriptors(representations),
    )


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
