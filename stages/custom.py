"""Networks of the user's own: the code that params name, and the weights they bring.

Naming a module in the params runs its code, with all that it may do: only run studies
whose modules you trust. Modules are looked for in `data/models`, which DVC watches, and
then wherever Python finds them. Weights are opened as nothing but tensors.
"""

import ast
import hashlib
import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from stages import store
from stages.file_hash import file_hash
from stages.kinds import CustomSettings
from stages.source_text import essence


def factory(settings: CustomSettings) -> Callable[[], Callable[..., Tensor]]:
    """Return the function that makes the user's network.

    Raises ValueError that says what is wrong if there is no such thing.
    """
    module_name, _, name = settings.callable.partition(":")
    _look_in_models()
    try:
        found = getattr(importlib.import_module(module_name), name)
    # The user's code runs here: whatever it raises is told.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"`callable` {settings.callable} cannot be had ({reason}); modules are "
            f"looked for in {store.MODELS} and among installed ones"
        ) from error
    if not callable(found):
        kind = type(found).__name__
        raise ValueError(f"`callable` {settings.callable} is no function but a {kind}")
    return lambda: _made(settings, found)


def _made(settings: CustomSettings, found: Callable[..., Any]) -> Any:
    network = found(**dict(settings.arguments))
    if not callable(network):
        raise ValueError(
            f"`callable` {settings.callable} must return a module or a function of "
            f"images, got {type(network).__name__}"
        )
    return network


def _look_in_models() -> None:
    place = str(store.MODELS.resolve())
    if place not in sys.path:
        sys.path.append(place)


def weights(settings: CustomSettings) -> Mapping[str, Tensor]:
    """Return the tensors in the file of weights.

    Raises ValueError if it is not there, is another file than the sha256 says, or
    holds anything but tensors.
    """
    path = Path(settings.weights or "")
    found = weights_hash(settings)
    if settings.sha256 is not None and found != settings.sha256:
        raise ValueError(f"`weights` {path} has the sha256 {found}, another is wanted")
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    # Whatever the bytes make of torch.load: a dozen kinds of errors are known.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise ValueError(f"`weights` {path} cannot be read: {reason}") from error
    if not isinstance(state, Mapping):
        kind = type(state).__name__
        raise ValueError(f"`weights` {path} must hold named tensors, got a {kind}")
    return state


def weights_hash(settings: CustomSettings) -> str | None:
    """Return the sha256 of the file of weights, None where there is none."""
    return None if settings.weights is None else _sha256(Path(settings.weights))


@cache
def _sha256(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"`weights` {path} is not there")
    return file_hash(path)


def source(settings: CustomSettings) -> str:
    """Return what names the user's code in job keys.

    A hash of the text of the module and of those beside it that it imports, directly
    or not; of an installed package its name and version.
    """
    factory(settings)
    module_name = settings.callable.partition(":")[0]
    path = Path(sys.modules[module_name].__file__ or "")
    if distribution := _distribution(module_name, path):
        return f"{distribution} {importlib.metadata.version(distribution)}"
    root = path.parents[module_name.count(".") + (path.name == "__init__.py")]
    files = sorted(_beside(path, root))
    texts = [f"{file.relative_to(root).as_posix()}\n{essence(file)}" for file in files]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _distribution(module_name: str, path: Path) -> str | None:
    """Return the installed distribution that a module is of, None if it is of none."""
    # Which packages there are is asked of an installed module alone: it takes a while.
    if "site-packages" not in path.parts:
        return None
    packages = importlib.metadata.packages_distributions()
    return next(iter(packages.get(module_name.partition(".")[0], ())), None)


def _beside(path: Path, root: Path) -> set[Path]:
    """Return the file and the files under `root` that it imports, directly or not."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _imported(file, root)
    return seen


def _imported(file: Path, root: Path) -> list[Path]:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names, base = [alias.name for alias in node.names], root
        elif isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1] if node.level else root
            stem = f"{node.module}." if node.module else ""
            names = [node.module or "", *(f"{stem}{a.name}" for a in node.names)]
        else:
            continue
        for name in filter(None, names):
            place = base.joinpath(*name.split("."))
            found += [p for p in (place.with_suffix(".py"), place / "__init__.py")]
    return [place for place in found if place.is_file()]
