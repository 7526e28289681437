"""List the layers of a representation: shapes, receptive fields, costs.

    python -m stages.representations resnet18       a model of torchvision
    python -m stages.representations caffenet       a representation of params.yaml

Nothing is fetched: weights are of no account here.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from stages import settings, store
from stages.built import job_costs, representation
from stages.execution.process import Refusal, run
from stages.kinds import RepresentationSettings, TorchvisionSettings
from stages.params import ExecutionSettings
from stages.plan import width
from stages.representations.receptive_field import Geometry

HEAD = ("layer", "code", "stride", "sees", "multiply-adds", "memory a job", "width")


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.representations",
        description="List the layers of a representation, with what they cost.",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help="a representation of the params, or else a classification model of "
        "torchvision, such as resnet18",
    )
    parser.add_argument("--params", type=Path, default=store.PARAMS, metavar="FILE")
    parser.add_argument(
        "--layers", default="*", metavar="PATTERN", help="only these, such as 'relu*'"
    )
    parser.add_argument(
        "--side", type=int, help="of the images of a model of torchvision, in pixels"
    )
    return parser.parse_args()


def chosen(name: str, params: Path, side: int | None) -> RepresentationSettings:
    """Return the settings of the representation, or of torchvision's model.

    Raises Refusal if there is neither.
    """
    known = settings.load_study(params).representations if params.is_file() else {}
    if name in known:
        return known[name]
    more = {} if side is None else {"side": side}
    wanted = {"kind": "torchvision", "model": name, "weights": "random", **more}
    try:
        return TorchvisionSettings.model_validate(wanted)
    except ValidationError as error:
        reasons = "; ".join(line["msg"] for line in error.errors())
        raise Refusal(
            f"{name} is none of the representations of {params} "
            f"({', '.join(known) or 'there are none'}), and no model: {reasons}"
        ) from error


def table(form: RepresentationSettings, pattern: str) -> Iterator[tuple[str, ...]]:
    """Yield a row for each layer that the pattern fits.

    Raises Refusal if it fits none.
    """
    phi = representation(form)
    try:
        layers = phi.named(pattern)
    except ValueError as error:
        raise Refusal(f"{error}") from error
    for layer in layers:
        yield row(form, layer)


def row(form: RepresentationSettings, layer: str) -> tuple[str, ...]:
    """Return what is told of a layer."""
    phi = representation(form)
    k, r, s = phi.code_shape(layer, form.side)
    patches, geometry = phi.patches(layer), phi.geometry(layer)
    costs = job_costs(form, layer)
    others = phi.others(layer)
    name = f"{layer} ({others[0]})" if others else layer
    shape = f"{k} x {r} tokens" if patches else f"{k} x {r} x {s}"
    told = sees(geometry, 1 if patches else r, form.side)
    return (
        name,
        shape,
        "-" if patches else f"{geometry.stride}",
        told,
        f"{costs.multiply_adds / 1e6:,.1f} M",
        f"{costs.bytes / 1e6:,.1f} MB",
        f"{width(ExecutionSettings(), form, layer)}",
    )


def sees(geometry: Geometry, rows: int, side: int) -> str:
    """Return what is told of a field: its size, unless each cell sees the image."""
    last, end = geometry.offset + geometry.stride * (rows - 1), geometry.size
    if last <= 0 and geometry.offset + end >= side:
        return "whole image"
    return f"{geometry.size} px"


def show(rows: list[tuple[str, ...]]) -> None:
    """Print the table."""
    wide = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    for one in (HEAD, *rows):
        first, *rest = zip(one, wide, strict=True)
        cells = [f"{first[0]:{first[1]}}", *(f"{text:>{n}}" for text, n in rest)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def main() -> None:
    """List what the command line asks for."""
    asked = arguments()
    form = chosen(asked.name, asked.params, asked.side)
    rows = list(table(form, asked.layers))
    show(rows)
    weights = job_costs(form, representation(form).layers[-1]).weights
    sys.stdout.write(
        f"{len(rows)} layers; images of {form.side} x {form.side} pixels; weights "
        f"{weights / 1e6:,.1f} MB in memory; multiply-adds are of one image forward, "
        "width is the jobs of a batch\n"
    )


if __name__ == "__main__":
    run(main)
