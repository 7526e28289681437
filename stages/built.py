"""Representations as their settings describe them, each made once a process."""

from functools import cache

import torch

from stages.kinds import RepresentationSettings
from stages.networks import network
from stages.representations import build
from stages.representations.costs import Costs
from stages.representations.representation import Representation


@cache
def representation(settings: RepresentationSettings) -> Representation:
    """Return the representation that the settings describe, made once."""
    return network(settings) or build(settings.kind, **settings.options())


@cache
def placed(settings: RepresentationSettings, device: torch.device) -> Representation:
    """Return the representation on the device, with its weights, made once."""
    return representation(settings).on(device)


@cache
def cut(
    settings: RepresentationSettings, layer: str, device: torch.device
) -> Representation:
    """Return the representation cut at the layer, on the device, made once."""
    return placed(settings, device).cut(layer)


@cache
def job_costs(settings: RepresentationSettings, layer: str) -> Costs:
    """Return what a job at the layer costs: multiply-adds, and bytes of memory."""
    return representation(settings).costs(layer, settings.side)


@cache
def code_shape(settings: RepresentationSettings, layer: str) -> tuple[int, int, int]:
    """Return the shape `k r s` of the layer's code of one image."""
    return representation(settings).code_shape(layer, settings.side)
