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

from stages.params.execution import ExecutionSettings
from stages.params.reading import read_study
from stages.params.representations import Representation, TorchvisionSettings
from stages.plan.jobs import batch_size
from stages.plan.representations import definition, job_costs, outline
from stages.process.stage import Refusal, run
from stages.representations.definition import Definition
from stages.representations.receptive_field import Geometry
from stages.store import paths

HEAD = ("layer", "code", "stride", "sees", "multiply-adds", "memory a job", "batch")


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
    parser.add_argument("--params", type=Path, default=paths.PARAMS, metavar="FILE")
    parser.add_argument(
        "--layers", default="*", metavar="PATTERN", help="only these, such as 'relu*'"
    )
    parser.add_argument(
        "--side", type=int, help="of the images of a model of torchvision, in pixels"
    )
    return parser.parse_args()


def chosen(name: str, params: Path, side: int | None) -> Representation:
    """Return the settings of the representation, or of torchvision's model.

    Raises Refusal if there is neither.
    """
    known = read_study(params).representations if params.is_file() else {}
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


def table(defined: Definition, pattern: str) -> Iterator[tuple[str, ...]]:
    """Yield a row for each layer that the pattern fits.

    Raises Refusal if it fits none.
    """
    phi = outline(defined)
    try:
        layers = phi.named(pattern)
    except ValueError as error:
        raise Refusal(f"{error}") from error
    for layer in layers:
        yield row(defined, layer)


def row(defined: Definition, layer: str) -> tuple[str, ...]:
    """Return what is told of a layer."""
    phi = outline(defined)
    k, r, s = phi.code_shape(layer, defined.side)
    patches, geometry = phi.patches(layer), phi.geometry(layer)
    costs = job_costs(defined, layer)
    others = phi.others(layer)
    name = f"{layer} ({others[0]})" if others else layer
    shape = f"{k} x {r} tokens" if patches else f"{k} x {r} x {s}"
    told = sees(geometry, 1 if patches else r, defined.side)
    return (
        name,
        shape,
        "-" if patches else f"{geometry.stride}",
        told,
        f"{costs.multiply_adds / 1e6:,.1f} M",
        f"{costs.bytes / 1e6:,.1f} MB",
        f"{batch_size(ExecutionSettings(), defined, layer)}",
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
    defined = definition(chosen(asked.name, asked.params, asked.side))
    rows = list(table(defined, asked.layers))
    show(rows)
    weights = job_costs(defined, outline(defined).layers[-1]).weights
    sys.stdout.write(
        f"{len(rows)} layers; images of {defined.side} x {defined.side} pixels; "
        f"weights {weights / 1e6:,.1f} MB in memory; multiply-adds are of one image "
        "forward, batch is the number of its jobs\n"
    )


if __name__ == "__main__":
    run(main)
