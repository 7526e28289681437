"""Networks of the user's own: the code that params name, and the weights they bring.

Naming a module in the params runs its code, with all that it may do: only run studies
whose modules you trust. Modules are looked for in `data/models`, which DVC watches, and
then wherever Python finds them. Weights are opened as nothing but tensors.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from stages.representations.definition import Definition, WeightsFile
from stages.representations.network import Network
from stages.representations.own_weights import fitted, read_own

# Where modules are looked for first, from the project's root.
MODELS = Path("data/models")


@dataclass(frozen=True)
class CustomDefinition(Definition):
    """What `module:callable` makes of its arguments, with the weights of a file.

    It sees `(pixels - mean) / std`, or, with `std` None, pixels in 0..255; `seed` is
    that of weights which no file brings.
    """

    callable: str
    mean: tuple[float, ...]
    arguments: tuple[tuple[str, str | int | float | bool], ...] = ()
    std: tuple[float, ...] | None = None
    weights: WeightsFile | None = None
    seed: int = 0

    def build(self, *, trained: bool = True) -> Network:
        """Return the network; raises ValueError if it cannot be made."""
        file = self.weights if trained else None
        return Network(
            factory(self.callable, dict(self.arguments)),
            side=self.side,
            mean=self.mean,
            std=self.std,
            weights=partial(read_own, file.path) if file else None,
            seed=self.seed,
        )

    def remarks(self) -> tuple[str, ...]:
        """Return what is done to the user's file of weights to load it.

        Raises ValueError if it cannot be loaded into the network.
        """
        made = factory(self.callable, dict(self.arguments))()
        if self.weights is None or not isinstance(made, nn.Module):
            return ()
        return fitted(read_own(self.weights.path), made).said

    def own_code(self) -> str:
        """Return the user's module."""
        return self.callable.partition(":")[0]


def factory(
    callable_: str, arguments: Mapping[str, Any]
) -> Callable[[], Callable[..., Tensor]]:
    """Return the function that makes the user's network, `module:callable`.

    Raises ValueError that says what is wrong if there is no such thing.
    """
    module_name, _, name = callable_.partition(":")
    try:
        maker = getattr(own_module(module_name), name)
    # The user's code runs here: whatever it raises is told.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"`callable` {callable_} cannot be had ({reason}); modules are "
            f"looked for in {MODELS} and among installed ones"
        ) from error
    if not callable(maker):
        kind = type(maker).__name__
        raise ValueError(f"`callable` {callable_} is no function but a {kind}")
    return lambda: _made(callable_, maker, arguments)


def _made(name: str, maker: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    network = maker(**arguments)
    if not callable(network):
        raise ValueError(
            f"`callable` {name} must return a module or a function of "
            f"images, got {type(network).__name__}"
        )
    return network


def own_module(name: str) -> Any:
    """Return the user's module, which runs its code."""
    place = str(MODELS.resolve())
    if place not in sys.path:
        sys.path.append(place)
    return importlib.import_module(name)
