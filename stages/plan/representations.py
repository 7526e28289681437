"""Representations as their settings describe them: definitions, shapes, costs.

What the plan asks of a representation does not depend on its weights: none are read.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

from stages.params.representations import (
    KINDS,
    CaffenetSettings,
    RepresentationSettings,
)
from stages.plan.costs import Costs, costs, costs_of_calls
from stages.process.stage import Refusal
from stages.representations.definition import Definition, WeightsFile
from stages.representations.representation import Representation
from stages.store import paths
from stages.store.file_hash import sha256
from stages.weights import kept


def definition(settings: RepresentationSettings) -> Definition:
    """Return the definition of the settings, with its file of weights if it has one.

    Raises ValueError if the user's own file is not there or is another one.
    """
    module, _, name = KINDS[settings.kind].definition.partition(":")
    made = getattr(import_module(module), name)
    defined: Definition = made(**settings.options(), **_files(settings))
    return defined


def _files(settings: RepresentationSettings) -> dict[str, WeightsFile | None]:
    """Return the files that the definition names, by field."""
    if isinstance(settings, CaffenetSettings) and not settings.full_size:
        embedded = embedded_file("caffenet")
        trained = settings.weights == "embedded"
        return {"like": embedded, "weights": embedded if trained else None}
    if settings.own_file is not None:
        return {
            "weights": _own_file(settings.own_file, getattr(settings, "sha256", None))
        }
    file = settings.weights_file
    if file is None:
        return {}
    return {"weights": WeightsFile(kept.place(file), kept.weights_hash(file))}


def embedded_file(name: str) -> WeightsFile:
    """Return the file of a network that comes with the project.

    Raises Refusal if it has gone.
    """
    path = paths.embedded(name)
    if not path.is_file():
        again = f"`git checkout -- {paths.EMBEDDED}` brings it back"
        raise Refusal(f"{path} is not there; it comes with the project: {again}")
    return WeightsFile(path, sha256(path))


def _own_file(name: str, wanted: str | None) -> WeightsFile:
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"`weights` {path} is not there")
    digits = sha256(path)
    if wanted not in (None, digits):
        raise ValueError(f"`weights` {path} has the sha256 {digits}, another is wanted")
    return WeightsFile(path, digits)


@cache
def outline(defined: Definition) -> Representation:
    """Return the representation without its weights: layers, shapes and fields."""
    return defined.build(trained=False)


def code_shape(defined: Definition, layer: str) -> tuple[int, int, int]:
    """Return the shape `k r s` of the layer's code of one image."""
    return code_shapes(defined)[outline(defined).name(layer)]


@cache
def code_shapes(defined: Definition) -> dict[str, tuple[int, int, int]]:
    """Return the shapes `k r s` of all layers' codes of one image, in a single run."""
    return outline(defined).shapes(defined.side)


@cache
def job_costs(defined: Definition, layer: str) -> Costs:
    """Return what a job at the layer costs: multiply-adds, and bytes of memory."""
    phi = outline(defined)
    if phi.whole_run() is None:
        return costs(*phi.dry_run(layer, defined.side))
    return _costs_of_all(defined)[phi.call(layer)]


@cache
def _costs_of_all(defined: Definition) -> dict[tuple[str, int], Costs]:
    """Return what each call of a module costs, all counted in a single run."""
    run = outline(defined).whole_run()
    return {} if run is None else costs_of_calls(*run)
