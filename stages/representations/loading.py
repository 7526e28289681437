"""Representations out of their definitions, each built and placed once a process."""

from functools import cache

import torch

from stages.representations.definition import Definition
from stages.representations.representation import Representation


@cache
def built(definition: Definition) -> Representation:
    """Return the representation with its weights."""
    return definition.build()


@cache
def placed(definition: Definition, device: torch.device) -> Representation:
    """Return the representation on the device."""
    return built(definition).on(device)


@cache
def cut(definition: Definition, layer: str, device: torch.device) -> Representation:
    """Return the representation cut at the layer, on the device."""
    return placed(definition, device).cut(layer)
